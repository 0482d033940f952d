import json
import subprocess
import sys
from argparse import ArgumentParser

import pytest

from tests.texts import MODEL
from verifier.evaluate import add_arguments, run

CONDITION = """
condition:
  kind: in_labs
  n: 2
  of: {kind: compare, indicator: code, aggregate: mean, window: 28 d, op: ">", value: "0.5", sustained_for: 7 d}
indicators:
  code: {title: Code written by AI, unit: share, about: lab, validity: 14 d}
labs: [aster, borealis, cobalt]
"""
BARE = 'kind: compare\nindicator: code\nwindow: 28 d\nop: ">"\nvalue: "0.5"\n'
HEADING = "indicator,lab,value,unit,observed_at,source,series,received_at,version\n"


def rows(*labs, value="0.6"):
    lines = [
        f"code,{lab},{value},share,2026-01-{day:02},declared,{lab}:{day}," + ",\n"
        for lab in labs
        for day in range(1, 29)
    ]
    return HEADING + "".join(lines)


@pytest.fixture
def ask(tmp_path, capsys):
    def asking(condition, readings, *arguments, at="2026-01-28"):
        (tmp_path / "c.yaml").write_text(condition)
        (tmp_path / "r.csv").write_text(readings)
        parser = ArgumentParser()
        add_arguments(parser)
        given = ["--readings", str(tmp_path / "r.csv"), "--at", at, *arguments]
        if "--trigger" not in arguments:
            given += ["--condition", str(tmp_path / "c.yaml")]
        return run(parser.parse_args(given)), capsys.readouterr()

    return asking


@pytest.mark.parametrize(
    ("labs", "exit_code", "answer"),
    [(("aster", "borealis"), 0, "TRUE"), (("aster",), 69, "UNKNOWN"), ((), 69, "UNKNOWN")],
)
def test_the_exit_says_what_it_is(ask, labs, exit_code, answer):
    code, told = ask(CONDITION, rows(*labs))
    assert code == exit_code
    assert told.out.startswith(f"2026-01-28T00:00:00Z: {answer}\n")


def test_false_is_one(ask):
    assert ask(CONDITION, rows("aster", "borealis", "cobalt", value="0.4"))[0] == 1


def test_the_tree_and_what_is_owed_are_printed(ask):
    _, told = ask(CONDITION, rows("aster"))
    assert (
        "[true] aster: the mean of “Code written by AI” over the last 28 days is above 0.5, at every instant for 7 days"
        in told.out
    )
    assert "is 0.6 share: above 0.5, and has been for 7 days" in told.out
    assert "owed by borealis: “Code written by AI”, never received" in told.out


def test_json_has_the_whole_explanation(ask):
    code, told = ask(CONDITION, rows("aster", "borealis"), "--json")
    found = json.loads(told.out)
    assert (code, found["truth"], found["tree"]["parts"][0]["value"]) == (0, "true", "3/5")
    assert [(owed["lab"]) for owed in found["owed"]] == []
    assert found["tree"]["parts"][2]["owed"][0]["lab"] == "cobalt"


def test_a_bare_condition_needs_no_more_than_a_window(ask):
    assert ask(BARE, HEADING + "code,,0.6,share,2026-01-28,observed,a,,\n")[0] == 0
    code, told = ask(BARE.replace("window: 28 d\n", ""), HEADING)
    assert code == 65
    assert "How long is a reading of code valid?" in told.err


def test_a_later_line_of_a_datum_is_its_next_version(ask):
    readings = HEADING + "code,,0.6,share,2026-01-01,observed,a,,\ncode,,0.4,share,2026-01-01,observed,a,2026-01-20,\n"
    assert ask(BARE, readings, at="2026-01-19")[0] == 0
    assert ask(BARE, readings, at="2026-01-20")[0] == 1


def test_a_trigger_of_a_treaty_text_is_judged_by_its_own_indicators(ask):
    line = "time_horizon,,900,minute,2026-01-01,observed,metr:x,,\n"
    code, told = ask("", HEADING + line, "--text", str(MODEL), "--trigger", "horizon")
    assert code == 0
    assert "Length of task that AI systems complete half of the time" in told.out


@pytest.mark.parametrize(
    ("condition", "readings", "words"),
    [
        (CONDITION.replace('op: ">"', "op: above"), HEADING, "condition.of.op"),
        (CONDITION.replace("window: 28 d", "windows: 28 d"), HEADING, "did you mean 'window'"),
        ("", HEADING, "empty"),
        (CONDITION, "indicator\n", "column 'observed_at' is missing"),
        (
            CONDITION,
            HEADING + "code,aster,0.6,percent,2026-01-01,declared,a,,\n",
            "Line 2: code is measured in 'share'",
        ),
        (CONDITION, HEADING + "code,aster,0.6,share,2026-01-09,declared,a,2026-01-08,\n", "in the future"),
        (CONDITION, HEADING + "code,aster,NaN,share,2026-01-09,declared,a,,\n", "Line 2: value: 'NaN' is not a number"),
        (CONDITION, HEADING + "code,,0.6,share,2026-01-09,declared,a,,\n", "Line 2: Say which laboratory"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_judged(ask, condition, readings, words):
    code, told = ask(condition, readings)
    assert (code, told.out) == (65, "")
    assert words in told.err


def test_an_unknown_trigger_names_those_there_are(ask):
    code, told = ask("", HEADING, "--text", str(MODEL), "--trigger", "horison")
    assert code == 65
    assert "it has automation, code_share" in told.err


def test_it_runs_without_django():
    program = "import sys, verifier.evaluate; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
