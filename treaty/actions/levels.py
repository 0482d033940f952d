"""Moving a pause that is in force to another level."""

from datetime import datetime

from django.db import transaction

from core.times import stamp
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock, named, pause_of
from treaty.models import LevelChange, Pause, Vote
from treaty.queries.pauses import state, terms
from treaty.queries.texts import rules_of
from treaty.rules.pauses import Move, PauseInAnotherState, PauseState, moved


@transaction.atomic
def move_level(*, vote: Vote, at: datetime) -> LevelChange:
    """Let an adopted vote escalate or relax the pause that it is about; its subject names the new level (Art. 7).

    The other provisions of the pause stay as they were frozen. Escalated, every bound laboratory stands down anew.
    """
    effective_at = effect_of(vote)
    pause, move = pause_of(vote), Move(vote.decision)
    lock(pause)
    known = pause.level_changes.filter(vote=vote).first()
    if known:
        return known
    if state(pause, at) is not PauseState.IN_FORCE:
        raise PauseInAnotherState(
            f"Pause {pause.key} is {state(pause, at).value}: a level is moved while it is in force."
        )
    provisions = moved(terms(pause), rules_of(vote.text), named(vote, "level"), move)
    change = LevelChange.objects.create(
        pause=pause,
        vote=vote,
        before=pause.level,
        level=provisions.level_key,
        parameters=provisions.model_dump(mode="json"),
        from_at=effective_at,
    )
    pause.level, pause.parameters = change.level, change.parameters
    pause.save(update_fields=["level", "parameters"])
    anew = _stand_down_anew(pause, effective_at) if move is Move.ESCALATE else []
    record(
        kind="pause.escalated" if move is Move.ESCALATE else "pause.relaxed",
        payload={
            "pause": pause.key,
            "vote": vote.key,
            "before": change.before,
            "level": change.level,
            "effective_at": stamp(effective_at),
            "labs": anew,
        },
        by=None,
        at=at,
    )
    return change


def _stand_down_anew(pause: Pause, from_at: datetime) -> list[str]:
    """Let every stand-down begin again at `from_at`, unless it begins later; return whose."""
    anew = pause.stand_downs.filter(starts_at__lt=from_at)
    labs = list(anew.order_by("organisation__key").values_list("organisation__key", flat=True))
    anew.update(
        starts_at=from_at,
        acknowledged_at=None,
        halted_at=None,
        rolled_back_at=None,
        declared_at=None,
        verified_at=None,
        site_mode="",
    )
    return labs
