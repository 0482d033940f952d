"""Which visits a site is due: what the schedule is made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from inspections.rules.schedules import Place
from inspections.rules.visits import VisitKind, first_arrival
from treaty.rules.text import Monitoring


@dataclass(frozen=True)
class Seen:
    """What is known of a site: since when it is in use, until when, when a team was last there, how often it is drawn and not yet planned."""

    place: Place
    counts_from: datetime
    closed_at: datetime | None = None
    last: datetime | None = None
    broken_at: datetime | None = (
        None  # when a stream lost what was known of it, and no visit that could mend it is under way
    )
    drawn: int = 0
    drawn_until: datetime | None = None  # when the next draw is due


@dataclass(frozen=True)
class Due:
    """A visit that is due: its kind, and between which instants."""

    site: str
    kind: VisitKind
    earliest: datetime
    due: datetime


def visits_due(seen: Seen, monitoring: Monitoring, at: datetime, until: datetime) -> Iterator[Due]:
    """Yield the visits that a site is due by `until`: a close-out, a baseline or a routine one; and those that were drawn."""
    schedule = monitoring.schedule
    assert schedule is not None

    def visit(kind: VisitKind, due: datetime, not_before: datetime = at) -> Due:
        return Due(seen.place.key, kind, max(first_arrival(kind, monitoring, at), not_before), due)

    if seen.closed_at is not None:
        if seen.last is None or seen.last < seen.closed_at:
            yield visit(VisitKind.CLOSE_OUT, schedule.close_out_within.after(seen.closed_at))
        return
    if seen.last is None or seen.broken_at is not None:
        yield visit(VisitKind.BASELINE, schedule.baseline_within.after(seen.broken_at or seen.counts_from))
    elif (due := schedule.seen_every.after(seen.last)) <= until:
        yield visit(VisitKind.ROUTINE, due, schedule.routine_after.after(seen.last))
    for _ in range(seen.drawn):
        yield visit(VisitKind.SHORT_NOTICE, seen.drawn_until or until)
