"""Who may do what about inspections: one predicate a question, used by actions, views and templates alike."""

from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.permissions import has_role, inspects_for, represents
from accounts.rules.organisations import Role
from inspections.models import Evidence, Report, Visit, VisitInspector
from inspections.rules.reports import ReportState


def is_on_team(user: User | None, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` is booked for the visit and still an inspector of the body that sends them."""
    if user is None or not user.is_authenticated:
        return False
    booking = (
        VisitInspector.objects.filter(visit=visit, designation__user=user, released_at=None)
        .select_related("designation__body")
        .first()
    )
    return booking is not None and inspects_for(user, booking.designation.body, at=at)


def speaks_for_party(user: User | None, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` represents the laboratory whose facility is visited."""
    return represents(user, visit.facility.organisation, at=at)


def oversees(user: User | None, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` is an officer of a body that sends somebody of the team."""
    if user is None or not user.is_authenticated:
        return False
    bodies = VisitInspector.objects.filter(visit=visit, released_at=None).values("designation__body")
    return Membership.objects.in_force(at).filter(user=user, role=Role.OFFICER, organisation__in=bodies).exists()


def can_read_draft(user: User | None, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` may see a report before it is submitted, and sealed originals: the team and its bodies' officers."""
    return is_on_team(user, visit, at=at) or oversees(user, visit, at=at)


def can_read_confidential(user: User | None, report: Report, *, at: datetime) -> bool:
    """Whether `user` may see the confidential parts: the bodies, and the inspected party once the report is submitted."""
    if can_read_draft(user, report.visit, at=at):
        return True
    return report.state == ReportState.SUBMITTED and speaks_for_party(user, report.visit, at=at)


def can_see_photograph(user: User | None, evidence: Evidence, *, at: datetime) -> bool:
    """Whether `user` may see the copy for publication: everybody, once the report is submitted and it is not confidential."""
    is_public = evidence.report.state == ReportState.SUBMITTED and not evidence.confidential
    return is_public or can_read_confidential(user, evidence.report, at=at)


def can_settle(user: User | None, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` may say what became of a finding."""
    return can_read_draft(user, visit, at=at)


def can_designate(user: User | None, body: Organisation, *, at: datetime) -> bool:
    """Whether `user` may designate inspectors for `body`."""
    return has_role(user, Role.OFFICER, body, at=at)
