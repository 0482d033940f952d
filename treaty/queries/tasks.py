"""What is asked of a person under the treaty: vote, confirm, stand down, exercise it, answer, determine."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from core.truth import Truth
from labs.permissions import can_review_quarantine
from treaty.models import StandDown
from treaty.models.drills import DRILL_STAGE_LABELS
from treaty.models.standdowns import STAGE_LABELS
from treaty.permissions import bodies_acting, labs_acting, may_request_for
from treaty.queries.cases import awaiting_answer
from treaty.queries.consultations import waiting
from treaty.queries.drills import DrillSummary, awaits, current
from treaty.queries.instruments import instruments_asked
from treaty.queries.pauses import PauseSummary, summaries
from treaty.queries.quarantine import in_quarantine
from treaty.queries.resumption import criteria, determinable
from treaty.queries.standdowns import stages_of
from treaty.queries.votes import awaiting
from treaty.rules.drills import DrillState
from treaty.rules.pauses import BINDING, PauseState
from treaty.rules.standdowns import BY_THE_LAB
from web.asks import Task


def tasks_for(user: User, at: datetime) -> list[Task]:
    """Return what `user` is asked to do under the treaty at `at`, the most urgent first, what has no date last."""
    labs, bodies = labs_acting(user, at=at), bodies_acting(user, at=at)
    asked = [*instruments_asked(user, at), *_quarantine(user, at), *_submissions(user, at)]
    if not labs and not bodies:
        return asked
    living = [one for one in summaries(at) if one.state in BINDING or one.state is PauseState.ACTIVATING]
    found, drill = [*asked, *_votes([*labs, *bodies], at)], current(at)
    for lab in labs:
        found += [*_commitments(lab, living), *_stages(lab, living, at), *_cases(lab, at), *_drill(lab, drill)]
    for body in bodies:
        found += [*_criteria(body, living, at), *_exercises(body, drill, at)]
    return sorted(found, key=lambda task: (task.due is None, task.due or at))


def _quarantine(user: User, at: datetime) -> Iterator[Task]:
    """Ask those of whom two lift a quarantine for their word on each reading that they have not looked at."""
    if not can_review_quarantine(user, at=at):
        return
    for row in in_quarantine(at, user):
        if row.is_asked:
            reading = row.quarantine.reading
            yield Task(
                title=_("Review in quarantine: %(title)s") % {"title": row.title},
                url=reverse("treaty:review_quarantine", args=[reading.pk]),
                detail=reading.organisation.name if reading.organisation else "",
                action=_("Review"),
            )


def _submissions(user: User, at: datetime) -> Iterator[Task]:
    """Ask whoever proposed an amendment to answer what was written about it."""
    for amendment, row in waiting(may_request_for(user, at=at), at):
        count = row.figures.unanswered
        yield Task(
            title=_("Answer what was written about amendment %(key)s") % {"key": amendment.key},
            url=reverse("treaty:submissions", args=[amendment.key]),
            due=row.periods.answered_by,
            detail=_("unanswered: %(count)s") % {"count": count},
            action=_("Answer"),
        )


def _votes(organisations: list[Organisation], at: datetime) -> Iterator[Task]:
    for organisation in organisations:
        for vote in awaiting(organisation, at):
            yield Task(
                title=_("Vote: %(title)s") % {"title": vote.title},
                url=reverse("treaty:ballot", args=[vote.key]),
                due=vote.closes_at,
                detail=organisation.name,
                action=_("Vote"),
            )


def _commitments(lab: Organisation, living: list[PauseSummary]) -> Iterator[Task]:
    for one in living:
        mine = next((row for row in one.pause.commitments.all() if row.organisation_id == lab.pk), None)
        if one.state is PauseState.ACTIVATING and mine and (mine.confirmed_at is None or mine.withdrawn_at):
            yield Task(
                title=_("Confirm the commitment to pause %(pause)s") % {"pause": one.pause.key},
                url=reverse("treaty:commit", args=[one.pause.key, lab.key]),
                due=one.confirm_by,
                detail=lab.name,
                action=_("Confirm"),
            )


def _stages(lab: Organisation, living: list[PauseSummary], at: datetime) -> Iterator[Task]:
    pauses = [one.pause for one in living if one.state in BINDING]
    rows = StandDown.objects.filter(pause__in=pauses, organisation=lab).select_related("pause", "organisation")
    for stand_down in rows.prefetch_related("extensions"):
        for stage in stages_of(stand_down, at):
            if stage.done_at is None and stage.key in BY_THE_LAB:
                yield Task(
                    title=_("%(stage)s: stand-down under pause %(pause)s")
                    % {"stage": STAGE_LABELS[stage.key], "pause": stand_down.pause.key},
                    url=reverse("treaty:stand_down", args=[stand_down.pause.key, lab.key]) + f"#{stage.key.value}",
                    due=stage.due_at,
                    detail=lab.name,
                    action=str(STAGE_LABELS[stage.key]),
                    late=at >= stage.due_at,
                )


def _drill(lab: Organisation, found: DrillSummary | None) -> Iterator[Task]:
    """Ask for the stages of the drill that runs; what one of them waits for is asked first."""
    if found is None or found.state is not DrillState.RUNNING:
        return
    for row in found.rows:
        for one in row.stages if row.organisation == lab else ():
            if one.done_at is None:
                yield Task(
                    title=_("Drill %(drill)s: %(stage)s")
                    % {"drill": found.drill.key, "stage": DRILL_STAGE_LABELS[one.stage]},
                    url=reverse("treaty:drill_lab", args=[found.drill.key, lab.key]) + f"#{one.stage.value}",
                    due=one.due_at,
                    detail=lab.name,
                    action=str(DRILL_STAGE_LABELS[one.stage]),
                    late=bool(one.late_by),
                )


def _exercises(body: Organisation, found: DrillSummary | None, at: datetime) -> Iterator[Task]:
    """Ask a body for its word on each exercise that was declared."""
    if found is None:
        return
    for row in awaits(found, body, at):
        yield Task(
            title=_("Drill %(drill)s: confirm, or not, what %(lab)s showed")
            % {"drill": found.drill.key, "lab": row.organisation.name},
            url=reverse("treaty:drill_verify", args=[found.drill.key, row.organisation.key]),
            due=found.verify_by,
            detail=body.name,
            action=_("Conclude"),
            late=at >= found.verify_by,
        )


def _cases(lab: Organisation, at: datetime) -> Iterator[Task]:
    for case in awaiting_answer(lab, at):
        yield Task(
            title=_("Answer case %(case)s") % {"case": case.key},
            url=reverse("treaty:case", args=[case.key]),
            due=case.answer_by,
            detail=lab.name,
            action=_("Answer"),
            late=at >= case.answer_by,
        )


def _criteria(body: Organisation, living: list[PauseSummary], at: datetime) -> Iterator[Task]:
    """Ask for what no valid determination of this body decides yet."""
    for one in living:
        if one.state not in BINDING:
            continue
        standing = {
            row.criterion
            for row in one.pause.determinations.filter(
                body=body, determined_at__lte=at, expires_at__gt=at, tainted_at=None
            )
        }
        unknown = {
            owed.what for found in criteria(one.pause, at) if found.truth is Truth.UNKNOWN for owed in found.owed
        }
        for criterion, title in determinable(one.pause).items():
            if criterion not in standing and criterion in unknown:
                yield Task(
                    title=_("Determine: %(title)s") % {"title": title},
                    url=reverse("treaty:determine", args=[one.pause.key, criterion]),
                    detail=_("%(body)s, pause %(pause)s") % {"body": body.name, "pause": one.pause.key},
                    action=_("Determine"),
                )
