"""A vote in files: ballots, and if need be a roll, checked against the rule; every contradiction is named with its line."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from io import StringIO

from core.errors import Malformed
from core.times import instant
from treaty.rules.profiles import Choice, Electorate, VoteProfile
from treaty.rules.rolls import ONE, Recusal, Roll, RollMember
from treaty.rules.votes import BallotValue
from treaty.rules.words_votes import weight_in_words

LARGEST = 200_000_000
MOST_PROBLEMS = 50
CHOICES: Mapping[str, Choice] = {
    "consent": Choice.CONSENT,
    "yes": Choice.CONSENT,
    "object": Choice.OBJECT,
    "no": Choice.OBJECT,
    "abstain": Choice.ABSTAIN,
}
ABSENT, PRESENT, RECUSED = "absent", "present", "recused"
WORDS = (*CHOICES, ABSENT, PRESENT, RECUSED)
BALLOT_COLUMNS = ("member", "choice", "weight", "at", "class", "ground")
ROLL_COLUMNS = ("member", "class", "weight", "recused", "delegate")


class FilesInvalid(Malformed):
    """The files contradict themselves or each other."""

    code = "files_invalid"

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("\n".join(list(problems)[:MOST_PROBLEMS]))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, read but not yet judged."""

    number: int
    member: str
    key: str
    choice: str = ""
    weight: Fraction | None = None
    at: datetime | None = None
    electorate: str = ""
    ground: str = ""
    recused: bool = False
    delegate: str = ""


@dataclass
class Problems:
    """What is wrong in a file, each with its line."""

    name: str
    found: list[str] = field(default_factory=list)

    def add(self, line: int, detail: str) -> None:
        """Note one."""
        self.found.append(f"{self.name}, line {line}: {detail}")


@dataclass(frozen=True)
class Files:
    """A vote as files state it."""

    roll: Roll
    ballots: tuple[BallotValue, ...]
    present: frozenset[str]
    unlisted: Mapping[str, int]  # seats of a class that no line names


def read_files(
    profile: VoteProfile,
    ballots: bytes,
    roll: bytes | None = None,
    *,
    at: datetime | None = None,
    names: tuple[str, str] = ("ballots", "roll"),
) -> Files:
    """Return the vote that the files state; raise FilesInvalid with every contradiction and its line."""
    here, there = Problems(names[0]), Problems(names[1])
    lines = list(_ballot_lines(ballots, here))
    listed = list(_roll_lines(roll, there)) if roll is not None else None
    if here.found or there.found:
        raise FilesInvalid([*there.found, *here.found])
    reader = _Reader(profile, here, there)
    made = reader.read(lines, listed, at)
    if here.found or there.found:
        raise FilesInvalid([*there.found, *here.found])
    return made


def key_of(name: str) -> str:
    """Return a member's name as a key: "United Kingdom" is united-kingdom. Two that differ in case or accents only are one."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return re.sub(r"[^\w]+", "-", plain).strip("-_")


def _table(
    data: bytes, columns: tuple[str, ...], needed: tuple[str, ...], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    if len(data) > LARGEST:
        problems.add(1, f"the file has more than {LARGEST:,} bytes")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(data[: error.start].count(b"\n") + 1, "this is not UTF-8")
        return
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        if not _header_is_right(header, columns, needed, problems):
            return
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                problems.add(rows.line_num, f"it has {len(row)} columns, the first line has {len(header)}")
                continue
            yield rows.line_num, {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    except csv.Error as error:
        problems.add(rows.line_num or 1, f"this is not CSV: {error}")


def _header_is_right(header: list[str], columns: tuple[str, ...], needed: tuple[str, ...], problems: Problems) -> bool:
    missing, unknown = [name for name in needed if name not in header], [name for name in header if name not in columns]
    if missing:
        problems.add(1, f"the column {missing[0]} is missing; the columns are {', '.join(columns)}")
    if unknown:
        problems.add(1, f"there is no column {unknown[0][:40]!r}; the columns are {', '.join(columns)}")
    if len(set(header)) != len(header):
        problems.add(1, "a column stands there twice")
    return not (missing or unknown or len(set(header)) != len(header))


def _ballot_lines(data: bytes, problems: Problems) -> Iterator[Line]:
    for number, row in _table(data, BALLOT_COLUMNS, ("member", "choice"), problems):
        choice = row["choice"].lower()
        if choice not in WORDS:
            problems.add(number, f"{row['choice'][:40]!r} is no choice: write one of {', '.join(WORDS)}")
        try:
            at = instant(row["at"]) if row.get("at") else None
        except Malformed as error:
            problems.add(number, error.detail)
            at = None
        yield replace(_line(number, row, problems), choice=choice, at=at, ground=row.get("ground", ""))


def _roll_lines(data: bytes, problems: Problems) -> Iterator[Line]:
    for number, row in _table(data, ROLL_COLUMNS, ("member",), problems):
        recused = row.get("recused", "").lower() not in {"", "no", "false", "0"}
        yield replace(_line(number, row, problems), recused=recused, delegate=key_of(row.get("delegate", "")))


def _line(number: int, row: dict[str, str], problems: Problems) -> Line:
    key = key_of(row["member"])
    if not key:
        problems.add(number, "the member is missing")
    weight = _weight(row.get("weight", ""), number, problems)
    return Line(number, row["member"], key, weight=weight, electorate=row.get("class", ""))


def _weight(text: str, number: int, problems: Problems) -> Fraction | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}(/[1-9][0-9]{0,8}|\.[0-9]{1,9})?", text, re.ASCII) or not Fraction(text):
        problems.add(number, f"{text[:40]!r} is no weight: write a number above nothing, such as 3, 1/2 or 0.5")
        return None
    return Fraction(text)


@dataclass
class _Reader:
    """Lines against the profile: who is in which class with what weight, and what nobody can have meant."""

    profile: VoteProfile
    here: Problems
    there: Problems

    def read(self, lines: list[Line], listed: list[Line] | None, at: datetime | None) -> Files:
        counted = [electorate for electorate in self.profile.electorates if electorate.counted]
        members = [
            self._member(line, electorate)
            for line, electorate in self._placed(
                listed if listed is not None else _once(lines), counted, is_roll=listed is not None
            )
        ]
        roll = Roll(tuple(member for member in members if member))
        self._check_delegates(listed or (), roll)
        self._check_weights(lines, roll, has_roll=listed is not None)
        anonymous = list(self._anonymous(lines, counted, roll if listed is not None else None))
        named = [line for line in lines if not self._is_counted(line, counted)]
        ballots = [*self._ballots(named, roll, at, has_roll=listed is not None), *(value for _, value in anonymous)]
        seats, unlisted = self._seats(roll, counted)
        without = [
            member for member in roll.members if not any(member.electorate == electorate.name for electorate in counted)
        ]
        whole = Roll((*without, *(member for member, _ in anonymous), *seats))
        present = frozenset(line.key for line in named if line.choice == PRESENT)
        return Files(whole, tuple(ballots), present, unlisted)

    def _is_counted(self, line: Line, counted: list[Electorate]) -> bool:
        return any(self._belongs(line, electorate) for electorate in counted)

    def _belongs(self, line: Line, electorate: Electorate) -> bool:
        if line.electorate:
            return line.electorate == electorate.name
        return electorate.members == "roll" if isinstance(electorate.members, str) else line.key in electorate.members

    def _placed(
        self, lines: Iterable[Line], counted: list[Electorate], *, is_roll: bool
    ) -> Iterator[tuple[Line, Electorate]]:
        problems = self.there if is_roll else self.here
        names = {electorate.name for electorate in self.profile.electorates}
        seen: dict[tuple[str, str], int] = {}
        for line in lines:
            if line.electorate and line.electorate not in names:
                problems.add(
                    line.number, f"the rule has no class {line.electorate[:40]!r}; it has {', '.join(sorted(names))}"
                )
                continue
            places = self._places(line)
            if not places:
                problems.add(line.number, self._nowhere(line))
            for electorate in places:
                if (line.key, electorate.name) in seen:
                    if is_roll:
                        problems.add(
                            line.number, f"{line.member} stands on line {seen[line.key, electorate.name]} already"
                        )
                    continue
                seen[line.key, electorate.name] = line.number
                if electorate not in counted or is_roll:
                    yield line, electorate

    def _places(self, line: Line) -> list[Electorate]:
        found = [electorate for electorate in self.profile.electorates if self._belongs(line, electorate)]
        parties = [electorate for electorate in self.profile.electorates if electorate.members in {"labs", "bodies"}]
        return found or (parties if len(parties) == 1 and len(self.profile.electorates) == 1 else [])

    def _nowhere(self, line: Line) -> str:
        if any(electorate.members in {"labs", "bodies"} for electorate in self.profile.electorates):
            names = ", ".join(electorate.name for electorate in self.profile.electorates)
            return f"the rule has the classes {names}: say in a column class to which {line.member} belongs"
        return f"{line.member} is off the roll: the rule names its members"

    def _member(self, line: Line, electorate: Electorate) -> RollMember | None:
        recused = Recusal.SUBJECT if line.recused or line.choice == RECUSED else None
        return RollMember(line.key, electorate.name, self._weight_in(line, electorate), recused, line.delegate or None)

    def _weight_in(self, line: Line, electorate: Electorate) -> Fraction:
        if electorate.weight == "equal":
            return ONE
        return (line.weight or ONE) if electorate.weight == "roll" else electorate.weight.get(line.key, ONE)

    def _check_delegates(self, listed: Iterable[Line], roll: Roll) -> None:
        """A delegate is another member that votes in each class of the member; whoever is recused has none."""
        for line in (one for one in listed if one.delegate):
            classes = {member.electorate for member in roll.lines(line.key)}
            votes_in = {member.electorate for member in roll.lines(line.delegate) if not member.recused}
            if line.delegate == line.key or roll.is_recused(line.key) or not classes <= votes_in:
                self.there.add(line.number, f"{line.member} cannot have {line.delegate} as its delegate")
            if any(member.delegate != line.delegate for member in roll.lines(line.key)):
                self.there.add(line.number, f"{line.member} has another delegate in another class")

    def _check_weights(self, lines: list[Line], roll: Roll, *, has_roll: bool) -> None:
        """A weight beside a ballot must be the one on the roll or in the rule, in some class that the member is in."""
        takes = {electorate.name for electorate in self.profile.electorates if electorate.weight == "roll"}
        weights: dict[str, set[Fraction]] = {}
        for member in roll.members:
            weights.setdefault(member.key, set()).add(member.weight)
            if not has_roll and member.electorate in takes:
                weights[member.key].discard(ONE)
                weights[member.key].add(member.weight)
        for line in lines:
            known = weights.get(line.key)
            if (
                line.weight is not None
                and known
                and line.weight not in known
                and not self._is_counted(line, [one for one in self.profile.electorates if one.counted])
            ):
                right = " or ".join(sorted(map(weight_in_words, known)))
                self.here.add(line.number, f"{line.member} weighs {right}, not {weight_in_words(line.weight)}")

    def _anonymous(
        self, lines: list[Line], counted: list[Electorate], roll: Roll | None
    ) -> Iterator[tuple[RollMember, BallotValue]]:
        """A counted line is as many voters as its weight: a member and a ballot of its own for each choice."""
        seen: dict[str, int] = {}
        sums: dict[tuple[str, str], Fraction] = {}
        for line in lines:
            for electorate in (one for one in counted if self._belongs(line, one)):
                name = f"{line.key}/{line.choice}"
                if name in seen:
                    self.here.add(line.number, f"{line.member} with {line.choice} stands on line {seen[name]} already")
                    continue
                seen[name] = line.number
                if line.choice not in CHOICES:
                    continue
                weight = line.weight or ONE
                total = sums[line.key, electorate.name] = sums.get((line.key, electorate.name), Fraction(0)) + weight
                self._check_count(line, electorate, total, roll)
                yield RollMember(name, electorate.name, weight), BallotValue(name, CHOICES[line.choice])

    def _check_count(self, line: Line, electorate: Electorate, total: Fraction, roll: Roll | None) -> None:
        entitled = (
            [member.weight for member in roll.lines(line.key) if member.electorate == electorate.name] if roll else []
        )
        if roll is not None and not entitled:
            self.here.add(line.number, f"{line.member} is off the roll")
        elif entitled and total > entitled[0]:
            self.here.add(
                line.number,
                f"an impossible count: {weight_in_words(total)} votes of {weight_in_words(entitled[0])} entitled",
            )

    def _ballots(self, lines: list[Line], roll: Roll, at: datetime | None, *, has_roll: bool) -> Iterator[BallotValue]:
        seen: dict[str, Line] = {}
        for line in sorted(
            lines, key=lambda one: (one.at is not None, one.at.timestamp() if one.at else 0, one.number)
        ):
            earlier = seen.get(line.key)
            if has_roll and line.key not in roll:
                self.here.add(line.number, f"{line.member} is off the roll")
            elif has_roll and roll.is_recused(line.key) and line.choice in CHOICES:
                self.here.add(line.number, f"{line.member} is recused on the roll and does not vote")
            elif earlier and not (earlier.at and line.at and earlier.at < line.at):
                self.here.add(
                    line.number,
                    f"{line.member} stands on line {earlier.number} already; a changed ballot needs an instant of its own in the column at",
                )
            seen[line.key] = line
            if line.choice in CHOICES and (at is None or line.at is None or line.at < at):
                yield BallotValue(
                    line.key,
                    CHOICES[line.choice],
                    line.at,
                    line.number if line.at is None else _order(line),
                    line.ground,
                )

    def _seats(self, roll: Roll, counted: list[Electorate]) -> tuple[list[RollMember], dict[str, int]]:
        """Seats that the rule counts and no line names are entitled and silent; more lines than seats cannot be."""
        seats: list[RollMember] = []
        unlisted: dict[str, int] = {}
        for electorate in (one for one in self.profile.electorates if one.seats and one not in counted):
            taken = sum(member.electorate == electorate.name for member in roll.members)
            empty = (electorate.seats or 0) - taken
            if empty < 0:
                self.here.add(
                    1, f"an impossible count: {taken} members in {electorate.name}, which has {electorate.seats} seats"
                )
            elif empty:
                unlisted[electorate.name] = empty
                seats += [RollMember(f"seat/{electorate.name}/{number}", electorate.name) for number in range(empty)]
        return seats, unlisted


def _order(line: Line) -> int:
    """Return a sequence number that follows the instants."""
    return int(line.at.timestamp() * 1_000_000) if line.at else 0


def _once(lines: list[Line]) -> list[Line]:
    """Return the first line of each member, which stands for its place on a roll that is not given; a recusal anywhere counts."""
    first: dict[tuple[str, str], Line] = {}
    for line in lines:
        first.setdefault((line.key, line.electorate), line)
        if line.choice == RECUSED:
            first[line.key, line.electorate] = line
    return list(first.values())
