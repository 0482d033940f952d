"""Every official outcome of Swiss federal votes up to 2000, recomputed from the ballots of the cantons (Swissvotes, CC BY 4.0).

`pytest tests/treaty/rules/test_swissvotes.py -s` prints what was compared and every figure of the file that differs.
"""

import csv
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from treaty.rules.profiles import Choice, VoteProfile
from treaty.rules.reading import read_model
from treaty.rules.votes import BallotValue, Outcome, Roll, RollMember, tally

PROFILES = Path(__file__).resolve().parents[3] / "treaty" / "texts" / "profiles"
CANTONS = [
    "zh",
    "be",
    "lu",
    "ur",
    "sz",
    "ow",
    "nw",
    "gl",
    "zg",
    "fr",
    "so",
    "bs",
    "bl",
    "sh",
    "ar",
    "ai",
    "sg",
    "gr",
    "ag",
    "tg",
    "ti",
    "vd",
    "vs",
    "ne",
    "ge",
    "ju",
]
PEOPLE_ONLY = "2"  # rechtsform: an optional referendum
EMPTY = {"", "."}
# The counts of the cantons themselves are missing: the vote on the Constitution of 1848.
WITHOUT_COUNTS = {"1.0"}
# Which of two drafts is preferred if both pass: it has no outcome of its own.
TIE_BREAK_QUESTION = {"465.3"}


def report(*lines):
    sys.stdout.write("\n".join(["", *lines, ""]))


@cache
def read_profile(name):
    return read_model((PROFILES / f"{name}.yaml").read_bytes(), VoteProfile)


@pytest.fixture(scope="module")
def votes(data_dir):
    with (data_dir / "swissvotes" / "swissvotes_compact.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["datum"][-4:]) <= 2000]


def counts(row):
    """Each canton's yes and no; Jura exists since 1979."""
    return {
        canton: (int(float(row[f"{canton}-ja"])), int(float(row[f"{canton}-nein"])))
        for canton in CANTONS
        if row[f"{canton}-ja"] not in EMPTY
    }


def result(row):
    people_only = row["rechtsform"] == PEOPLE_ONLY
    rule = read_profile("swiss-people-majority" if people_only else "swiss-double-majority")
    members, ballots = [], []
    for canton, numbers in counts(row).items():
        for choice, number in zip((Choice.CONSENT, Choice.OBJECT), numbers, strict=True):
            members.append(RollMember(f"{canton}/{choice}", "people", Fraction(number)))
            ballots.append(BallotValue(f"{canton}/{choice}", choice))
        if not people_only:
            weight = rule.electorates[1].weight.get(canton, Fraction(1))
            members.append(RollMember(canton, "cantons", weight))
            ballots.append(BallotValue(canton, Choice.CONSENT if numbers[0] > numbers[1] else Choice.OBJECT))
    return tally(rule, Roll(tuple(members)), ballots)


@pytest.fixture(scope="module")
def results(votes):
    return {row["anr"]: (row, result(row)) for row in votes if row["anr"] not in WITHOUT_COUNTS | TIE_BREAK_QUESTION}


def test_every_official_outcome_follows_from_the_ballots_of_the_cantons(results, votes):
    wrong = [
        f"{number} of {row['datum']}, {row['titel_kurz_e']}: {found.outcome}, officially {row['annahme']}"
        for number, (row, found) in results.items()
        if (found.outcome is Outcome.ADOPTED) != (float(row["annahme"]) == 1)
    ]
    report(f"{len(results)} of {len(votes)} votes recomputed, {len(wrong)} outcomes differ", *wrong)
    assert (len(votes), len(results), wrong) == (488, 486, [])


def test_the_canton_totals_of_the_file_differ_only_where_it_rounds_or_counts_two_drafts_together(results):
    rounded, two_drafts, unexplained = [], [], []
    for number, (row, found) in results.items():
        if row["rechtsform"] == PEOPLE_ONLY or row["kt-ja"] in EMPTY:
            continue
        stated, exact = Fraction(row["kt-ja"]), found.counts[1].consent
        if stated == exact:
            continue
        line = f"{number} of {row['datum']}: {exact} cantons by their ballots, {stated} in the file"
        if exact.denominator == 2 and abs(stated - exact) == Fraction(1, 2):
            rounded.append(line)
        elif row["rechtsform"] == "4":
            two_drafts.append(line)
        else:
            unexplained.append(line)
    report(f"{len(rounded)} totals that the file rounds to whole cantons", *rounded)
    report(
        f"{len(two_drafts)} counter-proposals beside an initiative: nobody could consent to both then, so the official "
        "majority of a canton was of all ballots for either draft, not of those for and against this one",
        *two_drafts,
    )
    assert unexplained == []
    assert len(two_drafts) == 5


def test_eleven_cantons_to_eleven_is_a_tie_and_a_rejection(results):
    ties = {number: found for number, (_, found) in results.items() if found.reason == "tie"}
    for found in ties.values():
        assert found.outcome is Outcome.REJECTED
        assert found.counts[-1].consent == found.counts[-1].object
    report("ties:", *ties)
    assert len(ties) >= 1
