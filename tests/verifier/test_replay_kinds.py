"""Every kind of entry that the record can hold is recomputed by some step of the replay."""

import re
from pathlib import Path

from tests.verifier.logs import entry, key, opening
from verifier import replay
from verifier.replay.frame import STEPS, Problem, Replay, differs, shown

DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "ledger-entries.md"


def test_every_documented_kind_has_a_step():
    kinds = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)`", DOCUMENTED.read_text(), re.MULTILINE))
    assert kinds
    assert sorted(kinds - set(STEPS)) == []


def test_every_step_is_for_a_documented_kind():
    documented = DOCUMENTED.read_text()
    assert [kind for kind in STEPS if f"`{kind}`" not in documented] == []


def test_every_step_says_what_follows():
    assert [step.__qualname__ for steps in STEPS.values() for step in steps if not step.__doc__] == []
    assert len(replay.NOUNS) == len({noun.__name__ for noun in replay.NOUNS})


def test_an_entry_before_any_text_is_a_problem_and_not_a_crash():
    found = Replay()
    assert found.apply(0, opening(key())) == []
    problems = found.apply(1, entry("treaty.signed", {"lab": "aster", "text": 1, "sha256": "0" * 64}))
    assert [problem.code for problem in problems] == ["authority", "no_text"]
    assert str(problems[1]).startswith("entry 1 (treaty.signed): ")


def test_what_differs_is_said_with_both_values():
    [finding] = differs("tally", "the tally", {"yes": 1}, {"yes": 2})
    assert finding.text == 'the tally: the record says {"yes": 1}; it follows {"yes": 2}'
    assert list(differs("tally", "the tally", 1, 1)) == []
    assert shown(None) == "nothing"
    assert len(shown("x" * 1000)) < 500
    assert Problem(3, "", "this is not JSON").code == "does_not_follow"
