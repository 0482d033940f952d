from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import Invitation, Membership, Organisation, User
from accounts.permissions import may_appoint
from accounts.rules.names import proper_name
from accounts.rules.organisations import BINDING, ROLES, Kind, Role
from accounts.tasks import send_invitation
from core.errors import DomainError, require
from ledger.actions import record

GOOD_FOR = timedelta(days=7)
APPOINTERS = "Only those who act for the organisation say who else does."


class RoleRefused(DomainError):
    """The organisation has no such role."""

    code = "role_refused"


class InvitationRefused(DomainError):
    """The invitation cannot be accepted: it was used, withdrawn, or has expired. Ask for a new one."""

    code = "invitation_refused"


class LastOne(DomainError):
    """Nobody else can act for the organisation. Appoint a successor first."""

    code = "last_one"


@transaction.atomic
def appoint(*, user: User, organisation: Organisation, role: Role, by: User | None, at: datetime) -> Membership:
    """Give a person a role in an organisation, from now on."""
    _lock(organisation)
    require(may_appoint(by, organisation, at=at), APPOINTERS)
    known = Membership.objects.in_force(at).filter(user=user, organisation=organisation, role=role).first()
    return known or _appoint(user, organisation, role, by, at)


@transaction.atomic
def end_membership(*, membership: Membership, by: User, at: datetime) -> Membership:
    """End a person's role: they themselves or those who may appoint. The last one who binds the organisation stays."""
    _lock(membership.organisation)
    membership.refresh_from_db()
    require(membership.user_id == by.pk or may_appoint(by, membership.organisation, at=at), APPOINTERS)
    if membership.until_at:
        return membership
    others = (
        Membership.objects.in_force(at)
        .filter(organisation=membership.organisation, role__in=BINDING)
        .exclude(pk=membership.pk)
    )
    if membership.role in BINDING and not others.exists():
        raise LastOne
    membership.until_at = at
    membership.save(update_fields=["until_at"])
    record(kind="member.ended", payload=_payload(membership), by=by, at=at)
    return membership


@transaction.atomic
def invite(*, email: str, organisation: Organisation, role: Role, by: User | None, at: datetime) -> Invitation:
    """Ask a person to act for an organisation; the link goes to their address alone and is good for seven days, once."""
    _lock(organisation)
    require(may_appoint(by, organisation, at=at), APPOINTERS)
    _check_role(organisation, role)
    address = User.objects.normalize_email(email).lower()
    known = Invitation.objects.filter(
        organisation=organisation, role=role, email=address, accepted_at=None, withdrawn_at=None
    ).first()
    if known and known.expires_at > at:
        return known
    if known:
        known.withdrawn_at = at
        known.save(update_fields=["withdrawn_at"])
    invitation = Invitation.objects.create(
        organisation=organisation, role=role, email=address, invited_by=by, invited_at=at, expires_at=at + GOOD_FOR
    )
    record(
        kind="member.invited",
        payload={"organisation": organisation.key, "role": str(role), "invitation": invitation.pk},
        by=by,
        at=at,
    )
    if by is not None:
        send_invitation.delay_on_commit(invitation_id=invitation.pk)  # type: ignore[attr-defined] # Celery's task for Django, which its stubs do not know
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, name: str, password: str, at: datetime) -> User:
    """Accept: the invited person's account, or the one they have under this address, takes the role.

    `password` is for a new account only; somebody who has one proves it by signing in (the view asks for that).
    """
    _lock(invitation.organisation)
    invitation.refresh_from_db(from_queryset=Invitation.objects.select_for_update(no_key=True))
    if invitation not in Invitation.objects.open_at(at):
        raise InvitationRefused
    require(
        _still_may(invitation, at), "Whoever invited you no longer acts for the organisation. Ask for a new invitation."
    )
    user = User.objects.filter(email=invitation.email).first() or _account(
        invitation.email, proper_name(name), password
    )
    invitation.user, invitation.accepted_at = user, at
    invitation.save(update_fields=["user", "accepted_at"])
    _appoint(user, invitation.organisation, Role(invitation.role), invitation.invited_by, at)
    return user


def _still_may(invitation: Invitation, at: datetime) -> bool:
    return may_appoint(invitation.invited_by, invitation.organisation, at=at)


def _account(email: str, name: str, password: str) -> User:
    user = User.objects.create_user(email, password, name=name)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _appoint(user: User, organisation: Organisation, role: Role, by: User | None, at: datetime) -> Membership:
    _check_role(organisation, role)
    membership = Membership.objects.create(user=user, organisation=organisation, role=role, from_at=at)
    record(kind="member.appointed", payload=_payload(membership), by=by, at=at)
    return membership


def _check_role(organisation: Organisation, role: Role) -> None:
    if role not in ROLES[Kind(organisation.kind)]:
        raise RoleRefused(fields={"role": f"{organisation.name} has no role {role}."})


def _lock(organisation: Organisation) -> None:
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update(no_key=True))


def _payload(membership: Membership) -> dict[str, str]:
    return {"organisation": membership.organisation.key, "role": str(membership.role), "member": membership.user.handle}
