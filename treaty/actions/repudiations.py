"""An organisation's word, signed by its root key, that a ballot in its name is not its own (Art. "Signed ballots and keys").

docs/decisions/0008-signed-ballots.md says what becomes of the vote: before its effect it is counted again without the ballot,
its instants unchanged; otherwise the repudiation stands on record as evidence.
"""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.queries.keys import directory_of
from accounts.rules.statements import Purpose
from core.canonical import Json
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record
from treaty.actions.votes import advance_vote
from treaty.models import Ballot, Repudiation, Vote
from treaty.queries.keys import root_of
from treaty.queries.repudiations import repudiable_until
from treaty.queries.votes import ballot_values, facts_of, get_vote, profile_of, roll_of
from treaty.rules.ballots import repudiation
from treaty.rules.courses import Course, Repudiated, course
from treaty.rules.vote_states import State


class NotClosedYet(DomainError):
    """While a vote is open, a ballot is superseded by another one."""

    code = "vote_open"


class ObjectionWindowOver(DomainError):
    """The time in which a ballot may be repudiated is over."""

    code = "objection_window_over"


@transaction.atomic
def repudiate_ballot(*, ballot: Ballot, signature: str, by: User | None, at: datetime) -> Repudiation:
    """Record that the organisation's root repudiates the ballot; before the vote's effect, count again without it.

    The signature is the authority: `by` is None where it came without a session. A second call changes nothing.
    """
    vote, organisation = advance_vote(vote=ballot.vote, at=at), ballot.organisation
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    require(
        by is None or represents(by, organisation, at=at),
        f"Only a representative of {organisation.name} repudiates its ballots.",
    )
    if again := Repudiation.objects.filter(ballot=ballot).first():
        return again
    _check_window(vote, at)
    _check_signature(ballot, signature, at)
    recount = _recount(vote, ballot, at)
    payload: dict[str, Json] = {
        "vote": vote.key,
        "organisation": organisation.key,
        "ballot": ballot.hash,
        "sequence": ballot.sequence,
        "signature": signature,
        "recount": recount_payload(recount) if recount else None,
    }
    entry = record(kind="ballot.repudiated", payload=payload, by=by, at=at)
    row = Repudiation.objects.create(
        ballot=ballot,
        signature=signature,
        repudiated_at=at,
        recounted=recount is not None,
        by=by,
        entry_hash=entry.hash,
    )
    if recount:
        _save(vote, recount)
    return row


def _check_window(vote: Vote, at: datetime) -> None:
    until = repudiable_until(vote)
    if until is None:
        raise NotClosedYet(
            f"Vote {vote.key} has not closed: until then a further ballot supersedes the one that is not yours, and a "
            "stolen key is revoked."
        )
    if at >= until:
        raise ObjectionWindowOver(f"The ballots of vote {vote.key} could be repudiated until {stamp(until)}.")


def _check_signature(ballot: Ballot, signature: str, at: datetime) -> None:
    organisation = ballot.organisation
    directory = directory_of(organisation, root_of(organisation, at))
    statement = repudiation(ballot.hash, vote=ballot.vote.key, organisation=organisation.key, log=directory.log)
    directory.check_root(organisation.key, signature, purpose=Purpose.REPUDIATION, statement=statement)


def _recount(vote: Vote, ballot: Ballot, at: datetime) -> Course | None:
    """Return the course without the ballot where what was adopted has not taken effect yet."""
    loaded = get_vote(vote.key)
    profile, roll, facts = profile_of(loaded), roll_of(loaded), facts_of(loaded)
    ballots = ballot_values(loaded.ballots.all())
    if vote.effect_applied_at or vote.effect_settled_at:
        return None
    if course(profile, roll, ballots, facts, at).state is not State.WAITING:
        return None
    gone = Repudiated(ballot.organisation.key, ballot.sequence, at)
    return course(profile, roll, ballots, replace(facts, repudiated=(*facts.repudiated, gone)), at)


def recount_payload(recount: Course) -> dict[str, Json]:
    """Return what a recount came to, as the entry states it."""
    return {
        "outcome": recount.decision.outcome.value,
        "reason": recount.decision.reason.value,
        "tally": recount.tally.as_json(),
        "effective_at": stamp(recount.effective_at) if recount.effective_at else None,
        "expires_at": stamp(recount.expires_at) if recount.expires_at else None,
    }


def _save(vote: Vote, recount: Course) -> None:
    vote.outcome, vote.reason = recount.decision.outcome.value, recount.decision.reason.value
    vote.tally = recount.tally.as_json()
    vote.effective_at, vote.expires_at, vote.next_at = recount.effective_at, recount.expires_at, recount.next_at
    vote.save(update_fields=["outcome", "reason", "tally", "effective_at", "expires_at", "next_at"])
