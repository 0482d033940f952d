import re
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Affiliation, Organisation, User
from accounts.permissions import is_depositary, represents
from accounts.rules.names import NameRefused, proper_name, skeleton
from accounts.rules.organisations import Kind
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record


class OrganisationRefused(DomainError):
    """The organisation cannot be entered so."""

    code = "organisation_refused"


class AffiliationRefused(DomainError):
    """An affiliation is between two organisations."""

    code = "affiliation_refused"


@transaction.atomic
def found_organisation(
    *, key: str, name: str, kind: Kind, jurisdiction: str, by: User | None, at: datetime
) -> Organisation:
    """Enter an organisation under a name that cannot be taken for another's. `by` None is the operator's command."""
    require(by is None or is_depositary(by, at=at), "Only the depositary enters organisations.")
    title = proper_name(name)
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,40}", key):
        raise OrganisationRefused(
            fields={"key": "A key has 2 to 41 small letters, digits and hyphens and begins with a letter."}
        )
    if not re.fullmatch(r"[A-Z]{2}", jurisdiction) and (jurisdiction or kind == Kind.LABORATORY):
        raise OrganisationRefused(fields={"jurisdiction": "Write the two capital letters of ISO 3166, such as CA."})
    known = Organisation.objects.filter(key=key).first()
    if known and (known.name, known.kind) == (title, kind):
        return known
    organisation = _enter(key, title, kind, jurisdiction, at)
    payload = {"organisation": key, "name": title, "kind": str(kind), "jurisdiction": jurisdiction}
    record(kind="organisation.founded", payload=payload, by=by, at=at)
    return organisation


def _enter(key: str, name: str, kind: Kind, jurisdiction: str, at: datetime) -> Organisation:
    shape = skeleton(name)
    like = Organisation.objects.filter(skeleton=shape).first()
    if like:
        raise NameRefused(fields={"name": f"The name looks like {like.name!r}, which is taken."})
    try:
        with transaction.atomic():
            return Organisation.objects.create(
                key=key, name=name, skeleton=shape, kind=kind, jurisdiction=jurisdiction, joined_at=at
            )
    except IntegrityError:
        raise OrganisationRefused(fields={"key": f"The key {key!r} is taken."}) from None


@transaction.atomic
def declare_affiliation(
    *, organisation: Organisation, affiliate: Organisation, basis: str, by: User | None, at: datetime
) -> Affiliation:
    """Declare that two organisations are not independent, from now on. Either of them or the depositary says so."""
    _lock(organisation, affiliate)
    require(
        _may_speak_of(by, organisation, affiliate, at),
        "Only the two organisations and the depositary declare an affiliation.",
    )
    if organisation.pk == affiliate.pk:
        raise AffiliationRefused(fields={"affiliate": "An organisation is not its own affiliate."})
    pairs = [(organisation.pk, affiliate.pk), (affiliate.pk, organisation.pk)]
    for one, other in pairs:
        known = Affiliation.objects.in_force(at).filter(organisation_id=one, affiliate_id=other).first()
        if known:
            return known
    affiliation = Affiliation.objects.create(
        organisation=organisation, affiliate=affiliate, basis=basis.strip()[:200], from_at=at
    )
    payload = {"organisation": organisation.key, "affiliate": affiliate.key, "from_at": stamp(at)}
    record(kind="affiliation.declared", payload=payload, by=by, at=at)
    return affiliation


@transaction.atomic
def end_affiliation(*, affiliation: Affiliation, by: User | None, at: datetime) -> Affiliation:
    """End an affiliation. An organisation cannot shed its own conflict: the depositary says that it is over."""
    affiliation.refresh_from_db(from_queryset=Affiliation.objects.select_for_update(no_key=True))
    require(by is None or is_depositary(by, at=at), "Only the depositary ends an affiliation.")
    if affiliation.until_at:
        return affiliation
    affiliation.until_at = at
    affiliation.save(update_fields=["until_at"])
    payload = {
        "organisation": affiliation.organisation.key,
        "affiliate": affiliation.affiliate.key,
        "until_at": stamp(at),
    }
    record(kind="affiliation.ended", payload=payload, by=by, at=at)
    return affiliation


def _lock(*organisations: Organisation) -> None:
    keys = [organisation.pk for organisation in organisations]
    list(Organisation.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))


def _may_speak_of(by: User | None, one: Organisation, other: Organisation, at: datetime) -> bool:
    return by is None or any(represents(by, side, at=at) for side in (one, other)) or is_depositary(by, at=at)
