"""Resuming: every criterion true by its condition or by determination, checked again at the instant of effect, then stages.

Nothing unknown ever lifts a pause: `may_resume` asks for `Truth.TRUE` of every criterion, and a stage whose condition is
unknown holds where it is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.truth import Truth, all_of
from treaty.rules.text import ResumptionStage


@dataclass(frozen=True)
class DeterminationValue:
    """One body's determination of a criterion. `tainted`: its basis was withdrawn, so it counts as none."""

    criterion: str
    body: str
    met: bool
    determined_at: datetime
    expires_at: datetime
    tainted: bool = False


class Ground(StrEnum):
    """Why a criterion stands as it does."""

    CONDITION = "condition"
    DETERMINED = "determined"
    NONE_YET = "none_yet"
    EXPIRED = "expired"
    TAINTED = "tainted"
    DISAGREE = "disagree"  # conclusion not drawn


@dataclass(frozen=True)
class Conclusion:
    """What the bodies' determinations of one criterion amount to, and who owes the next one."""

    truth: Truth
    ground: Ground
    met_by: tuple[str, ...] = ()
    not_met_by: tuple[str, ...] = ()
    since: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class CriterionStanding:
    """One criterion at an instant: its truth, on what ground, in words, and what is owed by whom."""

    key: str
    title: str
    truth: Truth
    ground: Ground
    words: str
    conclusion: Conclusion | None = None
    owed: tuple[str, ...] = ()
    expires_at: datetime | None = None


def conclude(criterion: str, determinations: Collection[DeterminationValue], at: datetime) -> Conclusion:
    """Return what the newest determination of each body amounts to at `at`.

    A newer determination supersedes the body's older one. Expired or tainted ones count as none. Bodies that disagree
    leave the conclusion undrawn.
    """
    of_body: dict[str, DeterminationValue] = {}
    made = [one for one in determinations if one.criterion == criterion and one.determined_at <= at]
    for one in sorted(made, key=lambda one: one.determined_at):
        of_body[one.body] = one
    standing = [one for one in of_body.values() if at < one.expires_at and not one.tainted]
    if not standing:
        return Conclusion(Truth.UNKNOWN, _why_none(of_body.values()))
    met = tuple(sorted(one.body for one in standing if one.met))
    not_met = tuple(sorted(one.body for one in standing if not one.met))
    since, expires_at = max(one.determined_at for one in standing), min(one.expires_at for one in standing)
    if met and not_met:
        return Conclusion(Truth.UNKNOWN, Ground.DISAGREE, met, not_met, since, expires_at)
    return Conclusion(Truth.of(bool(met)), Ground.DETERMINED, met, not_met, since, expires_at)


def _why_none(latest: Collection[DeterminationValue]) -> Ground:
    if not latest:
        return Ground.NONE_YET
    return Ground.TAINTED if any(one.tainted for one in latest) else Ground.EXPIRED


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
