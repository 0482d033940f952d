"""Signing, ratifying, accepting a mandate, leaving, and entry into force."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.rules.organisations import Kind
from core.canonical import tagged_digest
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record
from treaty.models import Accreditation, Party, TreatyText
from treaty.queries.parties import annex, entry_into_force, first_text, status_of
from treaty.queries.texts import NoText, required_text, rules_of
from treaty.rules.parties import BOUND, EntryIntoForceState, Status, binds_from, withdrawal_effective
from treaty.rules.text import EntryIntoForce


class NotInAnnex(DomainError):
    """The annex of the treaty text does not name this organisation."""

    code = "not_in_annex"


class TextChanged(DomainError):
    """The text that you name is not the one that is open for signature."""

    code = "text_changed"


class WrongStatus(DomainError):
    """Your organisation's status does not allow this now."""

    code = "wrong_status"


@transaction.atomic
def sign(*, organisation: Organisation, sha256: str, by: User | None, at: datetime) -> Party:
    """Sign the exact text with this hash for a laboratory of Annex 1 (Art. 2)."""
    text = _locked_text(at)
    require(represents(by, organisation, at=at), _representatives_only(organisation))
    party = Party.objects.filter(organisation=organisation).first()
    if party:
        return party
    if organisation.key not in {lab.key for lab in annex(Kind.LABORATORY, at)}:
        raise NotInAnnex(f"Annex 1 does not name {organisation.name}. A decision on admission adds a laboratory.")
    if sha256 != text.sha256:
        raise TextChanged(
            f"The text that is open for signature has the SHA-256 {text.sha256}. Read it again before you sign."
        )
    party = Party.objects.create(organisation=organisation, text=text, signed_at=at)
    record(
        kind="treaty.signed",
        payload={"lab": organisation.key, "text": text.version, "sha256": text.sha256},
        by=by,
        at=at,
    )
    return party


@transaction.atomic
def ratify(*, party: Party, by: User | None, at: datetime) -> Party:
    """Deposit the laboratory's ratification; it fixes when the treaty binds, once Article 3 is met."""
    text = _locked_text(at)
    party = Party.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=party.pk)
    require(represents(by, party.organisation, at=at), _representatives_only(party.organisation))
    if party.ratified_at:
        return party
    party.ratified_at = at
    party.save(update_fields=["ratified_at"])
    entry = entry_into_force(at)
    _bind(first_text(text), entry, rules_of(text).entry_into_force)
    party.refresh_from_db()
    record(
        kind="treaty.ratified",
        payload={
            "lab": party.organisation.key,
            "text": text.version,
            "sha256": text.sha256,
            "ratifications": len(entry.ratified),
            "missing": list(entry.missing),
            "enters_into_force_at": stamp(entry.at) if entry.at else None,
            "binds_from": stamp(party.bound_at) if party.bound_at else None,
        },
        by=by,
        at=at,
    )
    return party


def _bind(text: TreatyText, entry: EntryIntoForceState, rule: EntryIntoForce) -> None:
    """Write down from when the treaty binds each laboratory, as soon as that follows from what was received."""
    if entry.at is None:
        return
    if text.in_force_at is None:
        text.in_force_at = entry.at
        text.save(update_fields=["in_force_at"])
    for party in Party.objects.filter(bound_at=None, ratified_at__isnull=False):
        assert party.ratified_at is not None
        party.bound_at = binds_from(rule, entry, party.ratified_at)
        party.save(update_fields=["bound_at"])


@transaction.atomic
def accept_mandate(*, organisation: Organisation, sha256: str, by: User | None, at: datetime) -> Accreditation:
    """Accept the mandate of a monitoring body of Annex 2 under the text with this hash (Art. 13)."""
    text = _locked_text(at)
    require(represents(by, organisation, at=at), _representatives_only(organisation))
    held = Accreditation.objects.filter(organisation=organisation).first()
    if held:
        return held
    if organisation.key not in {body.key for body in annex(Kind.BODY, at)}:
        raise NotInAnnex(f"Annex 2 does not name {organisation.name}. A decision on accreditation adds a body.")
    if sha256 != text.sha256:
        raise TextChanged(f"The text in question has the SHA-256 {text.sha256}. Read it again before you accept.")
    until_at = rules_of(text).admission.accreditation_validity.after(at)
    held = Accreditation.objects.create(organisation=organisation, text=text, accepted_at=at, ended_at=until_at)
    record(
        kind="mandate.accepted",
        payload={"body": organisation.key, "text": text.version, "sha256": text.sha256, "until_at": stamp(until_at)},
        by=by,
        at=at,
    )
    return held


@transaction.atomic
def give_withdrawal_notice(*, party: Party, events: str, by: User | None, at: datetime) -> Party:
    """Give notice of withdrawal with the statement of `events`; every duty continues until it has run (Art. 25)."""
    text = _locked_text(at)
    party = Party.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=party.pk)
    require(represents(by, party.organisation, at=at), _representatives_only(party.organisation))
    now = status_of(party, at)
    if now is Status.WITHDRAWN or party.withdrawal_noticed_at:
        return party
    if now not in BOUND:
        raise WrongStatus("Only a party withdraws: the treaty is not in force for your laboratory.")
    if not events.strip():
        raise WrongStatus(fields={"events": "State the extraordinary events: a notice without them is not valid."})
    party.withdrawal_noticed_at = at
    party.withdrawal_effective_at = withdrawal_effective(rules_of(text).withdrawal, at)
    party.withdrawal_statement = events.strip()
    party.save(update_fields=["withdrawal_noticed_at", "withdrawal_effective_at", "withdrawal_statement"])
    record(
        kind="withdrawal.noticed",
        payload={
            "lab": party.organisation.key,
            "text": text.version,
            "statement_sha256": tagged_digest("fermata/statement/v1", party.withdrawal_statement),
            "effective_at": stamp(party.withdrawal_effective_at),
        },
        by=by,
        at=at,
    )
    return party


@transaction.atomic
def revoke_withdrawal_notice(*, party: Party, by: User | None, at: datetime) -> Party:
    """Revoke a notice that has not run; a later one runs in full (Art. 25)."""
    party = Party.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=party.pk)
    require(represents(by, party.organisation, at=at), _representatives_only(party.organisation))
    if party.withdrawal_noticed_at is None:
        return party
    if status_of(party, at) is Status.WITHDRAWN:
        raise WrongStatus("The withdrawal has taken effect. To come back, your laboratory is admitted anew.")
    noticed_at, party.withdrawal_noticed_at, party.withdrawal_effective_at = party.withdrawal_noticed_at, None, None
    party.withdrawal_statement = ""
    party.save(update_fields=["withdrawal_noticed_at", "withdrawal_effective_at", "withdrawal_statement"])
    record(
        kind="withdrawal.revoked",
        payload={"lab": party.organisation.key, "noticed_at": stamp(noticed_at)},
        by=by,
        at=at,
    )
    return party


@transaction.atomic
def enter_into_force(*, text: TreatyText, at: datetime) -> TreatyText:
    """Write on record, once, that `text` is in force; that it *is* followed from the last ratification (Art. 3)."""
    text.refresh_from_db(from_queryset=TreatyText.objects.select_for_update())
    if text.in_force_at is None or text.in_force_at > at or text.entry_recorded_at:
        return text
    text.entry_recorded_at = at
    text.save(update_fields=["entry_recorded_at"])
    parties = Party.objects.bound(text.in_force_at).values_list("organisation__key", flat=True)
    record(
        kind="treaty.entered_into_force",
        payload={
            "text": text.version,
            "sha256": text.sha256,
            "in_force_at": stamp(text.in_force_at),
            "parties": sorted(parties),
        },
        by=None,
        at=at,
    )
    return text


def _locked_text(at: datetime) -> TreatyText:
    """Lock the text row, so that instruments are received one after the other."""
    text = TreatyText.objects.select_for_update().defer("source").filter(pk=required_text(at).pk).first()
    if text is None:
        raise NoText
    return text


def _representatives_only(organisation: Organisation) -> str:
    return f"Only a representative of {organisation.name} may do this."
