"""The keys to which tips are sealed. A body's own signature is the authority: the operator cannot slip one in."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.queries.keys import directory_of
from accounts.rules.organisations import Kind
from accounts.rules.statements import Purpose, check_statement
from core.canonical import Json
from core.errors import DomainError, require
from core.times import stamp
from inspections.models import Recipient
from inspections.rules.recipients import read_recipient, recipient_statement
from ledger.actions import record
from treaty.queries.keys import root_of
from treaty.queries.texts import rules_at


class RecipientKnown(DomainError):
    """This recipient is on record already: make a new one with age-keygen."""

    code = "recipient_known"


@transaction.atomic
def publish_recipient(
    *, body: Organisation, recipient: str, signed_by: str, signature: str, by: User | None, at: datetime
) -> Recipient:
    """Publish a recipient, usable after the text's cooling-off; tips are sealed to the body's newest usable one.

    The same one from the same body again changes nothing while it stands.
    """
    recipient = read_recipient(recipient)
    _lock(body, by, at)
    known = Recipient.objects.filter(recipient=recipient).first()
    if known and known.body_id == body.pk and known.withdrawn_at is None:
        return known
    if known:
        raise RecipientKnown
    _check(body, recipient, stands=True, signed_by=signed_by, signature=signature, at=at)
    usable_at = rules_at(at).publication.key_cooling_off.after(at)
    payload = {**_payload(body, recipient, signed_by, signature), "usable_at": stamp(usable_at)}
    entry = record(kind="recipient.published", payload=payload, by=by, at=at)
    return Recipient.objects.create(
        body=body,
        recipient=recipient,
        signed_by=signed_by,
        signature=signature,
        published_at=at,
        usable_at=usable_at,
        entry_hash=entry.hash,
    )


@transaction.atomic
def withdraw_recipient(
    *, recipient: Recipient, signed_by: str, signature: str, by: User | None, at: datetime
) -> Recipient:
    """Withdraw a recipient at once and for good: nothing is sealed to it from then on. A second call changes nothing."""
    body = recipient.body
    _lock(body, by, at)
    recipient.refresh_from_db(from_queryset=Recipient.objects.select_for_update(of=("self",)).select_related("body"))
    if recipient.withdrawn_at is not None:
        return recipient
    _check(body, recipient.recipient, stands=False, signed_by=signed_by, signature=signature, at=at)
    recipient.withdrawn_at = at
    recipient.save(update_fields=["withdrawn_at"])
    payload = _payload(body, recipient.recipient, signed_by, signature)
    record(kind="recipient.withdrawn", payload=payload, by=by, at=at)
    return recipient


def _lock(body: Organisation, by: User | None, at: datetime) -> None:
    Organisation.objects.select_for_update(no_key=True).get(pk=body.pk)
    require(
        body.kind == Kind.BODY and (by is None or represents(by, body, at=at)),
        "Only an officer of a monitoring body says to which key tips for it are sealed.",
    )


def _check(body: Organisation, recipient: str, *, stands: bool, signed_by: str, signature: str, at: datetime) -> None:
    statement = recipient_statement(recipient, stands=stands, organisation=body.key, log=settings.LEDGER["ORIGIN"])
    signer = directory_of(body, root_of(body, at)).signer(body.key, signed_by, signature)
    check_statement(signer, signature, purpose=Purpose.RECIPIENT, statement=statement)


def _payload(body: Organisation, recipient: str, signed_by: str, signature: str) -> dict[str, Json]:
    return {"body": body.key, "recipient": recipient, "signed_by": signed_by, "signature": signature}
