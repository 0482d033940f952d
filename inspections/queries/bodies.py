"""A monitoring body: its mandate, its inspectors, and what it could be in conflict about."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.queries.organisations import affiliates
from accounts.rules.organisations import Role
from core.durations import Duration
from inspections.models import Designation, Mandate, Refusal
from inspections.queries.candidates import pool
from inspections.queries.training import CourseRow, courses_of
from inspections.rules.conflicts import may_refuse
from treaty.queries.parties import participating_bodies
from treaty.queries.texts import rules_at


@dataclass(frozen=True)
class InspectorRow:
    """An inspector of the body, and the designation that holds, if any."""

    user: User
    designation: Designation | None
    courses: tuple[CourseRow, ...] = ()  # none where the text asks for none


@dataclass(frozen=True)
class Sendable:
    """The inspectors who could be sent to a laboratory, those it refused, and how many have to remain."""

    pool: tuple[Designation, ...]
    refusals: tuple[Refusal, ...]
    smallest: int
    takes_effect_after: Duration

    @property
    def can_refuse(self) -> bool:
        """Whether one more may be refused."""
        return may_refuse(len(self.pool), self.smallest)


def sendable(lab: Organisation, at: datetime) -> Sendable:
    """Return who could be sent to the laboratory at `at`."""
    monitoring = rules_at(at).monitoring
    refusals = Refusal.objects.standing(at).filter(lab=lab, designation__valid_until__gt=at)
    return Sendable(
        pool=tuple(pool(lab, at)),
        refusals=tuple(refusals.select_related("designation__user", "designation__body")),
        smallest=monitoring.smallest_pool,
        takes_effect_after=monitoring.refusal_effective_after,
    )


@dataclass(frozen=True)
class BodyOverview:
    """What a body's page shows at an instant."""

    body: Organisation
    participates: bool
    mandate: Mandate | None
    inspectors: tuple[InspectorRow, ...]
    affiliates: tuple[Organisation, ...]
    refusals: tuple[Refusal, ...]


def overview(body: Organisation, at: datetime) -> BodyOverview:
    """Return the body's page, in nine queries however many inspectors there are."""
    held = Membership.objects.in_force(at).filter(organisation=body, role=Role.INSPECTOR).select_related("user")
    designated = {
        one.user_id: one
        for one in Designation.objects.valid(at)
        .filter(body=body)
        .select_related("user")
        .prefetch_related("availabilities")
    }
    people = list(held.order_by("user__name"))
    courses = courses_of([one.user_id for one in people], at)
    return BodyOverview(
        body=body,
        participates=body in participating_bodies(at),
        mandate=Mandate.objects.in_force(at).filter(body=body).first(),
        inspectors=tuple(
            InspectorRow(one.user, designated.get(one.user_id), tuple(courses.get(one.user_id, ()))) for one in people
        ),
        affiliates=tuple(Organisation.objects.filter(pk__in=affiliates(body, at)).order_by("name")),
        refusals=tuple(
            Refusal.objects.standing(at)
            .filter(designation__body=body, designation__valid_until__gt=at)
            .select_related("lab", "designation__user")
        ),
    )
