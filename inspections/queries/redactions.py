"""Redactions as pages and actions need them."""

from collections.abc import Iterator
from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.permissions import represents
from accounts.rules.organisations import Role
from inspections.models import Redaction, Report, Visit
from inspections.queries.visits import monitoring_of, team_of
from inspections.rules.redactions import RedactionState, deciders, decision_due


def taken_out(report: Report) -> dict[str, Redaction]:
    """Return the redactions that stand in the report, by the place of their passage."""
    granted = report.redactions.filter(state=RedactionState.GRANTED).select_related("organisation", "body")
    return {one.place: one for one in granted}


def bodies_of(visit: Visit) -> dict[str, Organisation]:
    """Return the bodies that sent the team, by key."""
    return {one.designation.body.key: one.designation.body for one in team_of(visit)}


def asks_for(user: User | None, visit: Visit, at: datetime) -> Organisation | None:
    """Return for whom `user` may ask that a passage be taken out: the inspected party, or a body that sent inspectors."""
    lab = visit.facility.organisation
    if represents(user, lab, at=at):
        return lab
    return next(_officers_bodies(user, visit, at), None)


def undecided(user: User, at: datetime) -> list[tuple[Redaction, datetime | None]]:
    """Return what is asked for and `user` may decide, the longest asked first, with by when the text that governs the visit wants it."""
    asked = Redaction.objects.filter(state=RedactionState.ASKED).order_by("asked_at")
    found = asked.select_related("organisation", "report__visit__facility__organisation", "report__visit__text")
    return [(one, due_of(one)) for one in found if decides_for(user, one, at)]


def due_of(redaction: Redaction) -> datetime | None:
    """Return by when the text that governs the visit wants it decided; None where it says nothing of redactions."""
    monitoring = monitoring_of(redaction.report.visit)
    return (
        decision_due(redaction.asked_at, monitoring.redactions, monitoring.holidays) if monitoring.redactions else None
    )


def decides_for(user: User | None, redaction: Redaction, at: datetime) -> Organisation | None:
    """Return the body for which `user` may decide, one that did not ask itself."""
    allowed = deciders(bodies_of(redaction.report.visit), redaction.organisation.key)
    return next((body for body in _officers_bodies(user, redaction.report.visit, at) if body.key in allowed), None)


def _officers_bodies(user: User | None, visit: Visit, at: datetime) -> Iterator[Organisation]:
    if user is None or not user.is_authenticated:
        return
    held = Membership.objects.in_force(at).filter(user=user, role=Role.OFFICER).values_list("organisation", flat=True)
    yield from (body for body in bodies_of(visit).values() if body.pk in set(held))
