"""A monitoring body: its mandate, its inspectors, and what it could be in conflict about."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.queries.organisations import affiliates
from accounts.rules.organisations import Role
from inspections.models import Designation, Mandate
from treaty.queries.parties import participating_bodies


@dataclass(frozen=True)
class InspectorRow:
    """An inspector of the body, and the designation that holds, if any."""

    user: User
    designation: Designation | None


@dataclass(frozen=True)
class BodyOverview:
    """What a body's page shows at an instant."""

    body: Organisation
    participates: bool
    mandate: Mandate | None
    inspectors: tuple[InspectorRow, ...]
    affiliates: tuple[Organisation, ...]


def overview(body: Organisation, at: datetime) -> BodyOverview:
    """Return the body's page, in seven queries however many inspectors there are."""
    people = Membership.objects.in_force(at).filter(organisation=body, role=Role.INSPECTOR).select_related("user")
    designated = {
        one.user_id: one
        for one in Designation.objects.valid(at)
        .filter(body=body)
        .select_related("user")
        .prefetch_related("availabilities")
    }
    return BodyOverview(
        body=body,
        participates=body in participating_bodies(at),
        mandate=Mandate.objects.in_force(at).filter(body=body).first(),
        inspectors=tuple(InspectorRow(one.user, designated.get(one.user_id)) for one in people.order_by("user__name")),
        affiliates=tuple(Organisation.objects.filter(pk__in=affiliates(body, at)).order_by("name")),
    )
