"""The gate before a site that is honest, late, lying, or gone: only a valid order opens it."""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from copy import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.gates import CANNOT_TELL, CLEAR, HELD, NOW, FakeSite, order, pause, signer
from verifier.cli import main
from verifier.gate import add_arguments, plain

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site():
    made = FakeSite()
    made.show(order(pause()))
    yield made
    made.close()


@pytest.fixture
def ask(site, tmp_path, capsys):
    """Ask the gate at an instant; return its exit code and its line."""

    def ask(flop="3e23", *more, action="train", at=NOW, lab="aster", url=""):
        command = ["gate", "--site", url or site.url, "--lab", lab, "--action", action, "--flop", flop]
        with time_machine.travel(at, tick=False):
            code = main([*command, "--cache", str(tmp_path / "cache"), *more])
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 1
        return code, lines[0]

    return ask


def later(**length):
    return NOW + timedelta(**length)


@pytest.mark.parametrize(
    ("flop", "action", "code"),
    [
        ("3e23", "train", CLEAR), ("1e24", "train", CLEAR), ("1000000000000000000000001", "train", HELD), ("3e25", "train", HELD),
        ("3e30", "deploy", CLEAR), ("1e25", "release", CLEAR), ("1.0000000000000000000000001e25", "release", HELD),
    ],
)  # fmt: skip
def test_work_above_its_limit_is_held_and_work_at_it_is_not(ask, flop, action, code):
    found, line = ask(flop, action=action)
    assert found == code
    assert line.startswith("held: " if code else "clear: ")
    assert "order 3 to aster" in line


def test_json_says_the_same_with_its_grounds(ask):
    code, line = ask("3e25", "--json")
    said = json.loads(line)
    assert (code, said["exit"], said["answer"], said["held_by"][0]["pause"]) == (HELD, HELD, "held", "2026-01")


def test_a_fresh_order_is_not_asked_for_again_and_an_older_one_by_its_tag(site, ask):
    ask()
    assert [path for path, _ in site.asked] == ["/orders/key", "/labs/aster/order"]
    ask(at=later(seconds=59))
    assert len(site.asked) == 2
    assert ask(at=later(seconds=60))[0] == CLEAR
    assert site.asked[2] == ("/labs/aster/order", f'"{site.tag}"')
    ask(at=later(seconds=119))
    assert len(site.asked) == 3


def test_a_new_order_is_seen(site, ask):
    site.show(order())
    assert ask("3e25")[0] == CLEAR
    site.show(order(pause(), sequence=4))
    assert ask("3e25", "--max-age", "0")[0] == HELD


@pytest.mark.parametrize(("hours", "code"), [(23, CLEAR), (24, CANNOT_TELL), (48, CANNOT_TELL), (-1, CANNOT_TELL)])
def test_an_order_counts_in_its_time_only(ask, hours, code):
    found, line = ask(at=later(hours=hours))
    assert found == code
    assert {23: "clear", -1: "clock"}.get(hours, "expired") in line


def test_a_kept_order_expires_too(site, ask):
    ask()
    site.close()
    code, line = ask("3e23", "--max-age", "999999", at=later(hours=24))
    assert (code, "expired" in line) == (CANNOT_TELL, True)


def test_an_older_order_shown_again_is_refused(site, ask):
    site.show(order(pause(), sequence=4))
    ask()
    site.show(order(sequence=3))
    code, line = ask("3e23", "--max-age", "0")
    assert (code, "after order 4 was seen" in line) == (CANNOT_TELL, True)
    assert ask("3e23")[0] == CLEAR


def test_two_orders_with_one_number_are_refused(site, ask):
    ask()
    site.show(order(position=41))
    assert ask("3e23", "--max-age", "0")[0] == CANNOT_TELL


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (order(lab="borealis"), "for borealis"),
        (replace(order(), log="elsewhere/tlog"), "another record"),
    ],
)
def test_an_order_of_another_laboratory_or_record_is_refused(site, ask, made, word):
    ask()
    site.show(replace(made, sequence=9))
    code, line = ask("3e23", "--max-age", "0")
    assert (code, word in line) == (CANNOT_TELL, True)


def test_a_signature_by_another_key_is_refused(site, ask):
    site.show(order(), by=signer())
    code, line = ask()
    assert (code, "not signed by" in line) == (CANNOT_TELL, True)


def test_an_altered_order_is_refused(site, ask):
    status, body = site.answers["/labs/aster/order"]
    site.answers["/labs/aster/order"] = (status, body.replace(b'"1e24"', b'"1e27"'))
    assert ask()[0] == CANNOT_TELL


def test_a_key_that_was_seen_first_holds_and_another_later_is_refused(site, ask):
    ask()
    site.signer = signer()
    site.show(order(sequence=4))
    assert ask("3e23", "--max-age", "0")[0] == CANNOT_TELL
    assert ask("3e23", "--max-age", "0", "--key", str(site.signer.verifier))[0] == CLEAR


def test_a_key_that_is_named_is_the_only_one(site, ask):
    assert ask("3e23", "--key", str(signer().verifier))[0] == CANNOT_TELL
    assert ask("3e23", "--key", str(site.signer.verifier))[0] == CLEAR


def test_without_a_key_a_site_is_not_believed_over_plain_http(ask):
    code, line = ask(url="http://fermata.example")
    assert (code, "https" in line) == (CANNOT_TELL, True)


@pytest.mark.parametrize(
    "answer", [(500, b""), (404, b""), (302, b""), (200, b"\xff"), (200, b"x" * 70_000), (200, b"{}\n"), (200, b"")]
)
def test_any_other_answer_is_none(site, ask, answer):
    site.answers["/labs/aster/order"] = answer
    assert ask()[0] == CANNOT_TELL


def test_while_the_site_is_down_the_kept_order_serves_for_max_age(site, ask):
    ask()
    site.close()
    code, line = ask("3e23", at=later(minutes=59))
    assert (code, "does not answer" in line) == (CLEAR, True)
    assert ask("3e25", at=later(minutes=59))[0] == HELD
    code, line = ask("3e23", at=later(minutes=61))
    assert (code, "longer than --max-age" in line) == (CANNOT_TELL, True)


def test_a_site_that_was_never_reached_opens_nothing(site, ask):
    site.close()
    code, line = ask()
    assert (code, "no order was seen before" in line) == (CANNOT_TELL, True)


def test_a_clock_set_back_does_not_make_a_kept_order_fresh(site, ask):
    ask(at=later(hours=2))
    site.close()
    assert ask("3e23", at=later(hours=1))[0] == CANNOT_TELL


def test_a_folder_that_takes_nothing_opens_nothing(site, ask, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    code, line = ask()
    assert (code, "--cache" in line) == (CANNOT_TELL, True)


def test_a_damaged_memory_opens_nothing(ask, tmp_path):
    ask()
    [kept] = (tmp_path / "cache").glob("*.json")
    kept.write_bytes(kept.read_bytes()[:50])
    assert ask()[0] == CANNOT_TELL


def test_a_drill_holds_those_who_ask_for_drills(site, ask):
    site.show(order(pause(drill=True)))
    code, line = ask("3e25")
    assert (code, "a drill would hold it" in line) == (CLEAR, True)
    assert ask("3e25", "--drill")[0] == HELD


@pytest.mark.parametrize("lab", ["../aster", "Aster", "", "a/b"])
def test_a_laboratory_of_another_form_opens_nothing(site, ask, lab):
    assert ask(lab=lab)[0] == CANNOT_TELL
    assert site.asked == []


@pytest.mark.parametrize(
    "wrong", [["--flop", "NaN"], ["--flop", "-1"], ["--action", "dream"], ["--max-age", "-1"], ["--key", "x"]]
)
def test_wrong_usage_does_not_open_the_gate(site, ask, wrong):
    with pytest.raises(SystemExit) as stopped:
        ask("3e23", *wrong)
    assert stopped.value.code == 2


def gate(site, folder, *more, disk_full=False):
    command = [sys.executable, "-m", "verifier.cli", "gate", "--site", site.url, "--lab", "aster", "--action", "train"]
    full = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"] if disk_full else []
    return subprocess.Popen(
        [*full, *command, "--flop", "3e23", "--cache", str(folder), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def finished(process):
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


@pytest.fixture
def live(site):
    """Orders of this very moment: the gate runs as a program of its own."""
    now = datetime.now(UTC)
    site.times = {"not_before": now, "expires_at": now + timedelta(hours=24)}
    site.show(order(pause(), **site.times))
    return site


def test_a_full_disk_opens_nothing_and_leaves_nothing_half_written(live, tmp_path):
    code, said = finished(gate(live, tmp_path / "cache", disk_full=True))
    assert (code, "cannot be kept" in said) == (CANNOT_TELL, True)
    assert list((tmp_path / "cache").glob("*.json")) == []
    assert finished(gate(live, tmp_path / "cache"))[0] == CLEAR


def test_gates_at_once_keep_the_newest_order_whole(live, tmp_path):
    processes = []
    for sequence in range(10, 16):
        live.show(order(pause(), sequence=sequence, **live.times))
        processes.append(gate(live, tmp_path / "cache", "--max-age", "0"))
    answers = [finished(one) for one in processes]
    assert {code for code, _ in answers} == {CLEAR}, answers
    [kept] = (tmp_path / "cache").glob("*.json")
    assert '\\"sequence\\":15' in kept.read_text()
    assert not [path for path in kept.parent.iterdir() if path.suffix not in {".json", ".lock"}]


def test_the_gate_loads_neither_the_network_nor_the_treatys_models():
    loads = "import sys, verifier.gate; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", loads], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & {"django", "httpx", "pydantic", "yaml", "urllib.request", "ssl", "http.client", "asyncio"} == set()


def test_an_answer_from_the_cache_loads_nothing_slow(ask, site, tmp_path):
    ask(at=datetime.now(UTC))
    code = (
        "import sys; from verifier.cli import main; main(sys.argv[1:]); "
        "print(sorted({'argparse', 'dataclasses', 'inspect', 'pathlib', 'ssl', 'http', 'urllib.request'} & set(sys.modules)))"
    )
    command = ["gate", "--site", site.url, "--lab", "aster", "--action", "train", "--flop", "3e23"]
    site.show(replace(order(pause()), not_before=datetime.now(UTC), expires_at=datetime.now(UTC) + timedelta(hours=1)))
    for loaded in (True, False):
        said = subprocess.run(
            [sys.executable, "-c", code, *command, "--cache", str(tmp_path / "kept")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        assert said[0].startswith("clear: ")
        assert (said[1] != "[]") is loaded


NAMES = [
    "--site",
    "--lab",
    "--action",
    "--flop",
    "--model",
    "--max-age",
    "--cache",
    "--drill",
    "--json",
    "--key",
    "--fl",
    "-h",
    "--",
]
VALUES = ["https://localhost", "aster", "train", "dance", "3e25", "-1", "", "60", "x y", "--json"]


@given(st.lists(st.sampled_from(NAMES + VALUES), max_size=4))
def test_options_read_without_a_parser_are_what_a_parser_reads(more):
    given_ = ["--site", "https://localhost", "--lab", "aster", "--flop", "1e24", "--action", "train", *more]
    found = plain(given_)
    if found is None:
        return
    parser = ArgumentParser()
    add_arguments(parser)
    assert vars(found) == vars(parser.parse_args(given_))


def test_plain_options_need_no_parser_and_others_do():
    asked = ["--site", "https://localhost", "--lab", "aster", "--flop", "1e24", "--action", "train"]
    assert plain(asked).max_age == timedelta(hours=1)
    assert plain([*asked, "--model", "", "--drill"]).drill
    for more in (
        ["--flop=1"],
        ["--flop", "-1"],
        ["--flop", "NaN"],
        ["--max-age"],
        ["--fl", "1"],
        ["-h"],
        ["--action", "rest"],
    ):
        assert plain(asked + more) is None
    assert plain(asked[2:]) is None
