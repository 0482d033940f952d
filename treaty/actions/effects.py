"""The effects of adopted votes: one table from decision to action, applied once the timelock has run.

`votes` does not know this module, so an effect may itself open votes; the sweep calls both, one after the other.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction

from core.errors import DomainError
from core.times import stamp
from ledger.actions import record
from treaty.actions.amendments import amend
from treaty.actions.cases import determine_breach
from treaty.actions.drills import order_drill
from treaty.actions.exemptions import grant_exemption
from treaty.actions.levels import move_level
from treaty.actions.membership import accredit, admit, merge, reinstate, suspend
from treaty.actions.pauses import ratify_pause, start_pause
from treaty.actions.resumption import begin_resumption
from treaty.actions.standdowns import extend_deadline
from treaty.models import Vote
from treaty.queries.votes import course_afresh
from treaty.rules.vote_states import State

logger = logging.getLogger(__name__)

type Effect = Callable[..., object]


class ResumptionRefused(DomainError):
    """Not every criterion was met at the instant of effect: the pause stays as it is."""

    code = "resumption_refused"


def _resume(*, vote: Vote, at: datetime) -> DomainError | None:
    """Begin the resumption; its own refusal is on record already, and is answered so that it stays there."""
    return ResumptionRefused() if begin_resumption(vote=vote, at=at).refused_at else None


def _ratify(*, vote: Vote, at: datetime) -> None:
    """Ratify the emergency pause, and mark the vote that started it."""
    pause = ratify_pause(vote=vote, at=at)
    Vote.objects.filter(pk=pause.vote_id, ratified_at=None).update(ratified_at=pause.ratified_at)


# A decision that is not listed here is carried out by people (admission, advice): its vote records that it stands.
EFFECTS: Mapping[str, Effect] = {
    "start_pause_ordinary": start_pause,
    "start_pause_emergency": start_pause,
    "ratify_emergency": _ratify,
    "resume": _resume,
    "extend_deadline": extend_deadline,
    "determine_non_compliance": determine_breach,
    "grant_exemption": grant_exemption,
    "escalate": move_level,
    "relax": move_level,
    "order_drill": order_drill,
    "amend": amend,
    "admit": admit,
    "accredit": accredit,
    "suspend": suspend,
    "reinstate": reinstate,
    "merge": merge,
}


@transaction.atomic
def apply(vote: Vote, *, at: datetime) -> Vote:
    """Apply the effect of an adopted vote whose timelock has run; what was applied, refused or expired is not tried again.

    A refusal (the world changed during the timelock) is recorded as `vote.effect_refused`. One that is raised leaves nothing
    of the effect; one that is returned keeps what the effect wrote about it.
    """
    vote.refresh_from_db(from_queryset=Vote.objects.select_for_update(of=("self",), no_key=True))
    if vote.effect_applied_at or vote.effect_settled_at:
        return vote
    if course_afresh(vote, at).state is not State.READY:
        return vote
    effect = EFFECTS.get(vote.decision)
    try:
        with transaction.atomic():
            answer = effect(vote=vote, at=at) if effect else None
    except DomainError as refusal:
        return _settle(vote, refusal, at)
    if isinstance(answer, DomainError):
        return _settle(vote, answer, at)
    vote.effect_applied_at = at
    vote.save(update_fields=["effect_applied_at"])
    record(
        kind="vote.applied",
        payload={"vote": vote.key, "decision": vote.decision, "effective_at": _effective(vote)},
        by=None,
        at=at,
    )
    return vote


def _settle(vote: Vote, refusal: DomainError, at: datetime) -> Vote:
    vote.effect_settled_at, vote.effect_note = at, refusal.detail[:500]
    vote.save(update_fields=["effect_settled_at", "effect_note"])
    record(
        kind="vote.effect_refused",
        payload={"vote": vote.key, "decision": vote.decision, "code": refusal.code},
        by=None,
        at=at,
    )
    return vote


def _effective(vote: Vote) -> str | None:
    return stamp(vote.effective_at) if vote.effective_at else None


def apply_due(*, at: datetime) -> int:
    """Apply every effect that is due, each in its own transaction; rows that another worker holds are left to it."""
    applied = 0
    for pk in list(Vote.objects.awaiting_effect(at).order_by("effective_at").values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                vote = (
                    Vote.objects.select_for_update(skip_locked=True, no_key=True)
                    .awaiting_effect(at)
                    .filter(pk=pk)
                    .first()
                )
                if vote is not None:
                    apply(vote, at=at)
                    applied += 1
        except Exception:
            logger.exception("the effect of vote %s could not be applied", pk)
    return applied
