from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.rules.organisations import BINDING, Role


@dataclass(frozen=True)
class Group:
    """An organisation and the people who act for it, each with their roles."""

    organisation: Organisation
    memberships: tuple[Membership, ...]


def organisations_of(user: User | None, at: datetime) -> list[Organisation]:
    """Return the organisations in which `user` holds any role at `at`, by name."""
    if user is None or not user.is_authenticated:
        return []
    held = Membership.objects.in_force(at).filter(user=user)
    return list(Organisation.objects.filter(pk__in=held.values("organisation")))


def roles_of(user: User, at: datetime) -> list[Membership]:
    """Return the memberships of `user` at `at`, with their organisations."""
    return list(
        Membership.objects.in_force(at)
        .filter(user=user)
        .select_related("organisation")
        .order_by("organisation__name", "role")
    )


def holders(organisation: Organisation, role: Role, at: datetime) -> list[User]:
    """Return the people who hold `role` in `organisation` at `at`."""
    return list(
        User.objects.filter(
            pk__in=Membership.objects.in_force(at).filter(organisation=organisation, role=role).values("user")
        ).order_by("name", "pk")
    )


def binding(organisation: Organisation, at: datetime) -> list[User]:
    """Return the people who may bind `organisation` at `at`: see `accounts.permissions.represents`."""
    held = Membership.objects.in_force(at).filter(organisation=organisation, role__in=BINDING)
    return list(User.objects.filter(pk__in=held.values("user")).order_by("name", "pk"))


def people_by_organisation(at: datetime) -> list[Group]:
    """Return every organisation with its people at `at`, in two queries."""
    people: dict[int, list[Membership]] = {}
    for membership in Membership.objects.in_force(at).select_related("user").order_by("role", "user__name"):
        people.setdefault(membership.organisation_id, []).append(membership)
    kinds = {"laboratory": 0, "body": 1, "secretariat": 2, "observer": 3}
    organisations = sorted(
        Organisation.objects.filter(pk__in=people),
        key=lambda organisation: (kinds[organisation.kind], organisation.name),
    )
    return [Group(organisation, tuple(people[organisation.pk])) for organisation in organisations]
