"""The electoral roll: who is entitled, with what weight, and who is recused by computation, never by declaration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import lcm

from core.canonical import Json, digest
from core.errors import DomainError
from treaty.rules.profiles import Electorate, VoteProfile

ONE = Fraction(1)
SESSION = "session"  # what vouches for a ballot, or a delegation, by the sign-in alone


class RollIncomplete(DomainError):
    """The roll cannot be drawn up from what is on record."""

    code = "roll_incomplete"


class Recusal(StrEnum):
    """Why a member on the roll does not vote."""

    SUBJECT = "subject"
    REQUESTER = "requester"
    AFFILIATE = "affiliate"


@dataclass(frozen=True, slots=True)
class RollMember:
    """One line of the roll. A member of two classes has two lines.

    The ballot of its `delegate` counts for a member that casts none itself.
    """

    key: str
    electorate: str
    weight: Fraction = ONE
    recused: Recusal | None = None
    delegate: str | None = None

    def as_json(self) -> list[Json]:
        """Return the line as it is hashed: [member, class, weight, recusal or null], and its delegate where it has one."""
        line: list[Json] = [self.key, self.electorate, str(self.weight), self.recused.value if self.recused else None]
        return [*line, self.delegate] if self.delegate else line


@dataclass(frozen=True)
class Roll:
    """Everybody entitled in a vote, frozen when it is noticed."""

    members: tuple[RollMember, ...]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def lines(self, key: str) -> tuple[RollMember, ...]:
        """Return the lines of the member `key`, one for each class it is in."""
        return tuple(self._by_key.get(key, ()))

    def is_recused(self, key: str) -> bool:
        """Whether `key` is on the roll and recused."""
        return any(member.recused for member in self.lines(key))

    def as_json(self) -> list[Json]:
        """Return the roll as it is hashed and published, line by line in order."""
        ordered = sorted(self.members, key=lambda member: (member.electorate, member.key))
        return [member.as_json() for member in ordered]

    def without(self, key: str) -> "Roll":
        """Return the roll as if `key` had never been on it, nor been anybody's delegate."""
        rest = (member for member in self.members if member.key != key)
        return Roll(tuple(replace(member, delegate=None) if member.delegate == key else member for member in rest))

    @classmethod
    def from_json(cls, lines: Iterable[Sequence[str | None]]) -> "Roll":
        """Read what `as_json` wrote."""
        return cls(
            tuple(
                RollMember(str(key), str(name), Fraction(str(weight)), Recusal(why) if why else None, *delegate)
                for key, name, weight, why, *delegate in lines
            )
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical roll, in hex."""
        return digest(self.as_json())

    @cached_property
    def _by_key(self) -> Mapping[str, list[RollMember]]:
        lines: dict[str, list[RollMember]] = {}
        for member in self.members:
            lines.setdefault(member.key, []).append(member)
        return lines

    @cached_property
    def delegates(self) -> Mapping[str, str]:
        """Each member's delegate, where it has one."""
        return {member.key: member.delegate for member in self.members if member.delegate}

    @cached_property
    def scaled(self) -> Mapping[str, "Scale"]:
        """The entitled of each class, with weights as integers over one denominator."""
        classes: dict[str, list[RollMember]] = {}
        for member in self.members:
            classes.setdefault(member.electorate, []).append(member)
        return {name: _scale(members) for name, members in classes.items()}


@dataclass(frozen=True, slots=True)
class Scale:
    """One class of the roll in integers: `weights` over `denominator`; the recused apart."""

    denominator: int
    weights: Mapping[str, int]
    recused: Mapping[str, int]
    entitled: int
    recused_weight: int


def _scale(members: Sequence[RollMember]) -> Scale:
    ratios = [member.weight.as_integer_ratio() for member in members]
    denominator = lcm(*{below for _, below in ratios})
    entitled: dict[str, int] = {}
    recused: dict[str, int] = {}
    for member, (above, below) in zip(members, ratios, strict=True):
        (recused if member.recused else entitled)[member.key] = above * (denominator // below)
    return Scale(denominator, entitled, recused, sum(entitled.values()), sum(recused.values()))


def recusal(
    key: str,
    profile: VoteProfile,
    *,
    subject: str | None,
    requester: str | None,
    affiliates: Mapping[str, frozenset[str]],
) -> Recusal | None:
    """Say why `key` does not vote on a matter about `subject` that `requester` asked for; None where it does.

    `affiliates` maps the subject and the requester to the organisations that are not independent of them. Affiliates are
    recused only from those roles that the profile recuses.
    """
    if "subject" in profile.recuse and key == subject:
        return Recusal.SUBJECT
    if "requester" in profile.recuse and key == requester:
        return Recusal.REQUESTER
    if "affiliates" in profile.recuse:
        concerned = [(role, who) for role, who in (("subject", subject), ("requester", requester)) if who]
        if any(role in profile.recuse and key in affiliates.get(who, ()) for role, who in concerned):
            return Recusal.AFFILIATE
    return None


def draw_up(
    profile: VoteProfile,
    *,
    labs: Iterable[str],
    bodies: Iterable[str],
    subject: str | None = None,
    requester: str | None = None,
    affiliates: Mapping[str, frozenset[str]] | None = None,
    delegates: Mapping[str, str] | None = None,
) -> Roll:
    """Return the roll of a vote under `profile`, given the labs bound and the bodies accredited at its notice.

    `delegates` were named by sign-in: they hold only where the rule takes ballots by sign-in.
    """
    labs, bodies, known = tuple(labs), tuple(bodies), affiliates or {}
    lines = [
        RollMember(
            key,
            electorate.name,
            _weight_of(key, electorate),
            recusal(key, profile, subject=subject, requester=requester, affiliates=known),
        )
        for electorate in profile.electorates
        for key in sorted(set(_members(electorate, labs, bodies)))
    ]
    return Roll(tuple(_delegated(lines, delegates or {}) if SESSION in profile.keys else lines))


def _delegated(lines: Sequence[RollMember], delegates: Mapping[str, str]) -> list[RollMember]:
    """Name the delegates: none of a recused member, and none who is recused or missing in a class of the member."""
    classes: dict[str, set[str]] = {}
    for line in lines:
        if not line.recused:
            classes.setdefault(line.key, set()).add(line.electorate)
    held = {
        key: delegate
        for key, delegate in delegates.items()
        if key != delegate and key in classes and classes[key] <= classes.get(delegate, set())
    }
    return [replace(line, delegate=held.get(line.key)) for line in lines]


def _members(electorate: Electorate, labs: tuple[str, ...], bodies: tuple[str, ...]) -> tuple[str, ...]:
    match electorate.members:
        case "labs":
            return labs
        case "bodies":
            return bodies
        case "roll":
            raise RollIncomplete(
                f"The class {electorate.name!r} takes its members from a roll file; a vote of the treaty cannot."
            )
        case named:
            return named


def _weight_of(key: str, electorate: Electorate) -> Fraction:
    match electorate.weight:
        case "equal":
            return ONE
        case "roll":
            raise RollIncomplete(
                f"The class {electorate.name!r} takes its weights from a roll file; a vote of the treaty cannot."
            )
        case weights:
            return weights.get(key, ONE)
