"""The seed of a draw: from the values that organisations committed to, the operator's own, and the record at the moment they were sealed.

Who commits does so before anybody's value is known. A value is taken when it opens its commitment, whoever hands it in. The
operator's value is committed to first and opened last: whoever withholds a value does not know what that brings about, and the
operator, who can neither change its value nor know theirs in time, cannot choose either (docs/decisions/0014-the-draw.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from core.canonical import commitment, tagged_digest
from core.durations import Duration
from core.errors import DomainError, Malformed
from inspections.rules.draws import Ticketed

# What is drawn from had been declared this long before: an entry dated a moment earlier may be committed a moment later.
SETTLED: Final = timedelta(minutes=1)
HEX: Final = frozenset("0123456789abcdef")


class DrawRefused(DomainError):
    """The draw does not take that now."""

    code = "draw_refused"


class Stage(StrEnum):
    """Where a draw is."""

    COMMITTING = "committing"
    SEALING = "sealing"  # nothing more is committed to; its sealing is not on record yet
    REVEALING = "revealing"
    DRAWING = "drawing"  # no value is taken any more; its result is not on record yet
    DRAWN = "drawn"


@dataclass(frozen=True)
class Dates:
    """The instants of a draw; None is not yet."""

    opened_at: datetime
    commit_by: datetime
    sealed_at: datetime | None = None
    reveal_by: datetime | None = None
    drawn_at: datetime | None = None


@dataclass(frozen=True)
class Contribution:
    """What an organisation committed to, and its value where that was handed in; without it, it is withheld."""

    organisation: str
    commitment: str
    value: str | None = None


def stage(dates: Dates, at: datetime) -> Stage:
    """Return where a draw is at `at`."""
    if dates.drawn_at is not None and dates.drawn_at <= at:
        return Stage.DRAWN
    if dates.sealed_at is None or dates.reveal_by is None or at < dates.sealed_at:
        return Stage.COMMITTING if at < dates.commit_by else Stage.SEALING
    return Stage.REVEALING if at < dates.reveal_by else Stage.DRAWING


def next_due(last_opened_at: datetime | None, every: Duration, since: datetime) -> datetime:
    """Return when the next draw is due: at `since` where there was none, then `every` after the last was opened."""
    return since if last_opened_at is None else every.after(last_opened_at)


def value_commitment(draw: str, organisation: str, value: str) -> str:
    """Return what is committed to: the value is the salt, so it hides itself; draw and organisation stand in it, so nobody can copy it.

    The operator's own has no organisation: "".
    """
    if not _is_hash(value):
        raise Malformed("A value is 32 random bytes, written as 64 hexadecimal digits in lower case.")
    return commitment(value, {"draw": draw, "organisation": organisation})


def check_commitment(commitment: str) -> None:
    """Raise Malformed unless it is written as a commitment is."""
    if not _is_hash(commitment):
        raise Malformed("A commitment is a SHA-256 hash, written as 64 hexadecimal digits in lower case.")


def opens(draw: str, organisation: str, value: str, committed: str) -> bool:
    """Whether `value` is what was committed to."""
    return value_commitment(draw, organisation, value) == committed


def tickets(sites: Iterable[tuple[str, str, Fraction | None]]) -> tuple[Ticketed, ...]:
    """Return the list that is drawn from, by key: (facility, laboratory, operations per second as declared, None where nothing was).

    A site about which nothing was declared weighs as much as the largest of all, so silence gains nothing; one that is declared
    empty is left out. Weights are whole operations per second, exact, so they add up however a site is divided.
    """
    known = [(key, lab, None if held is None else int(held)) for key, lab, held in sites]
    largest = max((held for _, _, held in known if held), default=1)
    return tuple(
        Ticketed(key, largest if held is None else held, lab)
        for key, lab, held in sorted(known)
        if held is None or held
    )


def list_hash(listed: Iterable[Ticketed], *, places: int, per_party: int) -> str:
    """Return the hash of all that is fixed before the seed exists: the sites with parties and weights, the places and the cap."""
    sites = sorted([one.key, one.group, str(one.weight)] for one in listed)
    return tagged_digest("fermata/draw-list/v1", {"sites": sites, "places": places, "per_party": per_party})


def caps(listed: Iterable[Ticketed], per_party: int) -> dict[str, int]:
    """Return how many places each party can have at most."""
    return {one.group: per_party for one in listed}


def seed(*, draw: str, listed: str, root: str, contributions: Iterable[Contribution], value: str) -> str:
    """Return the seed in hex: from the list's hash, the record's root at the sealing, every commitment with its value, and the operator's value."""
    values = sorted([one.organisation, one.commitment, one.value] for one in contributions)
    return tagged_digest(
        "fermata/draw-seed/v1", {"draw": draw, "list": listed, "root": root, "values": values, "operator": value}
    )


@dataclass(frozen=True)
class Standing:
    """How an organisation stands in a draw: what it committed to, whether its value is known, and whether it withheld it."""

    contribution: Contribution
    is_withheld: bool


def standings(contributions: Iterable[Contribution], where: Stage) -> list[Standing]:
    """Return the contributions by organisation; a value that is not there once the time is over is withheld."""
    over = where in {Stage.DRAWING, Stage.DRAWN}
    return [
        Standing(one, over and one.value is None) for one in sorted(contributions, key=lambda one: one.organisation)
    ]


def _is_hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= HEX
