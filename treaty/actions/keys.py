"""The key directory: roots, enrolments, revocations, and how many keys sign a ballot. The signatures are the authority.

They are here and not in `accounts`, because the annexes and the cooling-off stand in the treaty text.
"""

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import Organisation, OrganisationRoot, SigningRule, User, VotingKey
from accounts.permissions import represents
from accounts.queries.keys import declared_root, directory_of, key_value
from accounts.rules.keys import ROOT, Directory, Key, KeyRefused, require_signers, signers_statement
from accounts.rules.signatures import key_id
from accounts.rules.statements import KeyKind, Purpose
from core.canonical import Json
from core.errors import require
from core.times import stamp
from ledger.actions import record
from treaty.queries.keys import root_of
from treaty.queries.texts import rules_at


@transaction.atomic
def declare_root(
    *, organisation: Organisation, public_key: str, signature: str, by: User | None, at: datetime
) -> OrganisationRoot:
    """Record the organisation's root key: the first signs for itself, a new one is signed by the old (Art. 21).

    Where the annex of the text in force prints a root key, that one holds, and no other can be declared.
    """
    _lock(organisation)
    require(represents(by, organisation, at=at), f"Only a representative of {organisation.name} declares its root key.")
    old = declared_root(organisation)
    if old == public_key:
        return OrganisationRoot.objects.get(key_id=key_id(public_key))
    if root_of(organisation, at) not in {None, old}:
        raise KeyRefused("The annex prints this organisation's root key: it changes with the annex only.")
    directory_of(organisation, old).declare_root(organisation.key, public_key, signature)
    if OrganisationRoot.objects.filter(key_id=key_id(public_key)).exists():
        raise KeyRefused("This root key is on record already: make a new one.")
    payload: dict[str, Json] = {
        "organisation": organisation.key,
        "key": key_id(public_key),
        "public_key": public_key,
        "supersedes": key_id(old) if old else None,
        "signature": signature,
    }
    entry = record(kind="key.root_declared", payload=payload, by=by, at=at)
    return OrganisationRoot.objects.create(
        organisation=organisation,
        public_key=public_key,
        key_id=key_id(public_key),
        signature=signature,
        declared_at=at,
        entry_hash=entry.hash,
    )


@transaction.atomic
def enrol_key(
    *,
    organisation: Organisation,
    kind: KeyKind,
    public_key: str,
    origin: str = "",
    rp_id: str = "",
    credential: str = "",
    label: str = "",
    holder: User | None = None,
    signed_by: str = ROOT,
    signature: str,
    by: User | None,
    at: datetime,
) -> VotingKey:
    """Enrol a key that the root or an enrolled key signed; usable after the text's cooling-off, never in a vote noticed before.

    The signature is the authority: `by` is None where it came without a session.
    """
    _lock(organisation)
    _check_people(organisation, holder, by, at)
    if kind is KeyKind.SOFTWARE and not settings.DEMO:
        raise KeyRefused("Software keys belong to the demonstration.")
    key = Key(
        kind=kind,
        public_key=public_key,
        origin=origin,
        rp_id=rp_id,
        credential=credential,
        organisation=organisation.key,
        enrolled_at=at,
        usable_at=rules_at(at).publication.key_cooling_off.after(at),
        signed_by=signed_by,
    )
    known = VotingKey.objects.select_related("organisation").filter(key_id=key.id).first()
    if known and _is_same(key_value(known), key):
        return known
    if known:
        raise KeyRefused("This key is enrolled already: make a new one.")
    _directory(organisation, at).enrol(key, signature)
    return _save_key(organisation, key, signature, label=label, holder=holder, by=by, at=at)


def _check_people(organisation: Organisation, holder: User | None, by: User | None, at: datetime) -> None:
    for person, what in ((by, "enrols its keys"), (holder, "holds one of its keys")):
        require(
            person is None or represents(person, organisation, at=at),
            f"Only a representative of {organisation.name} {what}.",
        )


def _is_same(known: Key, key: Key) -> bool:
    return not known.revoked and replace(key, enrolled_at=known.enrolled_at, usable_at=known.usable_at) == known


def _save_key(
    organisation: Organisation,
    key: Key,
    signature: str,
    *,
    label: str,
    holder: User | None,
    by: User | None,
    at: datetime,
) -> VotingKey:
    assert key.usable_at is not None
    entry = record(kind="key.enrolled", payload=_enrolment(key, signature, holder), by=by, at=at)
    return VotingKey.objects.create(
        organisation=organisation,
        holder=holder,
        label=" ".join(label.split())[:60],
        kind=key.kind,
        public_key=key.public_key,
        key_id=key.id,
        origin=key.origin,
        rp_id=key.rp_id,
        credential=key.credential,
        signed_by=key.signed_by,
        signature=signature,
        enrolled_at=at,
        usable_at=key.usable_at,
        entry_hash=entry.hash,
    )


def _enrolment(key: Key, signature: str, holder: User | None) -> dict[str, Json]:
    return {
        "organisation": key.organisation,
        "key": key.id,
        "kind": key.kind.value,
        "public_key": key.public_key,
        "origin": key.origin,
        "rp_id": key.rp_id,
        "credential": key.credential,
        "holder": holder.handle if holder else None,
        "signed_by": key.signed_by,
        "signature": signature,
        "usable_at": stamp(key.usable_at) if key.usable_at else None,
    }


@transaction.atomic
def revoke_key(*, key: VotingKey, by_key: str, signature: str, by: User | None, at: datetime) -> VotingKey:
    """Revoke a key by a statement of the root or of any unrevoked key of its organisation; a second call changes nothing.

    It takes effect at its position in the record: ballots already cast stand unless they are repudiated.
    """
    organisation = key.organisation
    _lock(organisation)
    key.refresh_from_db(from_queryset=VotingKey.objects.select_for_update(no_key=True))
    require(
        by is None or represents(by, organisation, at=at),
        f"Only a representative of {organisation.name} revokes its keys.",
    )
    if key.revoked_at is not None:
        return key
    _directory(organisation, at).revoke(key.key_id, by_key=by_key, signature=signature)
    key.revoked_at, key.revoked_by = at, by_key
    key.save(update_fields=["revoked_at", "revoked_by"])
    payload: dict[str, Json] = {
        "organisation": organisation.key,
        "key": key.key_id,
        "by_key": by_key,
        "signature": signature,
    }
    record(kind="key.revoked", payload=payload, by=by, at=at)
    return key


@transaction.atomic
def ask_for_signers(
    *, organisation: Organisation, signers: int, signature: str, by: User | None, at: datetime
) -> SigningRule:
    """Record, on the root's word, that so many keys sign each ballot of the organisation in votes noticed from now on.

    From then on it casts no ballot without a signature. The same statement again changes nothing.
    """
    _lock(organisation)
    require(
        by is None or represents(by, organisation, at=at),
        f"Only a representative of {organisation.name} says how its ballots are signed.",
    )
    last = organisation.signing_rules.order_by("-number").first()
    if last and (last.signers, last.signature) == (signers, signature):
        return last
    require_signers(signers)
    number = last.number + 1 if last else 1
    directory = _directory(organisation, at)
    statement = signers_statement(signers, number, organisation=organisation.key, log=directory.log)
    directory.check_root(organisation.key, signature, purpose=Purpose.SIGNERS, statement=statement)
    payload: dict[str, Json] = {
        "organisation": organisation.key,
        "signers": signers,
        "number": number,
        "signature": signature,
    }
    entry = record(kind="signing.required", payload=payload, by=by, at=at)
    return SigningRule.objects.create(
        organisation=organisation,
        signers=signers,
        number=number,
        signature=signature,
        required_at=at,
        entry_hash=entry.hash,
    )


def _lock(organisation: Organisation) -> None:
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _directory(organisation: Organisation, at: datetime) -> Directory:
    return directory_of(organisation, root_of(organisation, at))
