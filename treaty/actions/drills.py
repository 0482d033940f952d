"""Drills: ordered by a vote, gone through by each laboratory, ended by the clock. Nothing here touches a pause or a run."""

import logging
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.organisations import Role
from core.errors import require
from core.times import stamp
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock_keys, named
from treaty.actions.standdowns import LABS_ONLY, NotIndependent, NotInScope, StageNotReady
from treaty.models import Drill, DrillLab, DrillStep, DrillVerdict, Vote
from treaty.permissions import bodies_acting, can_act_for_lab, is_independent_of
from treaty.queries.drills import done_at, exercised, facts, is_prevented, state
from treaty.queries.numbering import next_key
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_of
from treaty.rules.drills import (
    OVER,
    DrillNotRunning,
    DrillRefused,
    DrillStage,
    DrillState,
    dates,
    ended,
    missing_before,
    takes_verdicts,
)
from treaty.rules.standdowns import Conclusion

logger = logging.getLogger(__name__)

KINDS = {
    DrillStage.ACKNOWLEDGE: "drill.acknowledged",
    DrillStage.HALT: "drill.halted",
    DrillStage.ROLL_BACK: "drill.rolled_back",
    DrillStage.DECLARE: "drill.declared",
    DrillStage.STAND_UP: "drill.stood_up",
}


@transaction.atomic
def order_drill(*, vote: Vote, at: datetime) -> Drill:
    """Let an adopted vote order a drill of the level that its subject names, for all who are bound at its effect."""
    announced_at = effect_of(vote)
    lock_keys("drill")
    known = Drill.objects.filter(vote=vote).first()
    if known:
        return known
    rules, level = rules_of(vote.text), named(vote, "level")
    if is_prevented(at) or level not in rules.levels:
        raise DrillRefused
    starts_at, ends_by = dates(rules.drills, announced_at)
    drill = Drill.objects.create(
        key=next_key(Drill.objects.all(), announced_at, letter="d", digits=1),
        level=level,
        vote=vote,
        text=vote.text,
        announced_at=announced_at,
        starts_at=starts_at,
        ends_by=ends_by,
    )
    roll = bound_labs(announced_at)
    DrillLab.objects.bulk_create(DrillLab(drill=drill, organisation=lab) for lab in roll)
    record(
        kind="drill.ordered",
        payload={
            "drill": drill.key,
            "vote": vote.key,
            "level": level,
            "announced_at": stamp(announced_at),
            "starts_at": stamp(starts_at),
            "ends_by": stamp(ends_by),
            "labs": sorted(lab.key for lab in roll),
        },
        by=None,
        at=at,
    )
    return drill


@transaction.atomic
def pass_stage(*, drill: Drill, lab: Organisation, stage: DrillStage, by: User, at: datetime) -> DrillStep:
    """Write down that the laboratory went through a stage of the exercise. Nothing is halted or rolled back."""
    drill = _locked(drill)
    require(can_act_for_lab(by, lab, at=at), LABS_ONLY)
    mine, stages = _place(drill, lab), exercised(drill)
    if stage not in stages:
        raise NotInScope(f"Drill {drill.key} asks no such thing of {lab.name}.")
    known = next((step for step in mine.steps.all() if step.stage == stage), None)
    if known:
        return known
    if state(drill, at) is not DrillState.RUNNING:
        raise DrillNotRunning
    missing = missing_before(stage, stages, done_at(mine))
    if missing:
        raise StageNotReady(f"First: {', '.join(one.value.replace('_', ' ') for one in missing)}.")
    step = DrillStep.objects.create(lab=mine, stage=stage.value, done_at=at)
    record(kind=KINDS[stage], payload={"drill": drill.key, "lab": lab.key}, by=by, at=at)
    return step


@transaction.atomic
def conclude_exercise(
    *, drill: Drill, lab: Organisation, body: Organisation, conclusion: Conclusion, by: User, at: datetime
) -> DrillVerdict:
    """Write down whether a body confirms what the laboratory declared, once; being unable to say is an answer (Art. 24)."""
    drill = _locked(drill)
    acting = bodies_acting(by, at=at, roles=(Role.OFFICER, Role.INSPECTOR))
    require(body in acting, "Only an officer or inspector of an accredited body concludes.")
    if not is_independent_of(body, lab, at=at):
        raise NotIndependent
    place = _place(drill, lab)
    known = place.verdicts.filter(body=body).first()
    if known:
        return known
    if not takes_verdicts(facts(drill), at):
        raise DrillNotRunning
    if DrillStage.DECLARE not in done_at(place):
        raise StageNotReady("The laboratory has not declared its exercise yet: there is nothing to confirm.")
    verdict = DrillVerdict.objects.create(lab=place, body=body, conclusion=conclusion.value, concluded_at=at)
    payload = {"drill": drill.key, "lab": lab.key, "body": body.key, "conclusion": conclusion.value}
    record(kind="drill.verified", payload=payload, by=by, at=at)
    return verdict


@transaction.atomic
def end_drill(*, drill: Drill, at: datetime) -> Drill:
    """Write down that the drill is over, with how it ended, once it is."""
    drill = _locked(drill)
    found = state(drill, at)
    if drill.ended_at or found not in OVER:
        return drill
    drill.ended_at = ended(facts(drill))[0]
    drill.save(update_fields=["ended_at"])
    record(
        kind="drill.ended",
        payload={"drill": drill.key, "outcome": found.value, "ended_at": stamp(drill.ended_at)},
        by=None,
        at=at,
    )
    return drill


def _locked(drill: Drill) -> Drill:
    Drill.objects.select_for_update(no_key=True).get(pk=drill.pk)
    return Drill.objects.with_rows().get(pk=drill.pk)


def _place(drill: Drill, lab: Organisation) -> DrillLab:
    found = next((one for one in drill.labs.all() if one.organisation_id == lab.pk), None)
    if found is None:
        raise NotInScope(f"Drill {drill.key} asks nothing of {lab.name}.")
    return found


def end_due(*, at: datetime) -> int:
    """Write down the end of every drill that is over, each in its own transaction; one bad row does not stop the rest."""
    over = 0
    for drill in list(Drill.objects.not_over()):
        try:
            over += end_drill(drill=drill, at=at).ended_at is not None
        except Exception:
            logger.exception("drill %s could not be ended", drill.key)
    return over
