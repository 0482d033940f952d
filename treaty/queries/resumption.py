"""What stands between a pause and its end: every criterion with its truth, its ground and who owes what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.truth import Truth, all_of
from treaty.models import Determination, Pause, Resumption
from treaty.queries.pauses import terms
from treaty.queries.standdowns import disputed
from treaty.queries.texts import rules_of
from treaty.queries.worlds import Surroundings, world
from treaty.rules.conditions import AnyCondition, Determined, asks_for_no_dispute, walk
from treaty.rules.evaluation import DeterminationValue, World, evaluate
from treaty.rules.resumption import CriterionStanding, criteria_standing, stage_due_at
from treaty.rules.text import ResumptionStage
from web.prepared import prepared


def _world(pause: Pause, conditions: Iterable[AnyCondition], at: datetime, around: Surroundings | None = None) -> World:
    """Return all that `conditions` are judged by at `at`, in seven queries; in two with `around`."""
    made, conditions = tuple(_value(one) for one in _determinations(pause, at)), list(conditions)
    doubts = disputed(pause, at) if asks_for_no_dispute(conditions) else None
    return world(conditions, rules_of(pause.text), at, made, disputed=doubts, around=around)


def _determinations(pause: Pause, at: datetime) -> Iterable[Determination]:
    """Return what bodies determined by `at`; a tainted determination counts as none."""
    return [one for one in _made(pause.pk, at) if one.tainted_at is None or at < one.tainted_at]


@prepared
def _made(pause: int, at: datetime) -> QuerySet[Determination]:
    return Determination.objects.filter(pause=pause, determined_at__lte=at).select_related("body")


def _value(one: Determination) -> DeterminationValue:
    return DeterminationValue(one.criterion, one.body.key, one.met, one.determined_at, one.expires_at)


def criteria(pause: Pause, at: datetime, around: Surroundings | None = None) -> tuple[CriterionStanding, ...]:
    """Return every resumption criterion of the pause as it stands at `at`; `around` are `surroundings`, where they are at hand."""
    resumption = terms(pause).resumption
    conditions = [criterion.condition for criterion in resumption.criteria.values()]
    return criteria_standing(resumption, _world(pause, conditions, at, around), at)


def determinable(pause: Pause) -> Mapping[str, str]:
    """Return what a body can determine under this pause: the key that a condition names, and its criterion's title."""
    return {
        part.criterion: criterion.title
        for criterion in terms(pause).resumption.criteria.values()
        for part in walk(criterion.condition)
        if isinstance(part, Determined)
    }


def stage_truth(pause: Pause, stages: Iterable[ResumptionStage], at: datetime) -> Truth:
    """Return whether the conditions of all `stages` hold at `at`; TRUE where none has any."""
    conditions = [stage.condition for stage in stages if stage.condition is not None]
    if not conditions:
        return Truth.TRUE
    found = _world(pause, conditions, at)
    return all_of(evaluate(condition, found, at).truth for condition in conditions)


@dataclass(frozen=True)
class StageRow:
    """One stage of a resumption under way."""

    stage: ResumptionStage
    due_at: datetime
    reached_at: datetime | None


def stage_rows(resumption: Resumption) -> list[StageRow]:
    """Return the stages of a resumption with when each is due and was reached."""
    begun_at = resumption.begun_at
    if begun_at is None:
        return []
    stages = terms(resumption.pause).resumption.stages
    reached = {step.number: step.reached_at for step in resumption.steps.all()}
    return [
        StageRow(stage, stage_due_at(stages, number, begun_at), reached.get(number))
        for number, stage in enumerate(stages)
    ]


def under_way(pause: Pause) -> Resumption | None:
    """Return the resumption that has begun and has not snapped back."""
    return next((one for one in pause.resumptions.all() if one.begun_at and one.snapped_back_at is None), None)
