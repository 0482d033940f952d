"""Effects of adopted votes: applied after the timelock and within the grace, refused for a reason on record, or expired."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.vote_states import State
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock
from verifier.replay.payloads import maybe_moment, moment, text
from verifier.replay.votes import EFFECTS, HINDRANCES, VoteRecord, Votes


@replays("vote.applied")
def apply(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An adopted vote takes effect after its timelock and within its grace, once."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    yield from _ready(vote, entry.at)
    yield from differs("decision", "the decision", text(payload, "decision"), vote.decision)
    yield from differs("instant", "from when it has effect", maybe_moment(payload, "effective_at"), vote.effective_at)
    expected = EFFECTS.get(vote.decision)
    if expected and vote.effect != expected and not _is_ratified_already(replay, vote):
        yield Finding("effect", f"vote {vote.key} is said to be applied, and no {expected} precedes that")
    vote.facts = replace(vote.facts, effect_applied_at=entry.at)
    vote.forget_ballots()


def _is_ratified_already(replay: Replay, vote: VoteRecord) -> bool:
    others = (it for it in replay.of(Votes).known.values() if it is not vote and it.effect == "pause.ratified")
    return any(other.pause == vote.pause for other in others)


def _ready(vote: VoteRecord, at: datetime) -> Iterator[Finding]:
    if vote.facts.effect_applied_at or vote.settled_at:
        yield Finding("repeated", f"vote {vote.key} was applied, refused or expired before")
        return
    now = vote.course(at)
    if now.state is not State.READY:
        when = f", ready at {stamp(now.effective_at)}" if now.effective_at else ""
        code = "too_early" if now.state is State.WAITING else "state"
        yield Finding(code, f"vote {vote.key} is {now.state.value}, not ready to take effect{when}")


@replays("vote.effect_refused")
def refuse(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The effect of an adopted vote is refused for a reason that the record shows, never at the operator's pleasure."""
    yield from by_clock(entry)
    vote = replay.of(Votes).of(text(entry.payload, "vote"))
    yield from _ready(vote, entry.at)
    if vote.decision not in EFFECTS:
        yield Finding("effect", f"vote {vote.key} stands as it was adopted: it has no effect that could be refused")
    stands_in_the_way = HINDRANCES.get(EFFECTS.get(vote.decision, ""))
    if stands_in_the_way and not stands_in_the_way(replay, vote, entry.at):
        yield Finding("effect", f"nothing stood in the way of vote {vote.key}: it has its effect")
    if vote.decision == "resume" and vote.effect != "resumption.refused":
        yield Finding("effect", "no resumption.refused precedes this")
    vote.settled_at = entry.at
    vote.forget_ballots()


@replays("vote.expired")
def expire(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An adopted vote that was not applied within its grace expires."""
    yield from by_clock(entry)
    vote = replay.of(Votes).of(text(entry.payload, "vote"))
    now = vote.course(entry.at)
    if now.state is not State.EXPIRED or vote.settled_at:
        yield Finding("state", f"vote {vote.key} is {now.state.value}, not expired")
    yield from differs("instant", "when it expired", moment(entry.payload, "expired_at"), now.expires_at)
    vote.settled_at = moment(entry.payload, "expired_at")
    vote.forget_ballots()
