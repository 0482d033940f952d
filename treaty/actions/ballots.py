"""Casting ballots: the exact ballot that was checked is the one that is recorded, once, while the vote is open."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.queries.keys import signers_required
from core.canonical import Json, canonical
from core.errors import DomainError, require
from core.prose import clean_words
from core.times import stamp
from ledger.actions import record
from treaty.actions.votes import LONGEST_REASON, VoteClosed
from treaty.models import Ballot, Vote
from treaty.models.votes import RECUSAL_LABELS
from treaty.queries.ballot_papers import ballot_for
from treaty.queries.votes import course_now, departures_now, frozen_roll, profile_of
from treaty.rules.ballots import SignedBallot, cast_payload, misfits, reason_hash, receipt_instant, seal
from treaty.rules.courses import Course, open_until
from treaty.rules.parties import Departure
from treaty.rules.profiles import Choice
from treaty.rules.rolls import SESSION


class BallotsNotOpen(DomainError):
    """The vote has not opened yet."""

    code = "vote_not_open"


class NotOnRoll(DomainError):
    """This organisation is not on the roll of this vote."""

    code = "not_on_roll"


class NotEntitledAnyMore(DomainError):
    """This organisation withdrew, or was suspended, since the vote was noticed."""

    code = "not_entitled_any_more"


class IsRecused(DomainError):
    """This organisation is recused from this vote."""

    code = "recused"


class ReasonMissing(DomainError):
    """An objection carries its reason."""

    code = "reason_missing"


class ObjectionsOnly(DomainError):
    """In the added time only objections are taken."""

    code = "objections_only"


class KeyNotAccepted(DomainError):
    """The rule of this vote does not accept a ballot signed with this kind of key."""

    code = "key_not_accepted"


class GroundUnknown(DomainError):
    """The rule of this vote names no such ground of a veto."""

    code = "ground_unknown"


class BallotChanged(DomainError):
    """The ballot is no longer the one that you checked."""

    code = "ballot_changed"


def next_ballot(
    *,
    vote: Vote,
    organisation: Organisation,
    choice: Choice,
    reason: str,
    ground: str = "",
    at: datetime,
    key: str = SESSION,
) -> SignedBallot:
    """Return the ballot that `organisation` would cast now, to be shown, confirmed or signed.

    It no longer fits once another ballot of the organisation arrives: its sequence number is then taken.
    """
    return ballot_for(
        vote,
        organisation,
        choice=choice,
        reason=reason_hash(clean_reason(choice, reason)),
        ground=known_ground(vote, ground),
        key=key,
        nonce=secrets.token_hex(16),
        at=at,
    )


def known_ground(vote: Vote, ground: str) -> str:
    """Return the ground of a veto if the rule names it; raise GroundUnknown."""
    known = {key for veto in profile_of(vote).vetoes for key in veto.grounds}
    if ground and ground not in known:
        raise GroundUnknown(
            f"The rule of this vote names no ground {ground!r} of a veto; it has {', '.join(sorted(known)) or 'none'}."
        )
    return ground


def clean_reason(choice: Choice, reason: str) -> str:
    """Return the reason as it is hashed and shown; raise ReasonMissing for an objection without one."""
    if not reason.strip():
        if choice is Choice.OBJECT:
            raise ReasonMissing(
                "An objection carries its reason: say in a few words why.",
                fields={"reason": "An objection carries its reason: say in a few words why."},
            )
        return ""
    return clean_words(reason, "reason", LONGEST_REASON)


@transaction.atomic
def cast_ballot(
    *,
    vote: Vote,
    organisation: Organisation,
    choice: Choice,
    reason: str = "",
    ground: str = "",
    by: User | None,
    at: datetime,
    ballot: SignedBallot | None = None,
) -> Ballot:
    """Record the organisation's ballot, superseding its earlier one while the vote is open (Art. "Decisions").

    `ballot` is the one that the person checked before confirming: sent again it is cast once, and raise BallotChanged
    where it no longer fits. Without it one is made now.
    """
    vote.refresh_from_db(from_queryset=locked())
    require(represents(by, organisation, at=at), f"Only a representative of {organisation.name} casts its ballot.")
    if ballot and (again := vote.ballots.filter(organisation=organisation, hash=ballot.hash).first()):
        return again
    received_at = receipt_instant(at, vote.last_ballot_at)
    _check_key(vote, organisation, ballot.key if ballot else SESSION)
    check_takes(vote=vote, organisation=organisation, choice=choice, at=received_at)
    fresh = next_ballot(
        vote=vote, organisation=organisation, choice=choice, reason=reason, ground=ground, at=received_at
    )
    if ballot:
        check_fits(ballot, fresh)
    return take(
        vote=vote,
        organisation=organisation,
        ballot=ballot or fresh,
        reason=reason,
        received_at=received_at,
        by=by,
        at=at,
    )


def take(
    *,
    vote: Vote,
    organisation: Organisation,
    ballot: SignedBallot,
    reason: str,
    received_at: datetime,
    by: User | None,
    at: datetime,
    kind: str = SESSION,
    proofs: Sequence[Mapping[str, Json]] = (),
) -> Ballot:
    """Record a ballot that was checked under the vote's lock. `proofs` are the signatures as they were received."""
    # The row keeps its receipt and never changes, so the entry comes first.
    salt = secrets.token_hex(32) if profile_of(vote).sealed else ""
    receipt = _record_cast(cast_payload(ballot, received_at, proofs), ballot.sequence, salt, by=by, at=at)
    row = Ballot.objects.create(
        vote=vote,
        organisation=organisation,
        choice=ballot.choice,
        ground=ballot.ground,
        reason=clean_reason(ballot.choice, reason),
        content=canonical(ballot.value()),
        sequence=ballot.sequence,
        received_at=received_at,
        by=by,
        key_kind=kind,
        proofs=list(proofs),
        hash=ballot.hash,
        entry_hash=receipt,
        salt=salt,
    )
    _note_ballot(vote, received_at)
    return row


def _record_cast(payload: Mapping[str, Json], sequence: int, salt: str, *, by: User | None, at: datetime) -> str:
    """Record the ballot, or its commitment where it is sealed; return the entry's hash."""
    if salt:
        return record(kind="ballot.sealed", payload=seal(payload, sequence=sequence, salt=salt), by=by, at=at).hash
    return record(kind="ballot.cast", payload=payload, by=by, at=at).hash


def check_fits(ballot: SignedBallot, fresh: SignedBallot) -> None:
    """Raise BallotChanged unless `ballot` is the one that would be cast now, but for what its maker chose."""
    if wrong := misfits(ballot, fresh):
        raise BallotChanged(
            f"This ballot no longer fits (its {', '.join(wrong)}): it was made for another ballot paper, or another ballot of "
            "your organisation arrived since. Check again before you confirm."
        )


def locked() -> QuerySet[Vote]:
    """Return the votes as an action on ballots locks one."""
    return Vote.objects.select_related("text").defer("text__source").select_for_update(of=("self",), no_key=True)


def _check_key(vote: Vote, organisation: Organisation, key: str) -> None:
    """Refuse a ballot without a signature where the rule, or the organisation itself, asks for one."""
    accepted = profile_of(vote).keys
    if key != SESSION or SESSION not in accepted:
        raise KeyNotAccepted(f"The rule of this vote accepts ballots signed with: {', '.join(accepted)}.")
    if signers_required(organisation, vote.noticed_at):
        raise KeyNotAccepted(f"{organisation.name} asked for signed ballots: its root key said so on record.")


def check_takes(*, vote: Vote, organisation: Organisation, choice: Choice, at: datetime) -> None:
    """Refuse whoever is not entitled, and what does not arrive while the vote takes ballots."""
    gone = departures_now(vote)
    _check_entitled(vote, organisation, gone, at)
    _check_open(vote, choice, gone, at)


def _check_entitled(vote: Vote, organisation: Organisation, gone: Sequence[Departure], at: datetime) -> None:
    roll = frozen_roll(vote)
    if organisation.key not in roll:
        raise NotOnRoll(
            f"{organisation.name} is not on the roll of vote {vote.key}, which was frozen when it was noticed."
        )
    if any(one.lab == organisation.key and one.at <= at for one in gone):
        raise NotEntitledAnyMore(f"{organisation.name} lost its vote since vote {vote.key} was noticed.")
    if why := next((one.recused for one in roll.members if one.key == organisation.key and one.recused), None):
        raise IsRecused(f"{organisation.name} is recused from vote {vote.key}: {RECUSAL_LABELS[why]}.")


def _check_open(vote: Vote, choice: Choice, gone: Sequence[Departure], at: datetime) -> None:
    """Refuse what does not arrive in [opening, close); where ballots move the close, their course says when that is."""
    if vote.withdrawn_at is not None:
        raise VoteClosed(f"Vote {vote.key} was withdrawn.")
    if at < vote.opens_at:
        raise BallotsNotOpen(f"Vote {vote.key} opens at {stamp(vote.opens_at)}.")
    if vote.closed_at is not None or (not _moves_with_ballots(vote) and at >= vote.closes_at):
        raise VoteClosed(
            f"Vote {vote.key} closed at {stamp(vote.closed_at or vote.closes_at)}; a ballot counts if it arrives before."
        )
    if _moves_with_ballots(vote) and at >= open_until(profile_of(vote), vote.opens_at):
        _check_course(vote, choice, course_now(vote, at, gone))


def _check_course(vote: Vote, choice: Choice, course: Course) -> None:
    if not course.takes_ballots:
        raise VoteClosed(
            f"Vote {vote.key} closed at {stamp(course.closed_at or course.closes_at)}; a ballot counts if it arrives before."
        )
    if course.objections_only and choice is not Choice.OBJECT:
        raise ObjectionsOnly(
            f"The regular time of vote {vote.key} is over: until {stamp(course.closes_at)} only objections are taken."
        )


def _moves_with_ballots(vote: Vote) -> bool:
    profile = profile_of(vote)
    return bool(profile.silence or profile.extension or profile.minimum_open)


def _note_ballot(vote: Vote, received_at: datetime) -> None:
    """Wake the sweep where this ballot may have contested, extended or closed the vote; it computes the course again, once for many."""
    vote.last_ballot_at = received_at
    if _moves_with_ballots(vote):
        vote.next_at = received_at
    vote.save(update_fields=["last_ballot_at", "next_at"])
