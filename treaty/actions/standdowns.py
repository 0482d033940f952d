"""A lab stands down: acknowledge, halt every run in scope, roll back, declare; a monitoring body verifies."""

import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.organisations import Role
from core.canonical import commitment
from core.durations import Duration
from core.errors import DomainError, require
from core.prose import prose
from core.times import stamp
from labs.actions.deployments import roll_back_deployment
from labs.actions.runs import halt_run
from labs.models import Deployment, TrainingRun
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock, named, pause_of
from treaty.models import DeadlineExtension, RollBack, RunHalt, StandDown, Verification, Vote
from treaty.permissions import bodies_acting, can_act_for_lab, is_independent_of
from treaty.queries.pauses import state, terms
from treaty.queries.standdowns import deployments_in_scope, runs_in_scope, stages_of
from treaty.rules.pauses import BINDING, PauseInAnotherState
from treaty.rules.standdowns import Conclusion, SiteMode, StageKey, missing_before


class StageNotReady(DomainError):
    """An earlier stage is still to be done."""

    code = "stage_not_ready"


class NotInScope(DomainError):
    """This is not in the scope of the stand-down."""

    code = "not_in_scope"


class NotIndependent(DomainError):
    """The body is affiliated with the laboratory, so it cannot judge it."""

    code = "not_independent"


LABS_ONLY = "Only a representative of the laboratory does this."


def _locked(stand_down: StandDown, at: datetime) -> None:
    """Lock pause, then stand-down; raise PauseInAnotherState where the pause does not bind."""
    lock(stand_down.pause)
    stand_down.refresh_from_db(
        from_queryset=StandDown.objects.select_for_update(of=("self",), no_key=True).select_related(
            "organisation", "pause"
        )
    )
    found = state(stand_down.pause, at)
    if found not in BINDING:
        raise PauseInAnotherState(
            f"Pause {stand_down.pause.key} is {found.value.replace('_', ' ')}: it asks nothing of the laboratory."
        )


def _subject(stand_down: StandDown) -> dict[str, str]:
    return {"pause": stand_down.pause.key, "lab": stand_down.organisation.key}


@transaction.atomic
def acknowledge(*, stand_down: StandDown, by: User, at: datetime) -> StandDown:
    """Acknowledge the pause for the lab."""
    _locked(stand_down, at)
    require(can_act_for_lab(by, stand_down.organisation, at=at), LABS_ONLY)
    if stand_down.acknowledged_at:
        return stand_down
    stand_down.acknowledged_at = at
    stand_down.save(update_fields=["acknowledged_at"])
    record(kind="standdown.acknowledged", payload=_subject(stand_down), by=by, at=at)
    return stand_down


@transaction.atomic
def record_halt(
    *, stand_down: StandDown, run: TrainingRun, checkpoint_commitment: str, by: User, at: datetime
) -> RunHalt:
    """Halt one declared run in scope, with the commitment to its last checkpoint; the last one completes the stage.

    Two entries: `run.halted` by the laboratory's own action, `standdown.run_halted` for the pause.
    """
    _locked(stand_down, at)
    require(can_act_for_lab(by, stand_down.organisation, at=at), LABS_ONLY)
    halted = stand_down.run_halts.filter(run=run).first()
    if halted:
        return halted
    if run not in _runs_left(stand_down, at):
        raise NotInScope(f"{run.name} is not a run of {stand_down.organisation.name} that this pause halts.")
    halt_run(run=run, checkpoint_commitment=checkpoint_commitment, by=by, at=at)
    halted = RunHalt.objects.create(
        stand_down=stand_down, run=run, halted_at=at, checkpoint_commitment=checkpoint_commitment
    )
    complete = not _runs_left(stand_down, at)
    if complete and stand_down.halted_at is None:
        stand_down.halted_at = at
        stand_down.save(update_fields=["halted_at"])
    record(
        kind="standdown.run_halted",
        payload={
            **_subject(stand_down),
            "run": run.key,
            "checkpoint_commitment": checkpoint_commitment,
            "complete": complete,
        },
        by=by,
        at=at,
    )
    return halted


@transaction.atomic
def state_nothing_runs(*, stand_down: StandDown, by: User, at: datetime) -> StandDown:
    """State that no declared run above the threshold is left to halt: the nil return of the halt stage."""
    _locked(stand_down, at)
    require(can_act_for_lab(by, stand_down.organisation, at=at), LABS_ONLY)
    if stand_down.halted_at:
        return stand_down
    left = _runs_left(stand_down, at)
    if left:
        raise StageNotReady(f"Still to be halted: {', '.join(run.name for run in left)}.")
    stand_down.halted_at = at
    stand_down.save(update_fields=["halted_at"])
    record(
        kind="standdown.halted",
        payload={**_subject(stand_down), "nil": not stand_down.run_halts.exists()},
        by=by,
        at=at,
    )
    return stand_down


def _runs_left(stand_down: StandDown, at: datetime) -> list[TrainingRun]:
    lab = stand_down.organisation
    return runs_in_scope(stand_down.pause, [lab], at).get(lab.pk, [])


@transaction.atomic
def record_roll_back(
    *, stand_down: StandDown, deployment: Deployment, approved: Collection[str], by: User, at: datetime
) -> RollBack:
    """Roll one deployment in scope back by its registered procedure, every gate of it approved.

    Two entries: `deployment.rolled_back` by the laboratory's own action, `standdown.rolled_back` for the pause.
    """
    _locked(stand_down, at)
    require(can_act_for_lab(by, stand_down.organisation, at=at), LABS_ONLY)
    done = stand_down.roll_backs.filter(deployment=deployment).first()
    if done:
        return done
    if deployment not in _deployments_left(stand_down):
        raise NotInScope(
            f"{deployment.name} is not a deployment of {stand_down.organisation.name} that this pause rolls back."
        )
    roll_back_deployment(deployment=deployment, approved=approved, by=by, at=at)
    done = RollBack.objects.create(stand_down=stand_down, deployment=deployment, rolled_back_at=at)
    complete = not _deployments_left(stand_down)
    if complete and stand_down.rolled_back_at is None:
        stand_down.rolled_back_at = at
        stand_down.save(update_fields=["rolled_back_at"])
    record(
        kind="standdown.rolled_back",
        payload={**_subject(stand_down), "deployment": deployment.key, "complete": complete},
        by=by,
        at=at,
    )
    return done


@transaction.atomic
def state_nothing_deployed(*, stand_down: StandDown, by: User, at: datetime) -> StandDown:
    """State that no deployment in scope is left to roll back: the nil return of the roll-back stage."""
    _locked(stand_down, at)
    require(can_act_for_lab(by, stand_down.organisation, at=at), LABS_ONLY)
    if stand_down.rolled_back_at:
        return stand_down
    left = _deployments_left(stand_down)
    if left:
        raise StageNotReady(f"Still to be rolled back: {', '.join(one.name for one in left)}.")
    stand_down.rolled_back_at = at
    stand_down.save(update_fields=["rolled_back_at"])
    record(
        kind="standdown.rolled_back",
        payload={**_subject(stand_down), "deployment": None, "complete": True},
        by=by,
        at=at,
    )
    return stand_down


def _deployments_left(stand_down: StandDown) -> list[Deployment]:
    return deployments_in_scope(terms(stand_down.pause), stand_down.organisation)


@transaction.atomic
def declare_stand_down(*, stand_down: StandDown, site_mode: str, by: User, at: datetime) -> StandDown:
    """Declare that the lab has stood down, and in which mode its sites are to be verified."""
    _locked(stand_down, at)
    require(can_act_for_lab(by, stand_down.organisation, at=at), LABS_ONLY)
    if stand_down.declared_at:
        return stand_down
    modes = terms(stand_down.pause).level.site_modes
    if site_mode not in modes:
        raise NotInScope(fields={"site_mode": f"The text allows: {', '.join(modes).replace('_', ' ')}."})
    _check_ready(stand_down, at)
    stand_down.site_mode, stand_down.declared_at = SiteMode(site_mode).value, at
    stand_down.save(update_fields=["site_mode", "declared_at"])
    record(kind="standdown.declared", payload={**_subject(stand_down), "site_mode": site_mode}, by=by, at=at)
    return stand_down


def _check_ready(stand_down: StandDown, at: datetime) -> None:
    missing = missing_before(StageKey.DECLARE, stages_of(stand_down, at))
    if missing:
        raise StageNotReady(f"First: {', '.join(stage.value.replace('_', ' ') for stage in missing)}.")
    running = [*(run.name for run in _runs_left(stand_down, at)), *(one.name for one in _deployments_left(stand_down))]
    if running:
        raise StageNotReady(f"Declared since, and still in scope: {', '.join(running)}.")


@transaction.atomic
def verify_stand_down(
    *,
    stand_down: StandDown,
    visit_key: str,
    conclusion: str,
    by: User,
    at: datetime,
    body: Organisation | None = None,
    basis: str = "",
) -> Verification:
    """Write down a monitoring body's conclusion about the stand-down. The same visit concludes once.

    `by` is an officer or inspector of `body` (of the only body they act for, where it is None). A discrepancy opens a
    case by the next sweep; being unable to conclude is an answer and verifies nothing.
    """
    _locked(stand_down, at)
    acting = bodies_acting(by, at=at, roles=(Role.OFFICER, Role.INSPECTOR))
    judge = body or (acting[0] if acting else None)
    require(judge is not None and judge in acting, "Only an officer or inspector of an accredited body verifies.")
    assert judge is not None
    if not is_independent_of(judge, stand_down.organisation, at=at):
        raise NotIndependent
    known = stand_down.verifications.filter(visit_key=visit_key).first() if visit_key else None
    if known:
        return known
    if stand_down.declared_at is None:
        raise StageNotReady(
            "The laboratory has not declared its stand-down yet: there is nothing to verify it against."
        )
    words = prose(basis)
    verification = _verified(stand_down, Conclusion(conclusion), body=judge, visit_key=visit_key, basis=words, at=at)
    record(
        kind="standdown.verified",
        payload={
            **_subject(stand_down),
            "body": judge.key,
            "visit": visit_key or None,
            "conclusion": conclusion,
            "basis": commitment(verification.salt, words),
            "expires_at": stamp(verification.expires_at) if verification.expires_at else None,
        },
        by=by,
        at=at,
    )
    return verification


def _verified(
    stand_down: StandDown, conclusion: Conclusion, *, body: Organisation, visit_key: str, basis: str, at: datetime
) -> Verification:
    validity = terms(stand_down.pause).verification_validity
    if conclusion is Conclusion.CONSISTENT and stand_down.verified_at is None:
        stand_down.verified_at = at
        stand_down.save(update_fields=["verified_at"])
    return Verification.objects.create(
        stand_down=stand_down,
        body=body,
        visit_key=visit_key,
        conclusion=conclusion.value,
        basis=basis,
        salt=secrets.token_hex(32),
        concluded_at=at,
        expires_at=validity.after(at) if validity else None,
    )


@transaction.atomic
def extend_deadline(*, vote: Vote, at: datetime) -> DeadlineExtension:
    """Let an adopted vote move a stage's deadline: its subject names pause, lab, stage and `by`, such as "7 d"."""
    effective_at = effect_of(vote)
    pause = pause_of(vote)
    lock(pause)
    known = DeadlineExtension.objects.filter(vote=vote).first()
    if known:
        return known
    found = pause.stand_downs.select_related("organisation", "pause").filter(organisation__key=named(vote, "lab"))
    stand_down = found.first()
    if stand_down is None:
        raise NotInScope(f"{named(vote, 'lab')} has no stand-down under pause {pause.key}.")
    stage = next((one for one in stages_of(stand_down, effective_at) if one.key == named(vote, "stage")), None)
    if stage is None:
        raise NotInScope(f"This level has no stage {named(vote, 'stage')!r}.")
    until_at = Duration.parse(named(vote, "by")).after(stage.due_at)
    extension = DeadlineExtension.objects.create(
        stand_down=stand_down, stage=stage.key.value, until_at=until_at, vote=vote
    )
    record(
        kind="standdown.extended",
        payload={**_subject(stand_down), "vote": vote.key, "stage": stage.key.value, "until_at": stamp(until_at)},
        by=None,
        at=at,
    )
    return extension
