"""A lab's stand-down: its stages with their deadlines, what is late and by how much, and the delay account."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from treaty.rules.text import Level


class StageKey(StrEnum):
    """What a lab does, in order."""

    ACKNOWLEDGE = "acknowledge"
    HALT = "halt"
    ROLL_BACK = "roll_back"
    DECLARE = "declare"
    VERIFY = "verify"


class StageState(StrEnum):
    """Where one stage stands."""

    DONE = "done"
    DONE_LATE = "done_late"
    DUE = "due"
    LATE = "late"


class SiteMode(StrEnum):
    """How a site under a pause is verified."""

    INFERENCE_ONLY = "inference_only"
    POWERED_OFF = "powered_off"


class Conclusion(StrEnum):
    """What a monitoring body concludes about a stand-down. "Unable to verify" is an answer."""

    CONSISTENT = "consistent"
    DISCREPANCY = "discrepancy"
    INCONCLUSIVE = "inconclusive"


BY_THE_LAB: Final = frozenset({StageKey.ACKNOWLEDGE, StageKey.HALT, StageKey.ROLL_BACK, StageKey.DECLARE})
LATE_STATES: Final = frozenset({StageState.LATE, StageState.DONE_LATE})
# What a stage needs to have been done before it.
NEEDS: Final[Mapping[StageKey, frozenset[StageKey]]] = {
    StageKey.ACKNOWLEDGE: frozenset(),
    StageKey.HALT: frozenset(),
    StageKey.ROLL_BACK: frozenset(),
    StageKey.DECLARE: frozenset({StageKey.ACKNOWLEDGE, StageKey.HALT, StageKey.ROLL_BACK}),
    StageKey.VERIFY: frozenset({StageKey.DECLARE}),
}


@dataclass(frozen=True)
class StandDownFacts:
    """When each stage was done, and deadlines that a vote moved."""

    starts_at: datetime
    done_at: Mapping[StageKey, datetime] = field(default_factory=dict)
    extended_until: Mapping[StageKey, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class StageStanding:
    """One stage at an instant. `late_by` runs on while the stage is late, and stays once it is done late."""

    key: StageKey
    state: StageState
    starts_at: datetime
    due_at: datetime
    done_at: datetime | None = None
    late_by: timedelta = timedelta(0)
    extended: bool = False

    @property
    def took(self) -> timedelta | None:
        """How long after the start it was done; None while it is not."""
        return None if self.done_at is None else self.done_at - self.starts_at


def stages(level: Level, facts: StandDownFacts, at: datetime) -> tuple[StageStanding, ...]:
    """Return the level's stages as they stand at `at`. A stage done at its deadline is late: periods are half-open."""
    found = []
    for stage in level.stages:
        key = StageKey(stage.key)
        due_at = max(stage.within.after(facts.starts_at), facts.extended_until.get(key, facts.starts_at))
        found.append(_standing(key, facts, due_at, at))
    return tuple(found)


def _standing(key: StageKey, facts: StandDownFacts, due_at: datetime, at: datetime) -> StageStanding:
    done_at = facts.done_at.get(key)
    if done_at is not None and done_at > at:
        done_at = None
    late_by = max((done_at or at) - due_at, timedelta(0))
    is_late = (done_at or at) >= due_at
    if done_at is None:
        state = StageState.LATE if is_late else StageState.DUE
    else:
        state = StageState.DONE_LATE if is_late else StageState.DONE
    extended = key in facts.extended_until
    return StageStanding(key, state, facts.starts_at, due_at, done_at, late_by, extended=extended)


def is_through(level: Level, facts: StandDownFacts, at: datetime) -> bool:
    """Whether every stage of the level was done by `at`."""
    done = (facts.done_at.get(StageKey(stage.key)) for stage in level.stages)
    return all(one is not None and one <= at for one in done)


def delay_account(standings: Collection[StageStanding]) -> timedelta:
    """Return the sum of all lateness: delays add up, and doing a later stage in time does not win them back."""
    return sum((stage.late_by for stage in standings), timedelta(0))


def overdue(standings: Collection[StageStanding]) -> tuple[StageStanding, ...]:
    """The stages that opened, or open, a compliance case: late now, or done late."""
    return tuple(stage for stage in standings if stage.state in LATE_STATES)


def missing_before(key: StageKey, standings: Collection[StageStanding]) -> tuple[StageKey, ...]:
    """Which stages of this level must still be done before `key` can be."""
    return tuple(stage.key for stage in standings if stage.key in NEEDS[key] and stage.done_at is None)
