"""All 6,203 roll calls of the UN General Assembly in the data, ballot by ballot (CC0 / MIT).

The data states no outcome, so the engine is compared with plain arithmetic over the same lines.
`pytest tests/treaty/rules/test_unga.py -s` prints what was counted.
"""

import csv
import gzip
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from treaty.rules.profiles import Choice, VoteProfile
from treaty.rules.reading import read_model
from treaty.rules.votes import BallotValue, Outcome, Reason, Roll, RollMember, decide, tally

PROFILES = Path(__file__).resolve().parents[3] / "treaty" / "texts" / "profiles"
CHOICES = {"yes": Choice.CONSENT, "no": Choice.OBJECT, "abstain": Choice.ABSTAIN}


def report(*lines):
    sys.stdout.write("\n".join(["", *lines, ""]))


def read_profile(name):
    return read_model((PROFILES / f"{name}.yaml").read_bytes(), VoteProfile)


SIMPLE = read_profile("general-assembly-simple-majority")
IMPORTANT = read_profile("general-assembly-important-question")


@cache
def member(name):
    return RollMember(name, "members")


@cache
def ballot(name, said):
    return BallotValue(name, CHOICES[said])


def roll_calls(folder):
    """Each roll call's ballots by its number, in one pass over the file, which does not keep them together."""
    found = {}
    with gzip.open(folder / "unga_votes" / "un_votes.csv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        for number, _, name, said in lines:
            found.setdefault(number, []).append(ballot(name, said))
    return found


@pytest.fixture(scope="module")
def outcomes(data_dir):
    """For each roll call: its tally, the outcome by two thirds, its ballots by choice counted plainly, and by how many members."""
    found = {}
    for number, ballots in roll_calls(data_dir).items():
        names = {one.member for one in ballots}
        counted = tally(SIMPLE, Roll(tuple(map(member, names))), ballots)
        said = Counter(one.choice for one in ballots)
        found[number] = (counted, decide(IMPORTANT, counted.figures), said, len(names))
    return found


def test_every_roll_call_is_counted_and_none_of_its_ballots_is_lost(outcomes, data_dir):
    with (data_dir / "unga_votes" / "un_roll_calls.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["rcid"] for row in csv.DictReader(file)}
    assert set(outcomes) == listed
    assert len(outcomes) == 6203
    assert sum(numbers.total() for _, _, numbers, _ in outcomes.values()) == 870_109
    for counted, _, numbers, members in outcomes.values():
        count = counted.counts[0]
        assert numbers.total() == members == count.members
        assert (count.consents, count.objections, count.abstentions) == (
            numbers[Choice.CONSENT],
            numbers[Choice.OBJECT],
            numbers[Choice.ABSTAIN],
        )


def test_both_majorities_of_the_charter_agree_with_plain_arithmetic(outcomes):
    wrong, simple, important, ties = [], 0, 0, []
    for number, (counted, two_thirds, numbers, _) in outcomes.items():
        yes, no = numbers[Choice.CONSENT], numbers[Choice.OBJECT]
        simple += counted.outcome is Outcome.ADOPTED
        important += two_thirds.outcome is Outcome.ADOPTED
        if counted.reason is Reason.TIE:
            ties.append(number)
        expected = (yes > no, yes > 0 and 3 * yes >= 2 * (yes + no))
        if (counted.outcome is Outcome.ADOPTED, two_thirds.outcome is Outcome.ADOPTED) != expected:
            wrong.append(f"roll call {number}: {yes} yes, {no} no")
    report(
        f"{len(outcomes)} roll calls: {simple} have a majority of those present and voting, {important} have two thirds, "
        f"{len(ties)} are ties ({', '.join(ties)}); {len(wrong)} differ from plain arithmetic",
        *wrong,
    )
    assert wrong == []
    assert (simple, important, len(ties)) == (5854, 5585, 11)
