"""Who may act for a laboratory, and who may vouch for a reading: predicates that actions, views and templates share."""

from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.permissions import is_depositary, represents
from accounts.rules.organisations import Kind, Role
from labs.rules.readings import Source


def can_file_for(user: User | None, organisation: Organisation, *, at: datetime) -> bool:
    """Whether `user` may declare, register and submit for the laboratory."""
    return organisation.kind == Kind.LABORATORY and represents(user, organisation, at=at)


def can_vouch(user: User | None, source: Source, organisation: Organisation | None, *, at: datetime) -> bool:
    """Whether `user` may submit a reading from `source` about `organisation`; None is the operator's import of a published file."""
    if user is None:
        return source == Source.OBSERVED
    if source == Source.DECLARED:
        return organisation is not None and can_file_for(user, organisation, at=at)
    held = Membership.objects.in_force(at).filter(
        user=user, organisation__kind=Kind.BODY, role__in=[Role.OFFICER, Role.INSPECTOR]
    )
    return held.exists() or (source == Source.OBSERVED and is_depositary(user, at=at))


def can_review_quarantine(user: User | None, *, at: datetime) -> bool:
    """Whether `user` is one of those of whom two lift a quarantine: officers of monitoring bodies and the depositary."""
    if user is None:
        return False
    return Membership.objects.in_force(at).filter(user=user, role__in=[Role.OFFICER, Role.DEPOSITARY]).exists()


def can_list(user: User | None, *, at: datetime) -> bool:
    """Whether `user` keeps the catalogue and the register: the depositary, or None, the operator's command."""
    return user is None or is_depositary(user, at=at)
