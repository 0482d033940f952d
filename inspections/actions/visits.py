"""What happens from the notice of a visit to its end."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.canonical import commitment
from core.errors import DomainError, require
from inspections.models import AccessRecord, Finding, Report, Visit
from inspections.permissions import is_on_team, speaks_for_party
from inspections.queries.visits import monitoring_of
from inspections.rules.reports import Conclusion, ReportState
from inspections.rules.visits import Cause, VisitEvent, VisitState, comments_close, next_state
from ledger.actions import record

NOT_ON_TEAM = "Only an inspector of this visit's team records that."
OUTCOMES = {
    VisitEvent.GRANT: ("grant", "access.granted"),
    VisitEvent.DELAY: ("delay", "access.delayed"),
    VisitEvent.REFUSE: ("refuse", "access.refused"),
}


class ReasonNeeded(DomainError):
    """Say what reason was given at the gate."""

    code = "reason_needed"


class CommentsStillOpen(DomainError):
    """The party may still comment on the report."""

    code = "comments_still_open"


def lock_visit(visit: Visit) -> None:
    """Lock the visit's row and read it afresh."""
    visit.refresh_from_db(from_queryset=Visit.objects.select_for_update(of=("self",)).with_names())


def subject_of(visit: Visit) -> dict[str, str | None]:
    """Return what every entry about a visit says."""
    return {
        "visit": visit.key,
        "facility": visit.facility.key,
        "lab": visit.facility.organisation.key,
        "pause": visit.pause.key if visit.pause else None,
    }


@transaction.atomic
def acknowledge_visit(*, visit: Visit, by: User, at: datetime) -> Visit:
    """Record that the party has received the notice and expects the team. A second call changes nothing."""
    lock_visit(visit)
    require(speaks_for_party(by, visit, at=at), "Only a representative of the visited laboratory acknowledges.")
    if visit.acknowledged_at is not None:
        return visit
    visit.state = next_state(VisitState(visit.state), VisitEvent.ACKNOWLEDGE)
    visit.acknowledged_at = at
    visit.save(update_fields=["state", "acknowledged_at"])
    record(kind="visit.acknowledged", payload=subject_of(visit), by=by, at=at)
    return visit


def grant_access(*, visit: Visit, by: User, at: datetime) -> Visit:
    """Record that the team was let in."""
    return _at_the_gate(visit, VisitEvent.GRANT, "", by, at=at)


def delay_access(*, visit: Visit, reason: str, by: User, at: datetime, cause: Cause = Cause.PARTY) -> Visit:
    """Record that the team had to wait; where that is the party's doing, its delay account runs until access is granted."""
    return _at_the_gate(visit, VisitEvent.DELAY, reason, by, at=at, cause=cause)


def refuse_access(*, visit: Visit, reason: str, by: User, at: datetime, cause: Cause = Cause.PARTY) -> Visit:
    """Record that the team was turned away, or could not go in at all."""
    return _at_the_gate(visit, VisitEvent.REFUSE, reason, by, at=at, cause=cause)


@transaction.atomic
def _at_the_gate(
    visit: Visit, event: VisitEvent, reason: str, by: User, *, at: datetime, cause: Cause = Cause.PARTY
) -> Visit:
    lock_visit(visit)
    require(is_on_team(by, visit, at=at), NOT_ON_TEAM)
    if event is not VisitEvent.GRANT and not reason.strip():
        raise ReasonNeeded(fields={"reason": ReasonNeeded().detail})
    state = next_state(VisitState(visit.state), event) if not _said_already(visit, event) else None
    if state is None:
        return visit
    outcome, kind = OUTCOMES[event]
    visit.state = state
    visit.access_at = at if event is VisitEvent.GRANT else None
    visit.save(update_fields=["state", "access_at"])
    salt = secrets.token_hex(32)
    AccessRecord.objects.create(
        visit=visit, outcome=outcome, cause=cause, reason=reason, salt=salt, recorded_at=at, by=by
    )
    payload = {**subject_of(visit), "reason": commitment(salt, reason)}
    record(kind=kind, payload=payload if event is VisitEvent.GRANT else payload | {"cause": cause.value}, by=by, at=at)
    return visit


def _said_already(visit: Visit, event: VisitEvent) -> bool:
    said = {
        VisitEvent.GRANT: VisitState.ACCESS_GRANTED,
        VisitEvent.DELAY: VisitState.ACCESS_DELAYED,
        VisitEvent.REFUSE: VisitState.ACCESS_REFUSED,
    }
    return visit.state == said[event]


@transaction.atomic
def begin_visit(*, visit: Visit, by: User, at: datetime) -> Visit:
    """Record that the inspection has begun."""
    lock_visit(visit)
    require(is_on_team(by, visit, at=at), NOT_ON_TEAM)
    if visit.began_at is not None:
        return visit
    visit.state = next_state(VisitState(visit.state), VisitEvent.BEGIN)
    visit.began_at = at
    visit.save(update_fields=["state", "began_at"])
    record(kind="visit.begun", payload=subject_of(visit), by=by, at=at)
    return visit


@transaction.atomic
def finalise_visit(*, visit: Visit, by: User | None, at: datetime) -> Visit:
    """Make the report final: by the clock once the time for comments has run out, by the team once the party has commented."""
    lock_visit(visit)
    if by is not None:
        require(is_on_team(by, visit, at=at), NOT_ON_TEAM)
    if visit.final_at is not None:
        return visit
    state = next_state(VisitState(visit.state), VisitEvent.FINALISE)
    assert visit.reported_at is not None
    is_open = at < comments_close(visit.reported_at, monitoring_of(visit))
    if is_open and (by is None or visit.state != VisitState.COMMENTED):
        raise CommentsStillOpen
    visit.state = state
    visit.final_at = at
    visit.save(update_fields=["state", "final_at"])
    record(kind="visit.finalised", payload=subject_of(visit), by=by, at=at)
    return visit


@transaction.atomic
def end_visit(*, visit: Visit, at: datetime) -> Visit:
    """End a visit for which nothing more is to be done: closed, or inconclusive where nothing could be concluded.

    A final report with an open finding stays final until the finding is settled. A team that was never let in, and reports nothing by
    the planned end, leaves the visit inconclusive.
    """
    lock_visit(visit)
    event = _ending(visit, at)
    if event is None:
        return visit
    visit.state = next_state(VisitState(visit.state), event)
    visit.ended_at = at
    visit.save(update_fields=["state", "ended_at"])
    visit.team.filter(released_at=None, period__endswith__gt=at).update(released_at=at)
    kind = "visit.closed" if event is VisitEvent.CLOSE else "visit.left_open"
    record(kind=kind, payload=subject_of(visit), by=None, at=at)
    return visit


def _ending(visit: Visit, at: datetime) -> VisitEvent | None:
    match VisitState(visit.state):
        case VisitState.FINAL:
            if Finding.objects.public().open().filter(report__visit=visit).exists():
                return None
            newest = Report.objects.filter(visit=visit, state=ReportState.SUBMITTED).order_by("-version").first()
            is_open = newest is None or newest.conclusion == Conclusion.INCONCLUSIVE
            return VisitEvent.LEAVE_OPEN if is_open else VisitEvent.CLOSE
        case VisitState.ACCESS_REFUSED | VisitState.ACCESS_DELAYED if at >= visit.planned_until:
            has_draft = Report.objects.filter(visit=visit).exists()
            return None if has_draft else VisitEvent.LEAVE_OPEN
        case _:
            return None


@transaction.atomic
def move_on(*, visit: Visit, at: datetime) -> Visit:
    """Do what time has decided: make the report final, end the visit. Records what each step records; else nothing."""
    lock_visit(visit)
    reported = visit.state in {VisitState.PRELIMINARY, VisitState.COMMENTED}
    if reported and visit.reported_at and at >= comments_close(visit.reported_at, monitoring_of(visit)):
        finalise_visit(visit=visit, by=None, at=at)
    return end_visit(visit=visit, at=at)
