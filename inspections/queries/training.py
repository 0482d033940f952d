"""What inspectors are trained in, and what runs out."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership, User
from accounts.rules.organisations import Role
from core.times import Period
from inspections.models import Designation, Training
from inspections.rules.training import Held, Validity, validity
from treaty.queries.texts import rules_at, text_at
from treaty.rules.monitoring import Training as Terms


@dataclass(frozen=True)
class CourseRow:
    """A course of the text, and how it stands for an inspector."""

    course: str
    name: str
    validity: Validity
    until: datetime | None


def terms_at(at: datetime) -> Terms | None:
    """Return what the text in force says of training; None where it asks for none."""
    return rules_at(at).monitoring.training if text_at(at) else None


def held_by(users: Collection[int], at: datetime) -> dict[int, Held]:
    """Return the courses of these people as entered by `at`, by person and course."""
    found: dict[int, dict[str, list[Period]]] = defaultdict(lambda: defaultdict(list))
    for one in Training.objects.filter(user__in=users, recorded_at__lte=at):
        found[one.user_id][one.course].append(Period(one.completed_at, one.valid_until))
    return {pk: dict(courses) for pk, courses in found.items()}


def courses_of(users: Collection[int], at: datetime) -> dict[int, list[CourseRow]]:
    """Return every course of the text in force for each of these people; nothing where it asks for none."""
    terms = terms_at(at)
    if terms is None:
        return {}
    held = held_by(users, at)
    return {pk: [_row(terms, key, held.get(pk, {}), at) for key in terms.courses] for pk in users}


def _row(terms: Terms, course: str, held: Held, at: datetime) -> CourseRow:
    state, until = validity(terms, held.get(course, ()), at)
    return CourseRow(course, terms.courses[course].name, state, until)


def inspectors_of(officer: User, at: datetime) -> list[Membership]:
    """Return the designated inspectors of the bodies that `officer` is an officer of, and `officer` as one."""
    designated = Designation.objects.valid(at)
    own = Membership.objects.in_force(at).filter(user=officer)
    bodies = own.filter(role=Role.OFFICER).values("organisation")
    found = Membership.objects.in_force(at).filter(role=Role.INSPECTOR, organisation__in=bodies)
    found |= own.filter(role=Role.INSPECTOR)
    found = found.filter(user__in=designated.values("user"))
    return list(found.select_related("user", "organisation").order_by("organisation__name", "user__name"))
