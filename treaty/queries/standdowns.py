"""The board of a pause: every lab of its roll with stages, lateness and standing, in a number of queries that does not grow."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.models import Organisation
from labs.models import Deployment, TrainingRun
from labs.rules.deployments import DeploymentStatus
from labs.rules.runs import RunStatus
from treaty.models import Case, DeadlineExtension, Party, Pause, RunHalt, StandDown, Verification
from treaty.queries.exemptions import exempted_runs
from treaty.queries.pauses import facts, state, terms
from treaty.rules.pauses import BINDING, PauseTerms, activation_outcome
from treaty.rules.standdowns import (
    Conclusion,
    StageKey,
    StageStanding,
    StandDownFacts,
    delay_account,
    stages,
)
from treaty.rules.standing import CaseValue, Standing, StandingAnswer, VerificationValue, dispute, standing_of
from treaty.rules.text import Level
from web.prepared import prepared

DONE_COLUMNS: Mapping[StageKey, str] = {
    StageKey.ACKNOWLEDGE: "acknowledged_at",
    StageKey.HALT: "halted_at",
    StageKey.ROLL_BACK: "rolled_back_at",
    StageKey.DECLARE: "declared_at",
    StageKey.VERIFY: "verified_at",
}


@dataclass(frozen=True)
class BoardRow:
    """One lab of the roll."""

    organisation: Organisation
    stand_down: StandDown | None
    stages: tuple[StageStanding, ...]
    standing: StandingAnswer
    delay: timedelta
    runs: int
    runs_halted: int
    open_cases: tuple[CaseValue, ...]

    def stage(self, key: StageKey) -> StageStanding | None:
        """Return one stage, None where the level has none or the lab is not bound."""
        return next((stage for stage in self.stages if stage.key is key), None)

    @property
    def site_mode(self) -> str:
        """How the lab's sites are verified; empty until it has declared that."""
        declared = self.stage(StageKey.DECLARE)
        return self.stand_down.site_mode if self.stand_down and declared and declared.done_at else ""


@dataclass(frozen=True)
class Board:
    """A row for each lab of the roll, by name."""

    pause: Pause
    at: datetime
    stage_keys: tuple[StageKey, ...]
    rows: tuple[BoardRow, ...]

    def count(self, standing: Standing) -> int:
        """How many labs have this standing."""
        return sum(1 for row in self.rows if row.standing.standing is standing)


def stand_down_facts(stand_down: StandDown, extended: Mapping[StageKey, datetime] | None = None) -> StandDownFacts:
    """Return a stand-down as the value that the rules take; `extended` where its moved deadlines are at hand."""
    if extended is None:
        extended = {StageKey(one.stage): one.until_at for one in stand_down.extensions.all()}
    done = ((key, getattr(stand_down, column)) for key, column in DONE_COLUMNS.items())
    return StandDownFacts(stand_down.starts_at, {key: at for key, at in done if at is not None}, extended)


def stages_of(stand_down: StandDown, at: datetime) -> tuple[StageStanding, ...]:
    """Return the stages of one stand-down at `at`."""
    return stages(terms(stand_down.pause).level, stand_down_facts(stand_down), at)


def standing_at(
    stand_down: StandDown | None, found: tuple[StageStanding, ...], cases: Collection[Case], at: datetime
) -> StandingAnswer:
    """Return the lab's standing from its rows."""
    told = _verifications(stand_down.verifications.all()) if stand_down else ()
    values = [CaseValue(one.key, one.opened_at, one.closed_at, one.determined_at) for one in cases]
    return _standing(stand_down, found, told, values, at)


def _standing(
    stand_down: StandDown | None,
    found: tuple[StageStanding, ...],
    verifications: Iterable[VerificationValue],
    cases: Collection[CaseValue],
    at: datetime,
) -> StandingAnswer:
    since = stand_down.starts_at if stand_down else at
    return standing_of(
        bound=stand_down is not None,
        stages=found,
        verifications=[one for one in verifications if one.at >= since],
        cases=cases,
        at=at,
    )


def _verifications(rows: Iterable[Verification]) -> list[VerificationValue]:
    return [
        VerificationValue(Conclusion(one.conclusion), one.concluded_at, one.expires_at, one.visit_key) for one in rows
    ]


def disputed(pause: Pause, at: datetime) -> Mapping[str, datetime]:
    """Return the laboratories whose verified stand-down a body disputes at `at`, and since when; one query."""
    told: dict[str, list[VerificationValue]] = defaultdict(list)
    for lab, conclusion, *rest in _told(pause.pk):
        told[lab].append(VerificationValue(Conclusion(conclusion), *rest))
    return {lab: found.since for lab, values in told.items() if (found := dispute(values, at))}


@prepared
def _told(pause: int) -> QuerySet[Verification, tuple[Any, ...]]:
    columns = "stand_down__organisation__key", "conclusion", "concluded_at", "expires_at", "visit_key"
    counts = Verification.objects.filter(stand_down__pause=pause, concluded_at__gte=F("stand_down__starts_at"))
    return counts.order_by("concluded_at", "pk").values_list(*columns)


@dataclass(frozen=True)
class _Beside:
    """What belongs to the stand-downs of a pause, by the primary key of each: read at once, as plain values."""

    extended: Mapping[int, Mapping[StageKey, datetime]]
    verifications: Mapping[int, list[VerificationValue]]
    halted: Mapping[int, int]
    cases: Mapping[int, list[CaseValue]]  # by laboratory
    remaining: Mapping[int, int]  # runs that can still go on, by laboratory


def board(pause: Pause, at: datetime) -> Board:
    """Return the board at `at`, in seven queries however many labs there are; without what votes decided and nobody had entered yet."""
    level = terms(pause).level
    labs = [one.organisation for one in pause.commitments.all()]
    begun = _begun(pause.pk, at) if pause.in_force_at else []
    stand_downs = {one.organisation_id: one for one in begun}
    beside = _beside(pause, at)
    rows = [_row(lab, stand_downs.get(lab.pk), beside, level, at) for lab in labs]
    return Board(pause, at, tuple(StageKey(stage.key) for stage in level.stages), tuple(rows))


def _beside(pause: Pause, at: datetime) -> _Beside:
    """Read the rows, not one object for each stand-down and table: that is most of what a board of many labs would cost."""
    extended: dict[int, dict[StageKey, datetime]] = defaultdict(dict)
    for key, stage, until_at in _moved(pause.pk, at):
        extended[key][StageKey(stage)] = until_at
    verifications: dict[int, list[VerificationValue]] = defaultdict(list)
    for key, conclusion, *rest in _concluded(pause.pk):
        verifications[key].append(VerificationValue(Conclusion(conclusion), *rest))
    cases: dict[int, list[CaseValue]] = defaultdict(list)
    for lab, name, opened_at, closed_at, determined_at, entered_at in _opened(pause.pk, at):
        is_known = entered_at is None or entered_at <= at
        cases[lab].append(CaseValue(name, opened_at, closed_at, determined_at if is_known else None))
    return _Beside(extended, verifications, Counter(_halted(pause.pk, at)), cases, _remaining(pause, at))


@prepared
def _begun(pause: int, at: datetime) -> QuerySet[StandDown]:
    return StandDown.objects.filter(pause=pause, starts_at__lte=at).order_by()


@prepared
def _moved(pause: int, at: datetime) -> QuerySet[DeadlineExtension, tuple[int, str, datetime]]:
    moved = DeadlineExtension.objects.filter(stand_down__pause=pause).exclude(vote__effect_applied_at__gt=at)
    return moved.values_list("stand_down", "stage", "until_at")


@prepared
def _concluded(pause: int) -> QuerySet[Verification, tuple[Any, ...]]:
    columns = "stand_down", "conclusion", "concluded_at", "expires_at", "visit_key"
    return Verification.objects.filter(stand_down__pause=pause).values_list(*columns)


@prepared
def _opened(pause: int, at: datetime) -> QuerySet[Case, tuple[Any, ...]]:
    columns = "organisation", "key", "opened_at", "closed_at", "determined_at", "vote__effect_applied_at"
    return Case.objects.filter(pause=pause, opened_at__lte=at).values_list(*columns)


@prepared
def _halted(pause: int, at: datetime) -> QuerySet[RunHalt, int]:
    return RunHalt.objects.filter(stand_down__pause=pause, halted_at__lte=at).values_list("stand_down", flat=True)


def _remaining(pause: Pause, at: datetime) -> Mapping[int, int]:
    limit = terms(pause).level.training_above_flop
    exempt = exempted_runs(pause, at)
    running = _running(at, limit) if limit is not None else []
    return Counter(lab for lab, key in running if key not in exempt)


@prepared
def _running(at: datetime, limit: Decimal) -> QuerySet[TrainingRun, tuple[int, str]]:
    return _above(limit, at).values_list("organisation", "key")


def _row(lab: Organisation, stand_down: StandDown | None, beside: _Beside, level: Level, at: datetime) -> BoardRow:
    cases = beside.cases.get(lab.pk, ())
    key = stand_down.pk if stand_down else 0
    found = stages(level, stand_down_facts(stand_down, beside.extended.get(key, {})), at) if stand_down else ()
    halted = beside.halted.get(key, 0)
    return BoardRow(
        lab,
        stand_down,
        found,
        _standing(stand_down, found, beside.verifications.get(key, ()), cases, at),
        delay_account(found),
        runs=halted + beside.remaining.get(lab.pk, 0) if stand_down else 0,
        runs_halted=halted,
        open_cases=tuple(case for case in cases if case.closed_at is None or at < case.closed_at),
    )


def runs_in_scope(pause: Pause, labs: Iterable[Organisation], at: datetime) -> Mapping[int, list[TrainingRun]]:
    """Return, by lab, the declared runs above the level's threshold that can still go on and may not, in two queries."""
    found: dict[int, list[TrainingRun]] = defaultdict(list)
    running = _going_on(pause, at).filter(organisation__in=list(labs)).select_related("facility")
    for run in running.order_by("registered_at"):
        found[run.organisation_id].append(run)
    return found


def _going_on(pause: Pause, at: datetime) -> QuerySet[TrainingRun]:
    limit = terms(pause).level.training_above_flop
    if limit is None:
        return TrainingRun.objects.none()
    return _above(limit, at).exclude(key__in=exempted_runs(pause, at))


def _above(limit: Decimal, at: datetime) -> QuerySet[TrainingRun]:
    going = Q(status__in=[RunStatus.PLANNED, RunStatus.RUNNING]) | Q(halted_at__gt=at) | Q(finished_at__gt=at)
    return TrainingRun.objects.filter(going, planned_flop__gt=limit, registered_at__lte=at)


def deployments_in_scope(provisions: PauseTerms, lab: Organisation) -> list[Deployment]:
    """Return the lab's live deployments that the level asks to be rolled back."""
    level = provisions.level
    if not level.roll_back_deployments or level.release_above_flop is None:
        return []
    return list(
        Deployment.objects.filter(organisation=lab, flop__gt=level.release_above_flop, status=DeploymentStatus.LIVE)
    )


def is_being_prepared(pause: Pause, lab: Organisation, at: datetime) -> bool:
    """Whether the pause binds the lab at `at` already and no sweep has written its stand-down down yet."""
    if state(pause, at) not in BINDING or pause.stand_downs.filter(organisation=lab).exists():
        return False
    on_roll = any(one.organisation_id == lab.pk for one in pause.commitments.all())
    if on_roll:
        return lab.key in activation_outcome(facts(pause), terms(pause)).bound.members
    return Party.objects.bound(at).filter(organisation=lab).exists()


def stand_down_of(pause: Pause, lab: Organisation) -> StandDown | None:
    """Return the lab's stand-down under the pause."""
    found = pause.stand_downs.filter(organisation=lab).select_related("organisation", "pause")
    return found.prefetch_related(
        "extensions", "verifications__body", "run_halts__run", "roll_backs__deployment"
    ).first()
