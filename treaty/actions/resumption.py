"""Resuming: the vote is asked for only when every criterion is met, and takes effect only if they still are."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.errors import DomainError, require
from core.times import stamp
from core.truth import Truth
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock, pause_of
from treaty.actions.votes import notice_vote
from treaty.models import Pause, Resumption, ResumptionStep, Vote
from treaty.permissions import can_ask_to_resume
from treaty.queries.pauses import state, terms
from treaty.queries.resumption import criteria, stage_truth, under_way
from treaty.queries.votes import course_of, with_rows
from treaty.rules.pauses import PauseInAnotherState, PauseState
from treaty.rules.resumption import CriterionStanding, Move, may_resume, next_move, stage_due_at, unmet
from treaty.rules.vote_states import State


class CriteriaNotMet(DomainError):
    """Not every resumption criterion is met."""

    code = "criteria_not_met"

    def __init__(self, standing: tuple[CriterionStanding, ...]) -> None:
        """Name every criterion that is in the way, and why."""
        lines = [
            f"{one.title}: {'not met' if one.truth is Truth.FALSE else 'unknown'}. {one.words}"
            for one in unmet(standing)
        ]
        super().__init__(f"{self.__doc__} {' '.join(lines)}")


class ResumptionVoteOpen(DomainError):
    """A vote on resuming is already under way for this pause."""

    code = "resumption_vote_open"


@transaction.atomic
def open_resumption_vote(*, pause: Pause, organisation: Organisation, by: User, at: datetime) -> Vote:
    """Ask, in the name of a bound lab or an accredited body, for the vote on resuming; its notice is the one entry."""
    lock(pause)
    require(
        organisation in can_ask_to_resume(by, at=at),
        "A bound laboratory's representative or an accredited body's officer asks for the vote on resuming.",
    )
    found = state(pause, at)
    if found is not PauseState.IN_FORCE:
        raise PauseInAnotherState(
            f"Pause {pause.key} is {found.value.replace('_', ' ')}: only a pause in force is resumed from."
        )
    if _vote_under_way(pause, at):
        raise ResumptionVoteOpen
    standing = criteria(pause, at)
    if may_resume(standing) is not Truth.TRUE:
        raise CriteriaNotMet(standing)
    return notice_vote(
        decision=terms(pause).resumption.decision,
        title=f"Resume from pause {pause.key}",
        question=f"Shall work resume from pause {pause.key}, in the stages that the text names?",
        subject={"effect": "resume", "pause": pause.key, "criteria": [one.to_json() for one in standing]},
        requester=organisation,
        subject_organisation=None,
        pause=pause,
        by=by,
        at=at,
    )


def _vote_under_way(pause: Pause, at: datetime) -> bool:
    """Whether a vote on resuming is noticed, open, or adopted and still to take effect."""
    asked = pause.votes.filter(
        decision=terms(pause).resumption.decision, withdrawn_at=None, effect_applied_at=None, effect_settled_at=None
    )
    return any(course_of(vote, at).state not in SETTLED for vote in with_rows(asked))


SETTLED = frozenset({State.REJECTED, State.REFERRED, State.WITHDRAWN, State.EXPIRED, State.IN_EFFECT})


@transaction.atomic
def begin_resumption(*, vote: Vote, at: datetime) -> Resumption:
    """Let an adopted vote begin the resumption, if every criterion is met at its instant of effect; else refuse it.

    A refusal is written down and the pause stays as it is: what is unknown at that instant lifts nothing.
    """
    effective_at = effect_of(vote)
    pause = pause_of(vote)
    lock(pause)
    known = Resumption.objects.filter(vote=vote).first()
    if known:
        return known
    standing = criteria(pause, effective_at)
    found = state(pause, effective_at)
    begins = may_resume(standing) is Truth.TRUE and found is PauseState.IN_FORCE
    resumption = Resumption.objects.create(
        pause=pause,
        vote=vote,
        begun_at=effective_at if begins else None,
        refused_at=None if begins else effective_at,
        criteria=[one.to_json() for one in standing],
    )
    if begins:
        pause.resuming_at = effective_at
        pause.save(update_fields=["resuming_at"])
    record(
        kind="resumption.begun" if begins else "resumption.refused",
        payload={
            "pause": pause.key,
            "vote": vote.key,
            "at": stamp(effective_at),
            "state": found.value,
            "criteria": [one.to_json() for one in standing],
        },
        by=None,
        at=at,
    )
    return resumption


@transaction.atomic
def advance_resumption(*, pause: Pause, at: datetime) -> Move | None:
    """Take the steps of a resumption that are due: reach stages, snap back, or end the pause. One entry for each step."""
    lock(pause)
    resumption = under_way(pause)
    if resumption is None or state(pause, at) is not PauseState.RESUMING:
        return None
    while True:
        move = _next(resumption, at)
        if move is Move.REACH:
            _reach(resumption, at)
            continue
        if move is Move.SNAP_BACK:
            _snap_back(resumption, at)
        if move is Move.END:
            end_pause(pause=pause, at=at)
        return move


def _next(resumption: Resumption, at: datetime) -> Move:
    stages = terms(resumption.pause).resumption.stages
    reached = resumption.steps.count()
    assert resumption.begun_at is not None
    return next_move(
        stages,
        begun_at=resumption.begun_at,
        reached=reached,
        next_truth=stage_truth(resumption.pause, stages[reached : reached + 1], at),
        reached_truth=stage_truth(resumption.pause, stages[:reached], at),
        at=at,
    )


def _reach(resumption: Resumption, at: datetime) -> None:
    """A stage without a condition counts from when it was due; one with a condition from when that was seen to hold."""
    stages, number = terms(resumption.pause).resumption.stages, resumption.steps.count()
    assert resumption.begun_at is not None
    due_at = stage_due_at(stages, number, resumption.begun_at)
    before = resumption.steps.order_by("-number").first()
    reached_at = at if stages[number].condition else max(due_at, before.reached_at if before else due_at)
    ResumptionStep.objects.create(resumption=resumption, number=number, reached_at=reached_at)
    record(
        kind="resumption.stage_reached",
        payload={"pause": resumption.pause.key, "stage": number + 1, "at": stamp(reached_at)},
        by=None,
        at=at,
    )


def _snap_back(resumption: Resumption, at: datetime) -> None:
    pause = resumption.pause
    resumption.snapped_back_at, pause.resuming_at = at, None
    resumption.save(update_fields=["snapped_back_at"])
    pause.save(update_fields=["resuming_at"])
    record(
        kind="resumption.snapped_back",
        payload={"pause": pause.key, "vote": resumption.vote.key, "stages": resumption.steps.count()},
        by=None,
        at=at,
    )


@transaction.atomic
def end_pause(*, pause: Pause, at: datetime) -> Pause:
    """End the pause once the last stage of its resumption has been reached; it ended at that instant."""
    lock(pause)
    resumption = under_way(pause)
    last = resumption.steps.order_by("-number").first() if resumption else None
    if pause.ended_at:
        return pause
    if last is None or last.number + 1 < len(terms(pause).resumption.stages):
        raise PauseInAnotherState(f"Pause {pause.key} ends when the last stage of its resumption is reached.")
    pause.ended_at, pause.resuming_at = last.reached_at, None
    pause.save(update_fields=["ended_at", "resuming_at"])
    record(
        kind="pause.ended",
        payload={"pause": pause.key, "at": stamp(last.reached_at), "reason": "resumed"},
        by=None,
        at=at,
    )
    return pause
