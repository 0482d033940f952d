"""Ballots whose authority is a signature: the ballot host, `fermata ballot` and machine clients cast them.

An organisation that asked for k signatures casts a ballot when k of its keys have signed the same bytes; until then each
signature is on record and counts for nothing. docs/decisions/0008-signed-ballots.md says why it is done so.
"""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User, VotingKey
from accounts.permissions import represents
from accounts.queries.keys import key_value, signers_required
from accounts.rules.keys import KeyRefused, require_usable
from accounts.rules.signatures import b64url
from core.canonical import Json
from core.errors import Malformed, require
from core.times import stamp
from ledger.actions import record
from treaty.actions.ballots import BallotChanged, check_fits, check_takes, clean_reason, known_ground, locked, take
from treaty.models import Ballot, BallotSignature, Vote
from treaty.queries.ballot_papers import ballot_for
from treaty.queries.votes import profile_of
from treaty.rules.ballots import (
    Envelope,
    SignedBallot,
    check_envelope,
    read_ballot,
    reason_hash,
    receipt_instant,
    seal,
)


@transaction.atomic
def cast_signed_ballot(
    *, vote: Vote, envelope: Envelope, reason: str = "", ground: str = "", by: User | None, at: datetime
) -> Ballot | BallotSignature:
    """Record a signed ballot, or one more signature under it where the organisation asked for several.

    The signature is the authority; `by` is None where it came without a session. The same envelope again, and a twin of its
    ECDSA signature, is answered with what was recorded first. `reason` is what the ballot's hash binds, or empty where an
    earlier signer sent it.
    """
    vote.refresh_from_db(from_queryset=locked())
    ballot = read_ballot(envelope.ballot)
    if ballot.vote != vote.key:
        raise BallotChanged(f"This ballot was made for vote {ballot.vote!r}, not for vote {vote.key}.")
    key = _key(envelope.signer or ballot.key)
    organisation = key.organisation
    require(
        by is None or represents(by, organisation, at=at),
        f"Only a representative of {organisation.name} casts its ballot.",
    )
    check_envelope(envelope, key_value(key), synced_allowed=profile_of(vote).synced)
    if again := _again(vote, ballot, key):
        return again
    received_at = receipt_instant(at, vote.last_ballot_at)
    _check(vote, ballot, key, ground, received_at)
    signatures = _signatures(vote, ballot)
    reason = _bound_reason(ballot, reason or next((one.reason for one in signatures if one.reason), ""))
    if len(signatures) + 1 < (signers_required(organisation, vote.noticed_at) or 1):
        return _sign(vote, ballot, envelope, key, reason=reason, by=by, at=at, received_at=received_at)
    proofs = [*((one.key.key_id, one.proof) for one in signatures), (key.key_id, envelope.proof)]
    return take(
        vote=vote,
        organisation=organisation,
        ballot=ballot,
        reason=reason,
        received_at=received_at,
        by=by,
        at=at,
        kind=signatures[0].key.kind if signatures else key.kind,
        proofs=[{"key": one, "proof": proof} for one, proof in proofs],
    )


def _key(wanted: str) -> VotingKey:
    """Return the key, locked, so that a revocation comes wholly before or wholly after this ballot."""
    known = VotingKey.objects.select_related("organisation").select_for_update(of=("self",), no_key=True)
    key = known.filter(key_id=wanted).first()
    if key is None:
        raise KeyRefused("The key directory knows no such key: enrol it first.")
    return key


def _again(vote: Vote, ballot: SignedBallot, key: VotingKey) -> Ballot | BallotSignature | None:
    cast = vote.ballots.filter(organisation=key.organisation, hash=ballot.hash).first()
    return cast or vote.signatures.filter(hash=ballot.hash, key=key).first()


def _check(vote: Vote, ballot: SignedBallot, key: VotingKey, ground: str, received_at: datetime) -> None:
    organisation = key.organisation
    require_usable(
        key_value(key), organisation=ballot.organisation, kinds=profile_of(vote).keys, noticed_at=vote.noticed_at
    )
    if ground not in {"", ballot.ground}:
        raise Malformed("The ground is signed along: it stands in the ballot.")
    check_takes(vote=vote, organisation=organisation, choice=ballot.choice, at=received_at)
    check_fits(ballot, _fresh(vote, organisation, ballot))


def _fresh(vote: Vote, organisation: Organisation, ballot: SignedBallot) -> SignedBallot:
    """Return the ballot that fits now, with what the maker chose."""
    return ballot_for(
        vote,
        organisation,
        choice=ballot.choice,
        reason=ballot.reason,
        ground=known_ground(vote, ballot.ground),
        key=ballot.key,
        nonce=ballot.nonce,
        at=ballot.at,
    )


def _bound_reason(ballot: SignedBallot, reason: str) -> str:
    """Return the stated reason if it is the one whose hash was signed."""
    reason = clean_reason(ballot.choice, reason)
    if reason_hash(reason) != ballot.reason:
        raise BallotChanged(
            "The reason is not the one whose hash the ballot binds: send the very text that was signed."
        )
    return reason


def _signatures(vote: Vote, ballot: SignedBallot) -> list[BallotSignature]:
    """Return the signatures under this ballot whose keys still stand."""
    found = vote.signatures.filter(hash=ballot.hash, key__revoked_at=None).select_related("key")
    return list(found.order_by("pk"))


def _sign(
    vote: Vote,
    ballot: SignedBallot,
    envelope: Envelope,
    key: VotingKey,
    *,
    reason: str,
    by: User | None,
    at: datetime,
    received_at: datetime,
) -> BallotSignature:
    payload, salt = _payload(ballot, envelope, key, received_at), ""
    if profile_of(vote).sealed:
        salt = secrets.token_hex(32)
        entry = record(kind="signature.sealed", payload=seal(payload, salt=salt), by=by, at=at)
    else:
        entry = record(kind="ballot.signed", payload=payload, by=by, at=at)
    return BallotSignature.objects.create(
        vote=vote,
        organisation=key.organisation,
        key=key,
        content=envelope.ballot,
        hash=ballot.hash,
        proof=dict(envelope.proof),
        reason=reason,
        by=by,
        received_at=received_at,
        entry_hash=entry.hash,
        salt=salt,
    )


def _payload(ballot: SignedBallot, envelope: Envelope, key: VotingKey, received_at: datetime) -> dict[str, Json]:
    return {
        "vote": ballot.vote,
        "organisation": ballot.organisation,
        "hash": ballot.hash,
        "key": key.key_id,
        "envelope": {
            "ballot": b64url(envelope.ballot),
            "proofs": [{"key": key.key_id, "proof": dict(envelope.proof)}],
        },
        "received_at": stamp(received_at),
    }
