"""Who may do what under the treaty: one predicate a question, used by actions, views and templates alike."""

from collections.abc import Collection
from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.permissions import has_role
from accounts.queries.organisations import affiliates
from accounts.rules.organisations import Kind, Role
from treaty.models import Accreditation, Annexed, Party
from treaty.rules.consultations import Voice


def can_act_for_lab(user: User | None, lab: Organisation, *, at: datetime) -> bool:
    """Whether `user` may confirm, acknowledge, halt, declare and answer for `lab`."""
    return has_role(user, Role.REPRESENTATIVE, lab, at=at)


def can_determine_for(user: User | None, body: Organisation, *, at: datetime) -> bool:
    """Whether `user` may determine criteria for `body`: an officer of an accredited monitoring body."""
    return (
        has_role(user, Role.OFFICER, body, at=at)
        and Accreditation.objects.in_force(at).filter(organisation=body).exists()
    )


def is_independent_of(body: Organisation, lab: Organisation, *, at: datetime) -> bool:
    """Whether `body` may judge `lab`: they are not affiliated, directly or through others."""
    return body.pk not in affiliates(lab, at)


def bodies_acting(user: User | None, *, at: datetime, roles: tuple[Role, ...] = (Role.OFFICER,)) -> list[Organisation]:
    """Return the accredited bodies for which `user` holds one of `roles`, by name."""
    if user is None or not user.is_authenticated:
        return []
    held = Membership.objects.in_force(at).filter(user=user, role__in=roles).values("organisation")
    accredited = Accreditation.objects.in_force(at).filter(organisation__in=held).values("organisation")
    return list(Organisation.objects.filter(pk__in=accredited))


def labs_acting(user: User | None, *, at: datetime) -> list[Organisation]:
    """Return the bound laboratories that `user` represents, by name."""
    if user is None or not user.is_authenticated:
        return []
    held = Membership.objects.in_force(at).filter(user=user, role=Role.REPRESENTATIVE).values("organisation")
    bound = Party.objects.bound(at).filter(organisation__in=held).values("organisation")
    return list(Organisation.objects.filter(pk__in=bound))


def can_ask_to_resume(user: User | None, *, at: datetime) -> list[Organisation]:
    """Return the organisations in whose name `user` may ask for a resumption vote: bound labs and accredited bodies."""
    return [*labs_acting(user, at=at), *bodies_acting(user, at=at)]


def can_delegate_for(user: User | None, *, at: datetime) -> list[Organisation]:
    """Return the members for which `user` may delegate the ballot: bound labs and accredited bodies."""
    return can_ask_to_resume(user, at=at)


def may_request_for(user: User | None, *, at: datetime) -> list[Organisation]:
    """Return the organisations in whose name `user` may ask for a vote: bound labs, accredited bodies, the secretariat."""
    if user is None or not user.is_authenticated:
        return []
    held = Membership.objects.in_force(at).filter(user=user, role=Role.DEPOSITARY).values("organisation")
    return [*can_ask_to_resume(user, at=at), *Organisation.objects.filter(pk__in=held)]


def observers_acting(user: User | None, *, at: datetime) -> list[Organisation]:
    """Return the accredited observers for which `user` acts, by name."""
    if user is None or not user.is_authenticated:
        return []
    held = Membership.objects.in_force(at).filter(user=user, role=Role.OBSERVER).values("organisation")
    accredited = Annexed.objects.filter(organisation__in=held, from_at__lte=at).values("organisation")
    return list(Organisation.objects.filter(pk__in=accredited, kind=Kind.OBSERVER))


def may_submit_for(user: User | None, who: Collection[Voice], *, at: datetime) -> list[Organisation]:
    """Return the organisations in whose name `user` may write about an amendment, as far as the text lets `who` write."""
    acting = {Voice.PARTY: labs_acting, Voice.BODY: bodies_acting, Voice.OBSERVER: observers_acting}
    return [one for voice, asked in acting.items() if voice in who for one in asked(user, at=at)]
