import re
import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.names import proper_name
from core.canonical import commitment
from core.errors import DomainError, require
from core.prose import clean_words
from core.times import stamp
from labs.models import Annex, Facility
from labs.permissions import can_file_for
from labs.rules.facilities import FacilityStatus
from labs.rules.keys import key_of
from ledger.actions import record

NOT_YOURS = "Only a representative of the laboratory files for it."
LONGEST_LOCATION = 400


class FacilityRefused(DomainError):
    """The facility cannot be registered so."""

    code = "facility_refused"


@transaction.atomic
def register_facility(
    *,
    organisation: Organisation,
    name: str,
    jurisdiction: str,
    location: str = "",
    opened_at: datetime,
    by: User,
    at: datetime,
    key: str = "",
) -> Facility:
    """Register a site. `location`, the exact place, stays in the annex: the record holds a salted commitment to it."""
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update(no_key=True))
    require(can_file_for(by, organisation, at=at), NOT_YOURS)
    title = proper_name(name)
    own_key = key or key_of(organisation.key, title)
    known = Facility.objects.filter(key=own_key).first()
    if known and (known.organisation_id, known.name) == (organisation.pk, title):
        return known
    if known:
        raise FacilityRefused(fields={"name": "Another site is registered under this name. Choose another name."})
    if not re.fullmatch("[A-Z]{2}", jurisdiction):
        raise FacilityRefused(fields={"jurisdiction": "Write the two capital letters of ISO 3166, such as CA."})
    if opened_at > at:
        raise FacilityRefused(fields={"opened_at": "A site is registered once it is in use."})
    facility = Facility.objects.create(
        organisation=organisation,
        key=own_key,
        name=title,
        jurisdiction=jurisdiction,
        opened_at=opened_at,
        registered_at=at,
    )
    place = clean_words(location, "location", LONGEST_LOCATION) if location.strip() else ""
    sealed = _seal(facility, "location", place, at) if place else None
    record(
        kind="facility.registered",
        payload={
            "lab": organisation.key,
            "facility": facility.key,
            "name": title,
            "jurisdiction": jurisdiction,
            "opened_at": stamp(opened_at),
            "location_commitment": sealed,
        },
        by=by,
        at=at,
    )
    return facility


@transaction.atomic
def close_facility(*, facility: Facility, by: User, at: datetime) -> Facility:
    """Declare that the site is no longer in use; refused while it holds accelerators by its newest inventory."""
    facility.refresh_from_db(from_queryset=Facility.objects.select_for_update(no_key=True))
    require(can_file_for(by, facility.organisation, at=at), NOT_YOURS)
    if facility.status == FacilityStatus.CLOSED:
        return facility
    standing = facility.inventories.standing(at).first()
    if standing and standing.lines.exists():
        raise FacilityRefused("Its newest inventory still lists accelerators. Declare an empty inventory first.")
    facility.status, facility.closed_at = FacilityStatus.CLOSED, at
    facility.save(update_fields=["status", "closed_at"])
    record(kind="facility.closed", payload={"lab": facility.organisation.key, "facility": facility.key}, by=by, at=at)
    return facility


def _seal(facility: Facility, kind: str, value: str, at: datetime) -> str:
    salt = secrets.token_hex(32)
    annex = Annex.objects.create(
        facility=facility, kind=kind, value=value, salt=salt, commitment=commitment(salt, value), committed_at=at
    )
    return annex.commitment
