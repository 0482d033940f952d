"""Resuming: every criterion true by its condition or by determination, checked again at the instant of effect, then stages.

Nothing unknown ever lifts a pause: `may_resume` asks for `Truth.TRUE` of every criterion, and a stage whose condition is
unknown holds where it is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.canonical import Json
from core.truth import Truth, all_of
from treaty.rules.evaluation import Evaluation, Owed, World, evaluate
from treaty.rules.text import Criterion, Resumption, ResumptionStage


@dataclass(frozen=True)
class CriterionStanding:
    """One criterion at an instant, with the evaluation that decided it."""

    key: str
    title: str
    evaluation: Evaluation

    @property
    def truth(self) -> Truth:
        """Met, not met, or unknown."""
        return self.evaluation.truth

    @property
    def words(self) -> str:
        """The finding as an English sentence."""
        return self.evaluation.words

    @property
    def owed(self) -> tuple[Owed, ...]:
        """What is missing, and who owes it."""
        return self.evaluation.owed

    def to_json(self) -> dict[str, Json]:
        """Return it for the record: key, truth, finding."""
        return {"criterion": self.key, "truth": self.truth.value, "finding": self.words}


def criterion_standing(key: str, criterion: Criterion, world: World, at: datetime) -> CriterionStanding:
    """Judge one criterion at `at`; bodies that disagree, and expired determinations, leave it unknown."""
    return CriterionStanding(key, criterion.title, evaluate(criterion.condition, world, at))


def criteria_standing(resumption: Resumption, world: World, at: datetime) -> tuple[CriterionStanding, ...]:
    """Judge every criterion of the text at `at`."""
    return tuple(criterion_standing(key, criterion, world, at) for key, criterion in resumption.criteria.items())


def may_resume(criteria: Collection[CriterionStanding]) -> Truth:
    """Whether every criterion is met. A pause without criteria never resumes by vote: there is nothing to show."""
    return all_of(one.truth for one in criteria) if criteria else Truth.UNKNOWN


def unmet(criteria: Collection[CriterionStanding]) -> tuple[CriterionStanding, ...]:
    """The criteria that stand in the way: not met or unknown."""
    return tuple(one for one in criteria if one.truth is not Truth.TRUE)


class Move(StrEnum):
    """What a resumption does next."""

    WAIT = "wait"  # the next stage is not due yet
    HOLD = "hold"  # due, but its condition is unknown
    REACH = "reach"
    SNAP_BACK = "snap_back"
    END = "end"  # the last stage is reached: the pause is over


def stage_due_at(stages: Sequence[ResumptionStage], number: int, begun_at: datetime) -> datetime:
    """The earliest instant of stage `number` (from 0), counted from the beginning of the resumption."""
    return stages[number].after.after(begun_at)


def next_move(
    stages: Sequence[ResumptionStage],
    *,
    begun_at: datetime,
    reached: int,
    next_truth: Truth,
    reached_truth: Truth,
    at: datetime,
) -> Move:
    """Return what happens at `at` when `reached` stages have been reached.

    `next_truth` and `reached_truth` are the truths of the next stage's condition and of all conditions of the stages
    already reached (TRUE where a stage has none). False snaps back, unknown holds; neither ever goes forward.
    """
    if reached_truth is Truth.FALSE:
        return Move.SNAP_BACK
    if reached == len(stages):
        return Move.END if reached_truth is Truth.TRUE else Move.HOLD
    if at < stage_due_at(stages, reached, begun_at):
        return Move.WAIT
    if next_truth is Truth.FALSE:
        return Move.SNAP_BACK
    return Move.REACH if next_truth is Truth.TRUE and reached_truth is Truth.TRUE else Move.HOLD
