"""A drill: a pause exercised from its announcement until work has been taken up again (Art. 24).

Nothing is halted by it, and no rule about pauses reads it. Its state follows from its rows and the clock.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.durations import Duration
from core.errors import DomainError
from treaty.rules.orders import Obligation, Work
from treaty.rules.standdowns import StageKey, StageState
from treaty.rules.text import Drills, Level


class DrillStage(StrEnum):
    """What a laboratory exercises, in order. A level without roll-back leaves that stage out. Bodies conclude about it apart."""

    ACKNOWLEDGE = "acknowledge"
    HALT = "halt"
    ROLL_BACK = "roll_back"
    DECLARE = "declare"
    STAND_UP = "stand_up"


class DrillState(StrEnum):
    """What a drill is at an instant."""

    ORDERED = "ordered"
    ANNOUNCED = "announced"
    RUNNING = "running"
    COMPLETED = "completed"
    TIMED_OUT = "timed_out"
    CALLED_OFF = "called_off"


class DrillEvent(StrEnum):
    """What moves a drill on."""

    ANNOUNCE = "announce"
    BEGIN = "begin"
    COMPLETE = "complete"
    TIME_OUT = "time_out"
    CALL_OFF = "call_off"


TRANSITIONS: Final[Mapping[tuple[DrillState, DrillEvent], DrillState]] = {
    (DrillState.ORDERED, DrillEvent.ANNOUNCE): DrillState.ANNOUNCED,
    (DrillState.ANNOUNCED, DrillEvent.BEGIN): DrillState.RUNNING,
    (DrillState.ANNOUNCED, DrillEvent.CALL_OFF): DrillState.CALLED_OFF,
    (DrillState.RUNNING, DrillEvent.COMPLETE): DrillState.COMPLETED,
    (DrillState.RUNNING, DrillEvent.TIME_OUT): DrillState.TIMED_OUT,
    (DrillState.RUNNING, DrillEvent.CALL_OFF): DrillState.CALLED_OFF,
}
OVER: Final = frozenset({DrillState.COMPLETED, DrillState.TIMED_OUT, DrillState.CALLED_OFF})
NEEDS: Final[Mapping[DrillStage, frozenset[DrillStage]]] = {
    DrillStage.ACKNOWLEDGE: frozenset(),
    DrillStage.HALT: frozenset(),
    DrillStage.ROLL_BACK: frozenset(),
    DrillStage.DECLARE: frozenset({DrillStage.ACKNOWLEDGE, DrillStage.HALT, DrillStage.ROLL_BACK}),
    DrillStage.STAND_UP: frozenset({DrillStage.DECLARE}),
}


class DrillRefused(DomainError):
    """No drill is ordered while a pause is in force or another drill is not over."""

    code = "drill_refused"


class DrillNotRunning(DomainError):
    """The drill has not begun or is over."""

    code = "drill_not_running"


@dataclass(frozen=True)
class DrillFacts:
    """The rows that decide what a drill is."""

    announced_at: datetime  # the instant of effect of the vote that ordered it
    starts_at: datetime
    ends_by: datetime
    done_at: Mapping[str, Mapping[DrillStage, datetime]] = field(default_factory=dict)  # by laboratory; all of its roll
    paused_at: datetime | None = None  # from when a real pause binds


@dataclass(frozen=True)
class DrillStanding:
    """One stage of one laboratory at an instant."""

    stage: DrillStage
    state: StageState
    due_at: datetime
    done_at: datetime | None = None
    took: timedelta | None = None  # since the start of the drill
    late_by: timedelta = timedelta(0)


def dates(terms: Drills, announced_at: datetime) -> tuple[datetime, datetime]:
    """Return when a drill that is announced at an instant starts, and by when it ends."""
    starts_at = terms.announced_before.after(announced_at)
    return starts_at, terms.longest.after(starts_at)


def stages_of(level: Level, longest: Duration) -> dict[DrillStage, Duration]:
    """Return the stages that a drill of this level exercises, each with its time: the level's own, and standing up again."""
    named = {DrillStage(one.key): one.within for one in level.stages if one.key in set(DrillStage)}
    return {stage: named[stage] for stage in DrillStage if stage in named} | {DrillStage.STAND_UP: longest}


def ended(facts: DrillFacts) -> tuple[datetime, DrillEvent]:
    """Return when and by what the drill ends, as things stand: a real pause comes before all else."""
    ends = [(facts.ends_by, DrillEvent.TIME_OUT)]
    stood_up = [done.get(DrillStage.STAND_UP) for done in facts.done_at.values()]
    if stood_up and None not in stood_up:
        ends.append((max(one for one in stood_up if one), DrillEvent.COMPLETE))
    if facts.paused_at is not None:
        ends.append((max(facts.paused_at, facts.announced_at), DrillEvent.CALL_OFF))
    return min(ends, key=lambda end: (end[0], end[1] is not DrillEvent.CALL_OFF, end[1] is not DrillEvent.COMPLETE))


def next_state(state: DrillState, event: DrillEvent) -> DrillState:
    """Return the state after `event`; KeyError where the table has none."""
    return TRANSITIONS[state, event]


def state_at(facts: DrillFacts, at: datetime) -> DrillState:
    """Return the state at `at`: what had happened up to and including it."""
    over_at, event = ended(facts)
    steps = [(facts.announced_at, DrillEvent.ANNOUNCE), (facts.starts_at, DrillEvent.BEGIN), (over_at, event)]
    if event is DrillEvent.CALL_OFF and over_at < facts.starts_at:
        del steps[1]
    state = DrillState.ORDERED
    for instant, step in steps:
        if instant <= at:
            state = next_state(state, step)
    return state


def missing_before(
    stage: DrillStage, stages: Collection[DrillStage], done: Collection[DrillStage]
) -> tuple[DrillStage, ...]:
    """Return which of the level's `stages` a laboratory must still do before `stage`."""
    return tuple(one for one in stages if one in NEEDS[stage] and one not in done)


def standings(
    facts: DrillFacts, stages: Mapping[DrillStage, Duration], done: Mapping[DrillStage, datetime], at: datetime
) -> tuple[DrillStanding, ...]:
    """Return a laboratory's stages as they stand at `at`. Lateness runs until the drill ends; done at the deadline is late."""
    until = min(at, ended(facts)[0])
    found = []
    for stage, within in stages.items():
        due_at, done_at = min(within.after(facts.starts_at), facts.ends_by), done.get(stage)
        seen = done_at or until
        late = seen >= due_at
        state = (
            (StageState.DONE_LATE if late else StageState.DONE)
            if done_at
            else (StageState.LATE if late else StageState.DUE)
        )
        took = done_at - facts.starts_at if done_at else None
        found.append(DrillStanding(stage, state, due_at, done_at, took, max(seen - due_at, timedelta(0))))
    return tuple(found)


def verify_by(level: Level, facts: DrillFacts) -> datetime:
    """Return by when bodies are to have concluded: in the level's own time for it, while the drill's time lasts."""
    within = next((one.within for one in level.stages if one.key == StageKey.VERIFY.value), None)
    return min(within.after(facts.starts_at), facts.ends_by) if within else facts.ends_by


def takes_verdicts(facts: DrillFacts, at: datetime) -> bool:
    """Whether bodies conclude at `at`: while it runs, and once everybody is through it until its time is over."""
    return at < facts.ends_by and state_at(facts, at) in {DrillState.RUNNING, DrillState.COMPLETED}


def drill_obligation(
    key: str, *, level: tuple[str, Level], text: str, facts: DrillFacts, stages: Mapping[DrillStage, Duration]
) -> Obligation:
    """Return what a drill that runs asks of a laboratory that has not stood up again, marked as a drill; `text` by its hash."""
    name, terms = level
    return Obligation(
        pause=key,
        level=name,
        state=DrillState.RUNNING.value,
        text=text,
        since=facts.starts_at,
        above_flop={
            Work.TRAIN: terms.training_above_flop,
            Work.DEPLOY: terms.release_above_flop if terms.roll_back_deployments else None,
            Work.RELEASE: terms.release_above_flop,
        },
        due_at={stage.value: min(within.after(facts.starts_at), facts.ends_by) for stage, within in stages.items()},
        drill=True,
    )


def next_due(terms: Drills, since: datetime) -> datetime:
    """Return by when the next drill starts: `since` the last one started, or since entry into force where there was none."""
    return terms.every.after(since)
