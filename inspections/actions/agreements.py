"""Facility agreements: the laboratory proposes a version, an independent body agrees to the newest one."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import represents
from core.canonical import commitment
from core.errors import Malformed, require
from inspections.models import FacilityAgreement
from inspections.rules.agreements import PARTS, AgreementMoved, AgreementText, AgreesWithItself
from labs.models import Facility
from ledger.actions import record
from treaty.permissions import can_determine_for, is_independent_of


@transaction.atomic
def propose_agreement(*, facility: Facility, text: AgreementText, by: User, at: datetime) -> FacilityAgreement:
    """Propose a version of how the facility is inspected. The same words as the newest version change nothing.

    What was agreed before goes on until a body agrees to the new one.
    """
    _lock(facility)
    require(
        represents(by, facility.organisation, at=at), "Only a representative of the laboratory proposes its agreements."
    )
    if not all(getattr(text, part).strip() for part in PARTS):
        raise Malformed(fields={part: "Say it in words." for part in PARTS if not getattr(text, part).strip()})
    last = facility.agreements.first()
    if last and last.text() == text:
        return last
    made = FacilityAgreement.objects.create(
        facility=facility,
        version=last.version + 1 if last else 1,
        entry=text.entry,
        escorts=text.escorts,
        shrouding=text.shrouding,
        salt=secrets.token_hex(32),
        proposed_at=at,
        proposed_by=by,
    )
    payload = {**_about(made), "terms": commitment(made.salt, text.value())}
    record(kind="agreement.proposed", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def agree(*, agreement: FacilityAgreement, body: Organisation, by: User, at: datetime) -> FacilityAgreement:
    """Agree for an accredited body that is independent of the laboratory. A second call changes nothing."""
    facility = agreement.facility
    _lock(facility)
    agreement.refresh_from_db(fields=["body", "agreed_at", "agreed_by"])
    require(can_determine_for(by, body, at=at), "Only an officer of an accredited monitoring body agrees.")
    if not is_independent_of(body, facility.organisation, at=at):
        raise AgreesWithItself
    if agreement.agreed_at is not None:
        return agreement
    if facility.agreements.filter(version__gt=agreement.version).exists():
        raise AgreementMoved
    agreement.body, agreement.agreed_at, agreement.agreed_by = body, at, by
    agreement.save(update_fields=["body", "agreed_at", "agreed_by"])
    record(kind="agreement.agreed", payload={**_about(agreement), "body": body.key}, by=by, at=at)
    return agreement


def _lock(facility: Facility) -> None:
    Facility.objects.select_for_update(no_key=True).get(pk=facility.pk)


def _about(agreement: FacilityAgreement) -> dict[str, str | int]:
    facility = agreement.facility
    return {"lab": facility.organisation.key, "facility": facility.key, "version": agreement.version}
