"""The way of a visit: one table of states, and the timers that run in them.

Acknowledging is asked for, not waited for: inspectors go in from `notified` too. "Unable to verify" is an answer, so a visit can
end *inconclusive* without anybody being in the wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.durations import Duration, Unit
from core.errors import DomainError
from treaty.rules.text import Monitoring


class VisitKind(StrEnum):
    """Why inspectors come."""

    PAUSE_VERIFICATION = "pause_verification"
    BASELINE = "baseline"  # of a new site, or one of which too little is known since
    ROUTINE = "routine"
    SHORT_NOTICE = "short_notice"  # drawn
    CHALLENGE = "challenge"
    SPECIAL = "special"
    CLOSE_OUT = "close_out"  # of a site that was closed


class VisitState(StrEnum):
    """Where a visit is."""

    PLANNED = "planned"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    ACCESS_GRANTED = "access_granted"
    ACCESS_DELAYED = "access_delayed"
    ACCESS_REFUSED = "access_refused"
    IN_PROGRESS = "in_progress"
    PRELIMINARY = "preliminary"
    COMMENTED = "commented"
    FINAL = "final"
    CLOSED = "closed"
    INCONCLUSIVE = "inconclusive"
    CANCELLED = "cancelled"


class VisitEvent(StrEnum):
    """What moves a visit on."""

    NOTIFY = "notify"
    ACKNOWLEDGE = "acknowledge"
    GRANT = "grant"
    DELAY = "delay"
    REFUSE = "refuse"
    BEGIN = "begin"
    REPORT = "report"
    COMMENT = "comment"
    FINALISE = "finalise"
    CLOSE = "close"
    LEAVE_OPEN = "leave_open"  # nothing could be concluded
    CANCEL = "cancel"


class Cause(StrEnum):
    """Why a team could not go in. Only the party's own doing is on its delay account and among its refusals."""

    PARTY = "party"
    FORCE_MAJEURE = "force_majeure"  # nobody's doing: a storm, a strike, a closed border
    INABILITY = "inability"  # the team's own: it was late, ill or without its equipment


S, E = VisitState, VisitEvent
BEFORE_ACCESS = (S.NOTIFIED, S.ACKNOWLEDGED, S.ACCESS_DELAYED)
TRANSITIONS: dict[tuple[VisitState, VisitEvent], VisitState] = {
    (S.PLANNED, E.NOTIFY): S.NOTIFIED,
    (S.PLANNED, E.CANCEL): S.CANCELLED,
    (S.NOTIFIED, E.CANCEL): S.CANCELLED,
    (S.ACKNOWLEDGED, E.CANCEL): S.CANCELLED,
    (S.NOTIFIED, E.ACKNOWLEDGE): S.ACKNOWLEDGED,
    **{(state, E.GRANT): S.ACCESS_GRANTED for state in (*BEFORE_ACCESS, S.ACCESS_REFUSED)},
    **{(state, E.DELAY): S.ACCESS_DELAYED for state in BEFORE_ACCESS},
    **{(state, E.REFUSE): S.ACCESS_REFUSED for state in BEFORE_ACCESS},
    (S.ACCESS_GRANTED, E.BEGIN): S.IN_PROGRESS,
    (S.IN_PROGRESS, E.REPORT): S.PRELIMINARY,
    (S.ACCESS_REFUSED, E.REPORT): S.PRELIMINARY,  # what the team saw at the gate is a report too
    (S.PRELIMINARY, E.COMMENT): S.COMMENTED,
    (S.PRELIMINARY, E.FINALISE): S.FINAL,
    (S.COMMENTED, E.FINALISE): S.FINAL,
    (S.FINAL, E.CLOSE): S.CLOSED,
    (S.FINAL, E.LEAVE_OPEN): S.INCONCLUSIVE,
    (S.ACCESS_REFUSED, E.LEAVE_OPEN): S.INCONCLUSIVE,
    (S.ACCESS_DELAYED, E.LEAVE_OPEN): S.INCONCLUSIVE,
}
ENDED = frozenset({S.CLOSED, S.INCONCLUSIVE, S.CANCELLED})
# While it may still need its inspectors on the planned days.
ON_THE_CALENDAR = frozenset(
    {S.PLANNED, S.NOTIFIED, S.ACKNOWLEDGED, S.ACCESS_GRANTED, S.ACCESS_DELAYED, S.ACCESS_REFUSED, S.IN_PROGRESS}
)
# Notice goes out this much before the text's last moment, so that a sweep that comes a little late never shortens it.
SLACK = timedelta(minutes=15)
REPORTABLE = frozenset({S.IN_PROGRESS, S.ACCESS_REFUSED})
# What was reported is amended afterwards, however long ago; it is never edited.
AMENDABLE = frozenset({S.PRELIMINARY, S.COMMENTED, S.FINAL, S.CLOSED, S.INCONCLUSIVE})


class OutOfTurn(DomainError):
    """The visit is not at the stage where that can happen."""

    code = "visit_out_of_turn"


def next_state(state: VisitState, event: VisitEvent) -> VisitState:
    """Return the state after `event`; raise OutOfTurn where the table has none."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        words = f"The visit is {state.replace('_', ' ')}: that cannot be followed by “{event.replace('_', ' ')}”."
        raise OutOfTurn(words) from None


def can_follow(state: VisitState, event: VisitEvent) -> bool:
    """Whether `event` may happen now."""
    return (state, event) in TRANSITIONS


@dataclass(frozen=True)
class VisitFacts:
    """The instants of a visit; None is not yet."""

    planned_from: datetime
    planned_until: datetime
    notice_due_at: datetime
    notified_at: datetime | None = None
    acknowledged_at: datetime | None = None
    access_at: datetime | None = None
    began_at: datetime | None = None
    reported_at: datetime | None = None
    commented_at: datetime | None = None
    final_at: datetime | None = None
    kind: VisitKind = VisitKind.ROUTINE


@dataclass(frozen=True)
class Timer:
    """One stage's deadline. `late` is how far past it the stage was, or is by now."""

    stage: str
    due_at: datetime
    done_at: datetime | None
    late: timedelta

    @property
    def is_late(self) -> bool:
        """Whether the deadline was missed."""
        return self.late > timedelta(0)


def notice_of(kind: VisitKind, monitoring: Monitoring) -> Duration:
    """Return the notice that the text gives for a visit of this kind."""
    match kind:
        case VisitKind.ROUTINE | VisitKind.SPECIAL | VisitKind.BASELINE | VisitKind.CLOSE_OUT:
            return monitoring.notice.routine
        case VisitKind.CHALLENGE:
            return monitoring.challenge.arrival_after_notice
        case VisitKind.PAUSE_VERIFICATION | VisitKind.SHORT_NOTICE:
            return monitoring.notice.short


def first_arrival(kind: VisitKind, monitoring: Monitoring, at: datetime) -> datetime:
    """Return the earliest arrival for a visit planned at `at`: the text's notice, and the slack to give it in."""
    return notice_of(kind, monitoring).after(at, holidays=monitoring.holidays) + SLACK


def notice_due(kind: VisitKind, monitoring: Monitoring, planned_from: datetime) -> datetime:
    """Return when notice is to be given for a visit that begins at `planned_from`."""
    return notice_of(kind, monitoring).before(planned_from) - SLACK


def notice_suffices(kind: VisitKind, monitoring: Monitoring, at: datetime, planned_from: datetime) -> bool:
    """Whether notice given at `at` still leaves the text's time before `planned_from`."""
    return notice_of(kind, monitoring).after(at, holidays=monitoring.holidays) <= planned_from


def access_due(kind: VisitKind, planned_from: datetime, monitoring: Monitoring) -> datetime:
    """Return when inspectors who arrive at `planned_from` are to be on site: at once, or within a challenge's time for it."""
    if kind is VisitKind.CHALLENGE:
        return monitoring.challenge.on_site_within.after(planned_from, holidays=monitoring.holidays)
    return planned_from


def leave_by(kind: VisitKind, access_at: datetime, monitoring: Monitoring) -> datetime:
    """Return until when inspectors who came on site at `access_at` may stay."""
    longest = monitoring.challenge.longest if kind is VisitKind.CHALLENGE else monitoring.visit_length
    return longest.after(access_at, holidays=monitoring.holidays)


def planned_end(kind: VisitKind, planned_from: datetime, monitoring: Monitoring) -> datetime:
    """Return until when a visit that begins at `planned_from` is planned: its longest stay after the last moment for access."""
    return leave_by(kind, access_due(kind, planned_from, monitoring), monitoring)


def timers(facts: VisitFacts, monitoring: Monitoring, at: datetime) -> tuple[Timer, ...]:
    """Return the deadlines of every stage, in order, as the text sets them."""
    final_due = monitoring.final_report_within.after(facts.planned_until, holidays=monitoring.holidays)
    stages = [
        ("notice", facts.notice_due_at, facts.notified_at),
        ("acknowledge", facts.planned_from, facts.acknowledged_at or facts.access_at),
        ("access", access_due(facts.kind, facts.planned_from, monitoring), facts.access_at),
        ("report", report_due(facts.planned_until, monitoring), facts.reported_at),
    ]
    if facts.reported_at is not None:
        comments_due = comments_close(facts.reported_at, monitoring)
        stages.append(("comment", comments_due, facts.commented_at or facts.final_at))
    stages.append(("final", final_due, facts.final_at))
    return tuple(Timer(stage, due, done, max((done or at) - due, timedelta(0))) for stage, due, done in stages)


def report_due(planned_until: datetime, monitoring: Monitoring) -> datetime:
    """Return when the report must be in, so that the party's time for comments still fits before the final report."""
    final = monitoring.final_report_within.after(planned_until, holidays=monitoring.holidays)
    if monitoring.comments_within.unit is Unit.WORKING_DAYS:
        return final
    return max(planned_until, monitoring.comments_within.before(final))


def comments_close(reported_at: datetime, monitoring: Monitoring) -> datetime:
    """Return the instant from which a party's comments come too late (exclusive)."""
    return monitoring.comments_within.after(reported_at, holidays=monitoring.holidays)


def delay_of(planned_from: datetime, access_at: datetime | None, at: datetime) -> timedelta:
    """Return how long inspectors waited (so far) for access after the planned hour."""
    return max((access_at or at) - planned_from, timedelta(0))


def is_the_partys(causes: Iterable[Cause]) -> bool:
    """Whether a wait for access is the party's own doing: unless something else was named for all of it."""
    named = list(causes)
    return not named or Cause.PARTY in named


def total_delay(delays: Iterable[timedelta]) -> timedelta:
    """Delays add up: the account of a party."""
    return sum(delays, timedelta(0))
