"""Ballots that an organisation's root repudiates: whose word it is, in which window, and what the vote comes to without them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from accounts.rules.statements import Purpose
from core.canonical import Json
from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.ballots import repudiation
from treaty.rules.courses import Repudiated
from treaty.rules.vote_states import State
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.keys import by_signature, directory_at
from verifier.replay.payloads import number, part, text
from verifier.replay.votes import VoteRecord, Votes


@replays("ballot.repudiated")
def repudiate(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The root alone repudiates a ballot of its organisation, once, after the close and within the window of the text."""
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    member, wanted, signature = text(payload, "organisation"), text(payload, "ballot"), text(payload, "signature")
    yield from by_signature(replay, entry, member)
    if vote.closed_at is None or not vote.closed_at <= entry.at < vote.repudiable_until:
        yield Finding("window", f"the ballots of vote {vote.key} could not be repudiated at {stamp(entry.at)}")
        return
    sequence = number(payload, "sequence")
    yield from differs("ballot", "whose ballot it is", [member, sequence], list(vote.hashes.get(wanted, [])))
    if wanted in vote.repudiated:
        yield Finding("repeated", f"the ballot {wanted} was repudiated before")
        return
    directory = directory_at(replay, member, entry.at)
    statement = repudiation(wanted, vote=vote.key, organisation=member, log=directory.log)
    directory.check_root(member, signature, purpose=Purpose.REPUDIATION, statement=statement)
    vote.repudiated.add(wanted)
    said = None if payload["recount"] is None else part(payload, "recount")
    yield from _recount(vote, Repudiated(member, sequence, entry.at), said)


def _recount(vote: VoteRecord, gone: Repudiated, said: Mapping[str, Json] | None) -> Iterator[Finding]:
    """A repudiation before the effect of an adopted vote: it is counted again, at the same instant, and so it stands."""
    open_effect = not vote.facts.effect_applied_at and not vote.settled_at
    if not open_effect or vote.outcome != "adopted" or vote.course(gone.at).state is not State.WAITING:
        yield from differs("recount", "a recount of a vote that waits for no effect", said, None)
        return
    vote.facts = replace(vote.facts, repudiated=(*vote.facts.repudiated, gone))
    now = vote.course(gone.at)
    expected: dict[str, Json] = {
        "outcome": now.decision.outcome.value,
        "reason": now.decision.reason.value,
        "tally": now.tally.as_json(),
        "effective_at": stamp(now.effective_at) if now.effective_at else None,
        "expires_at": stamp(now.expires_at) if now.expires_at else None,
    }
    yield from differs("recount", "the vote without the repudiated ballot", said, expected)
    vote.outcome, vote.effective_at = now.decision.outcome.value, now.effective_at
    if vote.outcome != "adopted":
        vote.forget_ballots()
