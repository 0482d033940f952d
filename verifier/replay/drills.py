"""Drills: ordered by a vote, gone through stage by stage, over at the instant that follows from them. No pause reads them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from accounts.rules.organisations import Role
from core.errors import DomainError
from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.drills import (
    OVER,
    DrillFacts,
    DrillStage,
    DrillState,
    dates,
    drill_obligation,
    ended,
    missing_before,
    stages_of,
    state_at,
    takes_verdicts,
)
from treaty.rules.orders import Obligation
from treaty.rules.pauses import BINDING
from treaty.rules.standdowns import Conclusion
from treaty.rules.text import Level
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_role
from verifier.replay.parties import Parties
from verifier.replay.pauses import Pauses
from verifier.replay.payloads import moment, text, texts
from verifier.replay.texts import Published
from verifier.replay.votes import VoteRecord, Votes, effect_of, hindrance, takes_effect

STAGES = {
    "drill.acknowledged": DrillStage.ACKNOWLEDGE,
    "drill.halted": DrillStage.HALT,
    "drill.rolled_back": DrillStage.ROLL_BACK,
    "drill.declared": DrillStage.DECLARE,
    "drill.stood_up": DrillStage.STAND_UP,
}


class UnknownDrill(DomainError):
    """The record has no such drill."""

    code = "unknown_drill"


@dataclass
class DrillRecord:
    """A drill as the record shows it."""

    key: str
    text: Published
    level_key: str
    level: Level
    facts: DrillFacts
    done_at: dict[str, dict[DrillStage, datetime]]
    concluded: set[tuple[str, str]] = field(default_factory=set)  # body and laboratory
    ended: bool = False


@dataclass
class Drills:
    """Every drill by key."""

    known: dict[str, DrillRecord] = field(default_factory=dict)

    def of(self, key: str) -> DrillRecord:
        """Return a drill; raise UnknownDrill."""
        if key not in self.known:
            raise UnknownDrill(f"there is no drill {key!r} on record")
        return self.known[key]


def _facts(replay: Replay, drill: DrillRecord) -> DrillFacts:
    since = drill.facts.announced_at
    paused = [
        one.in_force_at for one in replay.of(Pauses).known.values() if one.in_force_at and one.in_force_at >= since
    ]
    return replace(drill.facts, done_at=drill.done_at, paused_at=min(paused, default=None))


def _state(replay: Replay, drill: DrillRecord, at: datetime) -> DrillState:
    return state_at(_facts(replay, drill), at)


def drill_obligations(replay: Replay, lab: str, at: datetime) -> Iterator[Obligation]:
    """Return what the drill that runs at `at` asks of the laboratory, until it has stood up again."""
    for drill in replay.of(Drills).known.values():
        facts, done = _facts(replay, drill), drill.done_at.get(lab)
        if done is None or DrillStage.STAND_UP in done or state_at(facts, at) is not DrillState.RUNNING:
            continue
        stages = stages_of(drill.level, drill.text.rules.drills.longest)
        level = drill.level_key, drill.level
        yield drill_obligation(drill.key, level=level, text=drill.text.sha256, facts=facts, stages=stages)


@hindrance("drill.ordered")
def is_prevented(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether a pause is in force, another drill is not over, or the text has no such level."""
    going = any(not one.ended and _state(replay, one, at) not in OVER for one in replay.of(Drills).known.values())
    paused = any(one.state(at) in BINDING for one in replay.of(Pauses).known.values())
    return going or paused or vote.subject.get("level") not in vote.text.rules.levels


@replays("drill.ordered")
def order(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An adopted vote orders a drill of the level that it names, for all who are bound at its instant of effect."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    yield from takes_effect(vote, entry.kind, entry.at)
    if is_prevented(replay, vote, entry.at):
        yield Finding("state", "no drill is ordered while a pause is in force or another drill is not over")
    since, key = effect_of(vote), text(payload, "drill")
    starts_at, ends_by = dates(vote.text.rules.drills, since)
    yield from differs("level", "the level that its vote names", text(payload, "level"), vote.subject.get("level"))
    yield from differs("instant", "when it was announced", moment(payload, "announced_at"), since)
    yield from differs("instant", "when it starts", moment(payload, "starts_at"), starts_at)
    yield from differs("deadline", "by when it ends", moment(payload, "ends_by"), ends_by)
    roll = sorted(replay.of(Parties).bound(since))
    yield from differs("roll", "who takes part", texts(payload, "labs"), roll)
    if key in replay.of(Drills).known:
        yield Finding("repeated", f"drill {key} was ordered before")
    level, facts = str(vote.subject.get("level")), DrillFacts(since, starts_at, ends_by)
    replay.of(Drills).known[key] = DrillRecord(
        key, vote.text, level, vote.text.rules.levels[level], facts, {lab: {} for lab in roll}
    )


@replays(*STAGES)
def go_through(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory goes through a stage, once, after those that it needs, while the drill runs."""
    lab, stage = text(entry.payload, "lab"), STAGES[entry.kind]
    drill = replay.of(Drills).of(text(entry.payload, "drill"))
    yield from by_role(replay, entry, {Role.REPRESENTATIVE}, lab)
    stages = stages_of(drill.level, drill.text.rules.drills.longest)
    if lab not in drill.done_at or stage not in stages:
        yield Finding("scope", f"drill {drill.key} asks no such thing of {lab}")
        return
    state = _state(replay, drill, entry.at)
    if state is not DrillState.RUNNING:
        yield Finding("state", f"drill {drill.key} is {state.value}, not running")
    done = drill.done_at[lab]
    if stage in done:
        yield Finding("repeated", f"{lab} had gone through this stage of drill {drill.key} before")
    missing = missing_before(stage, stages, done)
    if missing:
        yield Finding("order", f"{lab} had still to {', '.join(one.value.replace('_', ' ') for one in missing)}")
    done.setdefault(stage, entry.at)


@replays("drill.verified")
def conclude(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An accredited, independent body concludes once about a declared exercise, while its time lasts."""
    lab, body = text(entry.payload, "lab"), text(entry.payload, "body")
    drill = replay.of(Drills).of(text(entry.payload, "drill"))
    yield from by_role(replay, entry, {Role.OFFICER, Role.INSPECTOR}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in replay.of(Organisations).affiliates(lab, entry.at):
        yield Finding("conflict", f"{body} is affiliated with {lab}: it cannot judge it")
    if not takes_verdicts(_facts(replay, drill), entry.at):
        yield Finding("state", f"the time to conclude about drill {drill.key} is over, or has not come")
    if DrillStage.DECLARE not in drill.done_at.get(lab, {}):
        yield Finding("order", f"{lab} has not declared its exercise: there is nothing to confirm")
    if (body, lab) in drill.concluded:
        yield Finding("repeated", f"{body} had concluded about {lab} in drill {drill.key} before")
    if text(entry.payload, "conclusion") not in set(Conclusion):
        yield Finding("conclusion", "a body confirms, finds a discrepancy, or is unable to conclude")
    drill.concluded.add((body, lab))


@replays("drill.ended")
def end(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A drill is over once everybody stood up again, its time ran out, or a real pause came into force."""
    yield from by_clock(entry)
    drill = replay.of(Drills).of(text(entry.payload, "drill"))
    over_at = ended(_facts(replay, drill))[0]
    if drill.ended:
        yield Finding("repeated", f"drill {drill.key} had ended before")
    if over_at > entry.at:
        yield Finding("too_early", f"drill {drill.key} ends at {stamp(over_at)} as things stand")
    outcome = _state(replay, drill, over_at).value
    yield from differs("outcome", "how it ended", text(entry.payload, "outcome"), outcome)
    yield from differs("instant", "when it ended", moment(entry.payload, "ended_at"), over_at)
    drill.ended = True
