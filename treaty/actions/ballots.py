"""Casting ballots: the exact ballot that was checked is the one that is recorded, once, while the vote is open."""

import secrets
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation, User
from accounts.permissions import represents
from core.canonical import Json, canonical
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record
from ledger.queries.entries import position
from treaty.actions.votes import LONGEST_REASON, VoteClosed, clean_words
from treaty.models import Ballot, Vote
from treaty.queries.votes import course_afresh, profile_of
from treaty.rules.ballots import SignedBallot, reason_hash
from treaty.rules.courses import Course
from treaty.rules.profiles import Choice

SESSION = "session"  # a ballot vouched for by the sign-in alone


class BallotsNotOpen(DomainError):
    """The vote has not opened yet."""

    code = "vote_not_open"


class NotOnRoll(DomainError):
    """This organisation is not on the roll of this vote."""

    code = "not_on_roll"


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


class BallotChanged(DomainError):
    """The ballot is no longer the one that you checked."""

    code = "ballot_changed"


def next_ballot(
    *, vote: Vote, organisation: Organisation, choice: Choice, reason: str, at: datetime, key: str = SESSION
) -> SignedBallot:
    """Return the ballot that `organisation` would cast now, to be shown, confirmed and one day signed.

    It no longer fits once another ballot of the organisation arrives: its sequence number is then taken.
    """
    return _bound(
        vote,
        organisation,
        choice,
        _reason(choice, reason),
        key=key,
        head=position(),
        nonce=secrets.token_hex(16),
        at=at,
    )


def _bound(
    vote: Vote,
    organisation: Organisation,
    choice: Choice,
    reason: str,
    *,
    key: str,
    head: int,
    nonce: str,
    at: datetime,
) -> SignedBallot:
    last = vote.ballots.filter(organisation=organisation).order_by("-sequence").first()
    return SignedBallot(
        origin=settings.LEDGER["ORIGIN"],
        text=vote.text.sha256,
        vote=vote.key,
        profile=vote.profile_hash,
        roll=vote.roll_hash,
        organisation=organisation.key,
        choice=choice,
        reason=reason_hash(reason),
        sequence=last.sequence + 1 if last else 1,
        supersedes=last.hash if last else None,
        key=key,
        head=head,
        nonce=nonce,
        at=at,
    )


def _reason(choice: Choice, reason: str) -> str:
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
    vote.refresh_from_db(from_queryset=_locked())
    require(represents(by, organisation, at=at), f"Only a representative of {organisation.name} casts its ballot.")
    if ballot and (again := vote.ballots.filter(organisation=organisation, hash=ballot.hash).first()):
        return again
    received_at = max(at, vote.last_ballot_at or at)
    _check_entitled(vote, organisation)
    _check_open(vote, choice, received_at)
    _check_key(vote, ballot.key if ballot else SESSION)
    cast = _fitting(
        ballot, next_ballot(vote=vote, organisation=organisation, choice=choice, reason=reason, at=received_at)
    )
    # The row keeps its receipt and never changes, so the entry comes first.
    entry = record(kind="ballot.cast", payload=_payload(cast, ground, received_at), by=by, at=at)
    row = Ballot.objects.create(
        vote=vote,
        organisation=organisation,
        choice=choice,
        ground=ground,
        reason=_reason(choice, reason),
        content=canonical(cast.value()),
        sequence=cast.sequence,
        received_at=received_at,
        by=by,
        key_kind=cast.key,
        hash=cast.hash,
        entry_hash=entry.hash,
    )
    _note_ballot(vote, received_at)
    return row


def _fitting(checked: SignedBallot | None, fresh: SignedBallot) -> SignedBallot:
    """Return the ballot that was checked, if it is the one that would be made now but for what its maker chose."""
    if checked is None:
        return fresh
    if replace(fresh, nonce=checked.nonce, head=checked.head, at=checked.at) != checked:
        raise BallotChanged(
            "This ballot no longer fits: another one of your organisation arrived since you checked it. Check again before you confirm."
        )
    return checked


def _payload(cast: SignedBallot, ground: str, received_at: datetime) -> dict[str, Json]:
    return {
        "vote": cast.vote,
        "organisation": cast.organisation,
        "ballot": cast.value(),
        "hash": cast.hash,
        "ground": ground or None,
        "received_at": stamp(received_at),
    }


def _locked() -> QuerySet[Vote]:
    return Vote.objects.select_related("text").defer("text__source").select_for_update(of=("self",), no_key=True)


def _check_key(vote: Vote, key: str) -> None:
    if key not in profile_of(vote).keys:
        raise KeyNotAccepted(f"The rule of this vote accepts ballots signed with: {', '.join(profile_of(vote).keys)}.")


def _check_entitled(vote: Vote, organisation: Organisation) -> None:
    lines = list(vote.roll.filter(organisation=organisation))
    if not lines:
        raise NotOnRoll(
            f"{organisation.name} is not on the roll of vote {vote.key}, which was frozen when it was noticed."
        )
    if any(line.recused for line in lines):
        raise IsRecused(
            f"{organisation.name} is recused from vote {vote.key}: {lines[0].get_recusal_reason_display()}."
        )


def _check_open(vote: Vote, choice: Choice, at: datetime) -> None:
    """Refuse what does not arrive in [opening, close); where ballots move the close, their course says when that is."""
    if vote.withdrawn_at is not None:
        raise VoteClosed(f"Vote {vote.key} was withdrawn.")
    if at < vote.opens_at:
        raise BallotsNotOpen(f"Vote {vote.key} opens at {stamp(vote.opens_at)}.")
    if vote.closed_at is not None or (not _moves_with_ballots(vote) and at >= vote.closes_at):
        raise VoteClosed(
            f"Vote {vote.key} closed at {stamp(vote.closed_at or vote.closes_at)}; a ballot counts if it arrives before."
        )
    if _moves_with_ballots(vote):
        _check_course(vote, choice, course_afresh(vote, at))


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
    """Wake the sweep where this ballot contested, extended or closed the vote."""
    vote.last_ballot_at = received_at
    if _moves_with_ballots(vote):
        course = course_afresh(vote, received_at)
        vote.next_at = (
            received_at
            if (course.contested_at, course.extended_at) != (vote.contested_at, vote.extended_at)
            else course.next_at or received_at
        )
    vote.save(update_fields=["last_ballot_at", "next_at"])
