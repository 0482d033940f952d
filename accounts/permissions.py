"""Who may act for whom: one predicate a question, used by actions, views and templates alike."""

from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.rules.organisations import Role


def has_role(user: User | None, role: Role, organisation: Organisation | None = None, *, at: datetime) -> bool:
    """Whether `user` holds `role` at `at`, in `organisation` or, without one, anywhere."""
    if user is None or not user.is_authenticated:
        return False
    held = Membership.objects.in_force(at).filter(user=user, role=role)
    return (held.filter(organisation=organisation) if organisation else held).exists()


def represents(user: User | None, organisation: Organisation, *, at: datetime) -> bool:
    """Whether `user` may bind `organisation`: a lab's representative, a body's officer, the secretariat's depositary."""
    return any(
        has_role(user, role, organisation, at=at) for role in (Role.REPRESENTATIVE, Role.OFFICER, Role.DEPOSITARY)
    )


def inspects_for(user: User | None, body: Organisation, *, at: datetime) -> bool:
    """Whether `user` is an inspector of `body`."""
    return has_role(user, Role.INSPECTOR, body, at=at)


def is_depositary(user: User | None, *, at: datetime) -> bool:
    """Whether `user` acts for the secretariat."""
    return has_role(user, Role.DEPOSITARY, at=at)
