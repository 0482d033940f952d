"""Who may do what about inspections: one predicate a question, used by actions, views and templates alike."""

from datetime import datetime

from django.db.models import Q

from accounts.models import Membership, Organisation, User
from accounts.permissions import has_role, inspects_for, represents
from accounts.queries.organisations import affiliates
from accounts.rules.organisations import Role
from inspections.models import Challenge, Evidence, Mandate, Report, Visit, VisitInspector
from inspections.queries.redactions import taken_out
from inspections.rules.passages import PHOTOGRAPHS
from inspections.rules.reports import Mark, ReportState
from labs.models import Facility
from treaty.permissions import bodies_acting, can_determine_for, is_independent_of
from treaty.queries.parties import bound_labs, participating_bodies


def can_judge_request(challenge: Challenge, body: Organisation, *, at: datetime) -> bool:
    """Whether `body` may find the request frivolous: it did not ask, and is independent of who did."""
    return body.pk not in {challenge.requester_id, *affiliates(challenge.requester, at)}


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


def marks_open_to(user: User | None, report: Report, *, at: datetime) -> frozenset[Mark]:
    """Return which passages of the report `user` may read: all to the team and its bodies' officers, and once the report is submitted
    all to the inspected party, those for the parties to whoever acts for a party or a body, the public ones to everybody.
    """
    if can_read_draft(user, report.visit, at=at):
        return frozenset(Mark)
    if report.state != ReportState.SUBMITTED:
        return frozenset()
    if speaks_for_party(user, report.visit, at=at):
        return frozenset(Mark)
    return frozenset({Mark.PUBLIC, Mark.PARTIES} if acts_in_the_treaty(user, at=at) else {Mark.PUBLIC})


def acts_in_the_treaty(user: User | None, *, at: datetime) -> bool:
    """Whether `user` acts for a laboratory that the treaty binds, or for an accredited body."""
    if user is None or not user.is_authenticated:
        return False
    members = Q(organisation__in=bound_labs(at)) | Q(organisation__in=participating_bodies(at))
    return Membership.objects.in_force(at).filter(members, user=user).exists()


def can_see_photograph(user: User | None, evidence: Evidence, *, at: datetime) -> bool:
    """Whether `user` may see the copy for publication; one that was taken out of what is published is sealed."""
    number = evidence.report.evidence.filter(pk__lte=evidence.pk).count()
    mark = Mark.SEALED if f"{PHOTOGRAPHS}.{number}" in taken_out(evidence.report) else Mark(evidence.mark)
    return mark in marks_open_to(user, evidence.report, at=at)


def can_settle(user: User | None, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` may say what became of a finding."""
    return can_read_draft(user, visit, at=at)


def can_dissent_for(user: User | None, body: Organisation, visit: Visit, *, at: datetime) -> bool:
    """Whether `user` may dissent for `body` from a report on the visit: an officer, and the body is independent of the laboratory."""
    return can_determine_for(user, body, at=at) and is_independent_of(body, visit.facility.organisation, at=at)


def can_designate(user: User | None, body: Organisation, *, at: datetime) -> bool:
    """Whether `user` may designate inspectors for `body`."""
    return has_role(user, Role.OFFICER, body, at=at)


def can_read_agreement(user: User | None, facility: Facility, *, at: datetime) -> bool:
    """Whether `user` may read how the facility is inspected: its laboratory, and whoever acts for an accredited body."""
    roles = (Role.OFFICER, Role.INSPECTOR)
    return represents(user, facility.organisation, at=at) or bool(bodies_acting(user, at=at, roles=roles))


def can_handle_tips(user: User | None, body: Organisation, *, at: datetime) -> bool:
    """Whether `user` may take sealed tips for `body`: its officers, while the treaty knows it as a monitoring body."""
    return has_role(user, Role.OFFICER, body, at=at) and body in participating_bodies(at)


def can_observe(user: User | None, body: Organisation, facility: Facility, layer: str, *, at: datetime) -> bool:
    """Whether `user` may say for `body` what it saw of a layer of the facility: its people, accredited, mandated, independent."""
    if not acts_for_independent_body(user, body, facility, at=at):
        return False
    mandate = Mandate.objects.in_force(at).filter(body=body).first()
    return mandate is None or layer in mandate.layers


def can_settle_alarm(user: User | None, body: Organisation, facility: Facility, *, at: datetime) -> bool:
    """Whether `user` may say for `body` what became of an alarm."""
    return acts_for_independent_body(user, body, facility, at=at)


def acts_for_independent_body(user: User | None, body: Organisation, facility: Facility, *, at: datetime) -> bool:
    """Whether `user` is an officer or inspector of an accredited body that is no affiliate of the facility's laboratory."""
    if body not in participating_bodies(at) or body.pk in affiliates(facility.organisation, at):
        return False
    return has_role(user, Role.OFFICER, body, at=at) or inspects_for(user, body, at=at)
