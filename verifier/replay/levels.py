"""A pause that a decision moves to another level."""

from collections.abc import Iterator
from datetime import datetime

from ledger.rules.entries import EntryValue
from treaty.rules.pauses import Move, PauseState, levels_beyond, moved
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock
from verifier.replay.pauses import Pauses, StandDownRecord, pause_of
from verifier.replay.payloads import moment, text, texts
from verifier.replay.votes import VoteRecord, Votes, effect_of, hindrance, takes_effect


@hindrance("pause.escalated")
@hindrance("pause.relaxed")
def stays(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """A level stays where the pause is not in force, or the level that is named does not lie beyond it."""
    pause = replay.of(Pauses).known.get(vote.pause or "")
    if pause is None or pause.state(at) is not PauseState.IN_FORCE:
        return True
    return vote.subject.get("level") not in levels_beyond(pause.terms, vote.text.rules, Move(vote.decision))


@replays("pause.escalated", "pause.relaxed")
def move(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A pause in force moves up or down; escalated, every stand-down that had begun begins anew."""
    yield from by_clock(entry)
    payload, pause = entry.payload, pause_of(replay, entry.payload)
    vote = replay.of(Votes).of(text(payload, "vote"))
    yield from takes_effect(vote, entry.kind, entry.at)
    since, level = effect_of(vote), text(payload, "level")
    yield from differs("pause", "the pause of its vote", vote.pause, pause.key)
    yield from differs("level", "the level that its vote names", vote.subject.get("level"), level)
    yield from differs("level", "the level before", text(payload, "before"), pause.terms.level_key)
    yield from differs("instant", "from when it has effect", moment(payload, "effective_at"), since)
    state = pause.state(entry.at)
    if state is not PauseState.IN_FORCE:
        yield Finding("state", f"pause {pause.key} is {state.value}, not in force")
    way = Move.ESCALATE if entry.kind == "pause.escalated" else Move.RELAX
    pause.terms = moved(pause.terms, vote.text.rules, level, way)
    begun = {lab: it for lab, it in pause.stand_downs.items() if way is Move.ESCALATE and it.starts_at < since}
    yield from differs("bound_set", "who stands down anew", texts(payload, "labs"), sorted(begun))
    pause.stand_downs |= {
        lab: StandDownRecord(
            since,
            extended_until=it.extended_until,
            halted=it.halted,
            rolled_back=it.rolled_back,
            concluded=it.concluded,
        )
        for lab, it in begun.items()
    }
