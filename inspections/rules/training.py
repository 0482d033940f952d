"""When an inspector may be sent as far as training goes: while every course that the text asks for is held and has not run out (Art. 14)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from core.times import Period
from treaty.rules.monitoring import Training

type Held = Mapping[str, Sequence[Period]]  # by course: when it holds


class Validity(StrEnum):
    """How a course stands for an inspector."""

    MISSING = "missing"
    LAPSED = "lapsed"
    RUNNING_OUT = "running_out"
    VALID = "valid"


def valid_until(training: Training, course: str, completed_at: datetime) -> datetime:
    """Return until when a course holds that was completed then."""
    return training.courses[course].valid_for.after(completed_at)


def trained(training: Training | None, held: Held) -> tuple[Period, ...] | None:
    """Return when every course holds at once, without gaps between; None where the text asks for none."""
    if training is None:
        return None
    found: list[Period] | None = None
    for course in training.courses:
        own = _joined(held.get(course, ()))
        found = own if found is None else _both(found, own)
    return tuple(found or ())


def missing(training: Training | None, held: Held, period: Period) -> list[str]:
    """Return the courses that do not hold for the whole of a visit, in the text's order."""
    courses = training.courses if training else ()
    return [course for course in courses if not covers(_joined(held.get(course, ())), period)]


def covers(allowed: Iterable[Period], period: Period) -> bool:
    """Whether one of the periods holds all of another one."""
    return any(
        one.start <= period.start and (one.end is None or (period.end is not None and period.end <= one.end))
        for one in allowed
    )


def validity(training: Training, held: Sequence[Period], at: datetime) -> tuple[Validity, datetime | None]:
    """Return how a course stands at `at`, and until when it holds or held; None where it never did."""
    begun = [one for one in _joined(held) if one.start <= at]
    if not begun:
        return Validity.MISSING, None
    until = begun[-1].end
    if until is None or until <= at:
        return Validity.LAPSED, until
    soon = training.renewed_before.after(at) >= until
    return (Validity.RUNNING_OUT if soon else Validity.VALID), until


def _joined(periods: Iterable[Period]) -> list[Period]:
    """Return the periods in order, those that touch or overlap made one."""
    found: list[Period] = []
    for one in sorted(periods, key=lambda one: one.start):
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end < one.start):
            found.append(one)
        elif last.end is not None and (one.end is None or one.end > last.end):
            found[-1] = Period(last.start, one.end)
    return found


def _both(some: Iterable[Period], others: Sequence[Period]) -> list[Period]:
    return [
        Period(max(one.start, other.start), _earlier(one.end, other.end))
        for one in some
        for other in others
        if one.overlaps(other)
    ]


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((end for end in (one, other) if end is not None), default=None)
