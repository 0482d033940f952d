"""What follows from a trigger's condition: it fires once, stays latched, and is reset when the text says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from core.truth import Truth
from treaty.rules.conditions import AnyCondition, Comparison, Not
from treaty.rules.evaluation import Evaluation
from treaty.rules.text import Trigger


class TriggerState(StrEnum):
    """Where a trigger stands."""

    IDLE = "idle"
    LATCHED = "latched"  # it has fired: its vote, and what comes of it, run their course


class TriggerEvent(StrEnum):
    """What moves it."""

    FIRE = "fire"
    RESET = "reset"


TRANSITIONS: dict[tuple[TriggerState, TriggerEvent], TriggerState] = {
    (TriggerState.IDLE, TriggerEvent.FIRE): TriggerState.LATCHED,
    (TriggerState.LATCHED, TriggerEvent.RESET): TriggerState.IDLE,
}


def next_state(state: TriggerState, event: TriggerEvent) -> TriggerState:
    """Return the state after `event`; what the table does not hold changes nothing."""
    return TRANSITIONS.get((state, event), state)


def due(state: TriggerState, *, condition: Truth, reset: Truth, is_settled: bool) -> TriggerEvent | None:
    """Return what happens to a trigger now.

    Only true fires; only true resets, so that nothing unknown opens a vote or unlatches a trigger. A trigger is not reset
    before what it set in motion is settled (its vote has closed and no pause that came of it lasts), nor while its
    condition is true.
    """
    if state is TriggerState.IDLE:
        return TriggerEvent.FIRE if condition is Truth.TRUE else None
    released = reset is Truth.TRUE and condition is not Truth.TRUE
    return TriggerEvent.RESET if is_settled and released else None


def reset_condition(trigger: Trigger) -> AnyCondition:
    """Return what resets the trigger: what the text says, or else that its condition is false."""
    return trigger.reset_when or Not(of=trigger.condition)


def conditions_of(triggers: Iterable[Trigger]) -> list[AnyCondition]:
    """Return every condition that the triggers are judged by."""
    return [condition for trigger in triggers for condition in (trigger.condition, reset_condition(trigger))]


@dataclass(frozen=True)
class Progress:
    """How far a comparison is on its way: the value as a share of the threshold, where that means something."""

    value: Fraction
    threshold: Fraction

    @property
    def share(self) -> Fraction | None:
        """The value as a share of a threshold above zero."""
        return self.value / self.threshold if self.threshold > 0 and self.value >= 0 else None


def progress(evaluation: Evaluation) -> Progress | None:
    """Return how far a trigger of one rising comparison is; None for other conditions and for missing data."""
    condition = evaluation.condition
    if not isinstance(condition, Comparison) or condition.op not in {">", ">="} or evaluation.value is None:
        return None
    return Progress(evaluation.value, Fraction(condition.value))
