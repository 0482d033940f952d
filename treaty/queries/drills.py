"""What each drill is at an instant, how each laboratory stands in it, and when the next one is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import Organisation
from core.durations import Duration
from treaty.models import Drill, DrillLab, DrillVerdict, Pause, TreatyText
from treaty.permissions import is_independent_of
from treaty.queries.pauses import in_force
from treaty.queries.texts import rules_of, text_at
from treaty.rules.drills import (
    OVER,
    DrillFacts,
    DrillStage,
    DrillStanding,
    DrillState,
    drill_obligation,
    ended,
    next_due,
    stages_of,
    standings,
    state_at,
    takes_verdicts,
    verify_by,
)
from treaty.rules.orders import Obligation
from treaty.rules.standdowns import LATE_STATES, Conclusion
from treaty.rules.text import Level
from web.prepared import prepared


@dataclass(frozen=True)
class DrillRow:
    """One laboratory of a drill."""

    organisation: Organisation
    stages: tuple[DrillStanding, ...]
    verdicts: tuple[DrillVerdict, ...]  # in order

    @property
    def took(self) -> timedelta | None:
        """How long it took to go through everything, None while it has not."""
        return self.stages[-1].took

    @property
    def verified(self) -> DrillVerdict | None:
        """The first verdict that confirms what the laboratory showed."""
        return next((one for one in self.verdicts if one.conclusion == Conclusion.CONSISTENT), None)

    @property
    def has_declared(self) -> bool:
        """Whether there is something to confirm."""
        return any(one.stage is DrillStage.DECLARE and one.done_at for one in self.stages)

    @property
    def late(self) -> int:
        """How many stages are late or were done late."""
        return sum(1 for one in self.stages if one.state in LATE_STATES)


@dataclass(frozen=True)
class DrillSummary:
    """A drill with its state and its board; bodies conclude until `verify_by`."""

    drill: Drill
    level: Level
    state: DrillState
    over_at: datetime  # as things stand
    verify_by: datetime
    stages: Mapping[DrillStage, Duration]
    rows: tuple[DrillRow, ...]

    @property
    def done(self) -> int:
        """How many laboratories went through everything."""
        return sum(1 for row in self.rows if row.took is not None)


def done_at(lab: DrillLab) -> dict[DrillStage, datetime]:
    """Return when the laboratory did each stage."""
    return {DrillStage(step.stage): step.done_at for step in lab.steps.all()}


def facts(drill: Drill) -> DrillFacts:
    """Return the rows that decide the drill's state; fetch drills with `with_rows()`. One query more."""
    paused = Pause.objects.filter(in_force_at__gte=drill.announced_at).order_by("in_force_at").only("in_force_at")
    first = paused.first()
    return DrillFacts(
        drill.announced_at,
        drill.starts_at,
        drill.ends_by,
        {lab.organisation.key: done_at(lab) for lab in drill.labs.all()},
        first.in_force_at if first else None,
    )


def level_of(drill: Drill) -> Level:
    """Return the level that is exercised."""
    return rules_of(drill.text).levels[drill.level]


def exercised(drill: Drill) -> dict[DrillStage, Duration]:
    """Return the stages of the drill with their times."""
    return stages_of(level_of(drill), rules_of(drill.text).drills.longest)


def state(drill: Drill, at: datetime) -> DrillState:
    """Return what the drill is at `at`, whether or not a sweep has written its end down."""
    return state_at(facts(drill), at)


def summary(drill: Drill, at: datetime) -> DrillSummary:
    """Return the drill with its board at `at`."""
    found, stages = facts(drill), exercised(drill)
    return DrillSummary(
        drill,
        level_of(drill),
        state_at(found, at),
        ended(found)[0],
        verify_by(level_of(drill), found),
        stages,
        tuple(
            DrillRow(
                lab.organisation,
                standings(found, stages, done_at(lab), at),
                tuple(one for one in lab.verdicts.all() if one.concluded_at <= at),
            )
            for lab in drill.labs.all()
        ),
    )


def summaries(at: datetime) -> list[DrillSummary]:
    """Return every drill, the newest first."""
    return [summary(drill, at) for drill in Drill.objects.filter(announced_at__lte=at).with_rows()]


def awaits(one: DrillSummary, body: Organisation, at: datetime) -> list[DrillRow]:
    """Return the laboratories about which the body could conclude at `at`, and has not."""
    if not takes_verdicts(facts(one.drill), at):
        return []
    return [
        row
        for row in one.rows
        if row.has_declared
        and all(verdict.body_id != body.pk for verdict in row.verdicts)
        and is_independent_of(body, row.organisation, at=at)
    ]


def current(at: datetime) -> DrillSummary | None:
    """Return the drill that is announced or runs at `at`; one query where there is none."""
    found = (summary(drill, at) for drill in _announced(at))
    return next((one for one in found if one.state not in OVER), None)


@prepared
def _announced(at: datetime) -> QuerySet[Drill]:
    return Drill.objects.not_over().filter(announced_at__lte=at).with_rows()


def drill_obligations(at: datetime) -> dict[int, Obligation]:
    """Return what the drill that runs at `at` asks of each laboratory, by its primary key, until it has stood up again."""
    one = current(at)
    if one is None or one.state is not DrillState.RUNNING:
        return {}
    drill = one.drill
    asked = drill_obligation(
        drill.key, level=(drill.level, one.level), text=drill.text.sha256, facts=facts(drill), stages=one.stages
    )
    return {row.organisation.pk: asked for row in one.rows if row.took is None}


def is_prevented(at: datetime) -> bool:
    """Whether no drill can be ordered at `at`: a pause is in force, or a drill is not over."""
    return bool(in_force(at=at)) or current(at) is not None


def due_at(at: datetime) -> datetime | None:
    """Return by when the next drill begins, counted from the last one that began; None where no text is in force."""
    text: TreatyText | None = text_at(at)
    if text is None or text.in_force_at is None:
        return None
    begun = Drill.objects.filter(starts_at__lte=at).order_by("-starts_at").values_list("starts_at", flat=True).first()
    first = TreatyText.objects.filter(in_force_at__isnull=False).order_by("in_force_at").first()
    since = begun or (first.in_force_at if first and first.in_force_at else text.in_force_at)
    return next_due(rules_of(text).drills, since)
