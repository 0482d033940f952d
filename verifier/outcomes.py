"""`fermata outcomes`: public records of real votes recomputed by the engine, with every difference listed and explained.

swissvotes: the official outcome of each Swiss federal vote up to 2000, from the ballots of the cantons (Swissvotes, CC BY 4.0).
assembly: every roll call of the UN General Assembly, ballot by ballot, against plain arithmetic over the same lines (CC0 / MIT).
"""

import csv
import gzip
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from core.errors import Malformed
from treaty.rules.profiles import Choice
from treaty.rules.votes import BallotValue, Decision, Outcome, Reason, Roll, RollMember, Tally, decide, tally
from verifier.output import complain, say
from verifier.tally import REFUSED, read_profile

CANTONS = "zh be lu ur sz ow nw gl zg fr so bs bl sh ar ai sg gr ag tg ti vd vs ne ge ju".split()  # noqa: SIM905 - one line
LAST_YEAR = 2000
PEOPLE_ONLY, COUNTER_PROPOSAL = (
    "2",
    "4",
)  # the legal form: an optional referendum; a draft of parliament beside an initiative
EMPTY = {"", "."}
LEFT_OUT = {
    "1.0": "the vote on the Constitution of 1848: the file has no counts of its cantons",
    "465.3": "the question which of two drafts is preferred if both pass: it has no outcome of its own",
}
SAID = {"yes": Choice.CONSENT, "no": Choice.OBJECT, "abstain": Choice.ABSTAIN}


def add_arguments(parser: ArgumentParser) -> None:
    """Say what can be asked."""
    parser.add_argument("record", choices=sorted(RECORDS), help="which public record")
    parser.add_argument(
        "path",
        type=Path,
        help="swissvotes: its CSV file; assembly: the folder of un_votes.csv.gz and un_roll_calls.csv",
    )


def run(options: Namespace) -> int:
    """Print what was recomputed and every difference; exit code 0 where each is explained, 1 otherwise, 65 for other files."""
    try:
        found = RECORDS[options.record](options.path)
    except (OSError, KeyError, ValueError, Malformed) as error:
        complain(f"fermata outcomes: {options.path} is not this record: {error}")
        return REFUSED
    for line in found.lines():
        say(line)
    return 1 if found.unexplained else 0


@dataclass(frozen=True)
class Swiss:
    """A federal vote as the file has it, and its tally."""

    row: Mapping[str, str]
    tally: Tally

    @property
    def name(self) -> str:
        """Its number, day and title."""
        return f"{self.row['anr']} of {self.row['datum']}, {self.row['titel_kurz_e']}"

    @property
    def agrees(self) -> bool:
        """Whether the outcome is the official one."""
        return (self.tally.outcome is Outcome.ADOPTED) == (float(self.row["annahme"]) == 1)


@dataclass(frozen=True)
class SwissVotes:
    """All votes of the file up to LAST_YEAR."""

    results: tuple[Swiss, ...]
    left_out: tuple[str, ...]

    @property
    def differing(self) -> list[str]:
        """Outcomes that are not the official ones."""
        return [
            f"{one.name}: {one.tally.outcome}, officially {one.row['annahme']}"
            for one in self.results
            if not one.agrees
        ]

    def totals(self) -> dict[str, list[str]]:
        """Return the totals of cantons that the file states otherwise, by the reason why."""
        found: dict[str, list[str]] = {"rounded": [], "two drafts": [], "": []}
        for one in self.results:
            stated = one.row["kt-ja"]
            if one.row["rechtsform"] == PEOPLE_ONLY or stated in EMPTY:
                continue
            exact = one.tally.counts[1].consent
            if Fraction(stated) != exact:
                line = f"{one.name}: {exact} cantons by their ballots, {stated} in the file"
                found[_why(one.row, exact, Fraction(stated))].append(line)
        return found

    @property
    def unexplained(self) -> list[str]:
        """Everything that differs without a known reason."""
        return [*self.differing, *self.totals()[""]]

    def lines(self) -> Iterator[str]:
        """Write all of it."""
        count = len(self.results) + len(self.left_out)
        yield f"{len(self.results)} of {count} votes up to {LAST_YEAR} recomputed from the ballots of the cantons; {len(self.differing)} outcomes differ."
        yield from (f"  {line}" for line in self.differing)
        yield from (f"Left out: {number}, {LEFT_OUT[number]}." for number in self.left_out)
        totals = self.totals()
        yield f"{len(totals['rounded'])} totals of cantons differ because the file rounds halves to whole cantons:"
        yield from (f"  {line}" for line in totals["rounded"])
        yield (
            f"{len(totals['two drafts'])} totals differ for counter-proposals beside an initiative: nobody could consent to both, so the "
            "official majority of a canton was of all ballots for either draft, not of those for and against this one:"
        )
        yield from (f"  {line}" for line in totals["two drafts"])
        yield f"{len(totals[''])} totals differ without a known reason."
        yield from (f"  {line}" for line in totals[""])


def _why(row: Mapping[str, str], exact: Fraction, stated: Fraction) -> str:
    if exact.denominator == 2 and abs(stated - exact) == Fraction(1, 2):
        return "rounded"
    return "two drafts" if row["rechtsform"] == COUNTER_PROPOSAL else ""


def swissvotes(path: Path) -> SwissVotes:
    """Recompute every vote of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["datum"][-4:]) <= LAST_YEAR]
    results = tuple(Swiss(row, _swiss(row)) for row in rows if row["anr"] not in LEFT_OUT)
    return SwissVotes(results, tuple(row["anr"] for row in rows if row["anr"] in LEFT_OUT))


def _swiss(row: Mapping[str, str]) -> Tally:
    """Count the people's ballots canton by canton, and each canton by the majority of its own."""
    people_only = row["rechtsform"] == PEOPLE_ONLY
    rule = read_ready("swiss-people-majority" if people_only else "swiss-double-majority")
    members, ballots = [], []
    for canton in (canton for canton in CANTONS if row[f"{canton}-ja"] not in EMPTY):  # Jura exists since 1979
        yes, no = int(float(row[f"{canton}-ja"])), int(float(row[f"{canton}-nein"]))
        for choice, number in ((Choice.CONSENT, yes), (Choice.OBJECT, no)):
            members.append(RollMember(f"{canton}/{choice}", "people", Fraction(number)))
            ballots.append(BallotValue(f"{canton}/{choice}", choice))
        if not people_only:
            halves = rule.electorates[1].weight
            weight = halves.get(canton, Fraction(1)) if isinstance(halves, dict) else Fraction(1)
            members.append(RollMember(canton, "cantons", weight))
            ballots.append(BallotValue(canton, Choice.CONSENT if yes > no else Choice.OBJECT))
    return tally(rule, Roll(tuple(members)), ballots)


@dataclass(frozen=True)
class RollCall:
    """A roll call by the majority of those present and voting, by two thirds of them, and its lines counted plainly."""

    number: str
    simple: Tally
    important: Decision
    said: Counter[Choice]
    members: int

    @property
    def agrees(self) -> bool:
        """Whether both majorities are what plain arithmetic says, and every line was counted once."""
        yes, no = self.said[Choice.CONSENT], self.said[Choice.OBJECT]
        count = self.simple.counts[0]
        counted = (count.consents, count.objections, count.abstentions) == tuple(self.said[choice] for choice in Choice)
        majorities = (self.simple.outcome is Outcome.ADOPTED, self.important.outcome is Outcome.ADOPTED)
        return counted and majorities == (yes > no, yes > 0 and 3 * yes >= 2 * (yes + no))


@dataclass(frozen=True)
class Assembly:
    """All roll calls of the General Assembly."""

    results: tuple[RollCall, ...]
    not_listed: tuple[str, ...]  # in one of the two files only

    @property
    def unexplained(self) -> list[str]:
        """Roll calls that differ."""
        wrong = [f"roll call {one.number}: {dict(one.said)}" for one in self.results if not one.agrees]
        return [*wrong, *(f"roll call {number} is in one of the files only" for number in self.not_listed)]

    def lines(self) -> Iterator[str]:
        """Write all of it."""
        ballots = sum(one.said.total() for one in self.results)
        simple = sum(one.simple.outcome is Outcome.ADOPTED for one in self.results)
        important = sum(one.important.outcome is Outcome.ADOPTED for one in self.results)
        ties = [one.number for one in self.results if one.simple.reason is Reason.TIE]
        yield f"{len(self.results):,} roll calls with {ballots:,} ballots tallied; {len(self.unexplained)} differ from plain arithmetic."
        yield from (f"  {line}" for line in self.unexplained)
        yield f"{simple:,} have a majority of those present and voting, {important:,} have two thirds of them."
        yield f"{len(ties)} are ties, and not adopted: {', '.join(ties)}."
        yield "The record states no outcome and no absences: it cannot say which questions were important ones."


def assembly(folder: Path) -> Assembly:
    """Tally every roll call; a file does not keep the lines of one together."""
    with (folder / "un_roll_calls.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["rcid"] for row in csv.DictReader(file)}
    found: dict[str, list[BallotValue]] = {}
    with gzip.open(folder / "un_votes.csv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        for number, _, name, said in lines:
            found.setdefault(number, []).append(_ballot(name, said))
    results = tuple(_roll_call(number, ballots) for number, ballots in found.items())
    return Assembly(results, tuple(sorted(listed ^ set(found))))


def _roll_call(number: str, ballots: list[BallotValue]) -> RollCall:
    names = {one.member for one in ballots}
    counted = tally(read_ready("general-assembly-simple-majority"), Roll(tuple(map(_member, names))), ballots)
    important = decide(read_ready("general-assembly-important-question"), counted.figures)
    return RollCall(number, counted, important, Counter(one.choice for one in ballots), len(names))


read_ready = cache(read_profile)


@cache
def _member(name: str) -> RollMember:
    return RollMember(name, "members")


@cache
def _ballot(name: str, said: str) -> BallotValue:
    return BallotValue(name, SAID[said])


RECORDS: Mapping[str, Callable[[Path], SwissVotes | Assembly]] = {"swissvotes": swissvotes, "assembly": assembly}
