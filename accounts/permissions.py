"""Who may act for whom: one predicate a question, used by actions, views and templates alike."""

from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.rules.organisations import BINDING, NEEDS_SECOND_FACTOR, Role


def has_role(user: User | None, role: Role, organisation: Organisation | None = None, *, at: datetime) -> bool:
    """Whether `user` holds `role` at `at`, in `organisation` or, without one, anywhere."""
    if user is None or not user.is_authenticated:
        return False
    held = Membership.objects.in_force(at).filter(user=user, role=role)
    return (held.filter(organisation=organisation) if organisation else held).exists()


def represents(user: User | None, organisation: Organisation, *, at: datetime) -> bool:
    """Whether `user` may bind `organisation`: a lab's representative, a body's officer, the secretariat's depositary."""
    if user is None or not user.is_authenticated:
        return False
    return Membership.objects.in_force(at).filter(user=user, organisation=organisation, role__in=BINDING).exists()


def inspects_for(user: User | None, body: Organisation, *, at: datetime) -> bool:
    """Whether `user` is an inspector of `body`."""
    return has_role(user, Role.INSPECTOR, body, at=at)


def is_depositary(user: User | None, *, at: datetime) -> bool:
    """Whether `user` acts for the secretariat."""
    return has_role(user, Role.DEPOSITARY, at=at)


def may_appoint(user: User | None, organisation: Organisation, *, at: datetime) -> bool:
    """Whether `user` may say who acts for `organisation`: its own people who bind it. The depositary names only the first.

    None is the operator's command that opens the secretariat, likewise for the first person only.
    """
    if represents(user, organisation, at=at):
        return True
    if user is not None and not is_depositary(user, at=at):
        return False
    return not Membership.objects.in_force(at).filter(organisation=organisation, role__in=BINDING).exists()


def needs_second_factor(user: User, *, at: datetime) -> bool:
    """Whether `user` acts for a laboratory, a body or the secretariat, and so needs a second factor."""
    return Membership.objects.in_force(at).filter(user=user, organisation__kind__in=NEEDS_SECOND_FACTOR).exists()
