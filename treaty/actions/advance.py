"""What time does to a pause: everything that already holds is written down, in order, once."""

import logging
from datetime import datetime

from django.db import transaction

from treaty.actions.cases import open_due_cases
from treaty.actions.pauses import activate, expire, join_newcomers, lock
from treaty.actions.resumption import advance_resumption
from treaty.actions.votes import notice_vote
from treaty.models import Pause
from treaty.queries.pauses import state, terms
from treaty.rules.pauses import BINDING

logger = logging.getLogger(__name__)


@transaction.atomic
def advance_pause(*, pause: Pause, at: datetime) -> Pause:
    """Write down all that holds of the pause at `at`. Late, twice, or on two workers at once: the same rows and entries."""
    lock(pause)
    activate(pause=pause, at=at)
    advance_resumption(pause=pause, at=at)
    expire(pause=pause, at=at)
    join_newcomers(pause=pause, at=at)
    ask_for_ratification(pause=pause, at=at)
    open_due_cases(pause=pause, at=at)
    return pause


@transaction.atomic
def ask_for_ratification(*, pause: Pause, at: datetime) -> Pause:
    """Open, once, the vote that ratifies an emergency pause; its notice is the one entry."""
    lock(pause)
    decision = terms(pause).ratified_by
    if not pause.emergency or decision is None or pause.ratification_asked_at or state(pause, at) not in BINDING:
        return pause
    notice_vote(
        decision=decision,
        title=f"Ratify emergency pause {pause.key}",
        question=f"Shall emergency pause {pause.key} stay in force? Unless it is ratified it lapses.",
        subject={"effect": "ratify_emergency", "pause": pause.key},
        requester=None,
        subject_organisation=None,
        pause=pause,
        by=None,
        at=at,
    )
    pause.ratification_asked_at = at
    pause.save(update_fields=["ratification_asked_at"])
    return pause


def advance_due(*, at: datetime) -> int:
    """Advance every pause that is not over, each in its own transaction; rows that another worker holds are left to it."""
    advanced = 0
    for pk in list(Pause.objects.not_over().values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                pause = Pause.objects.select_for_update(skip_locked=True, no_key=True).not_over().filter(pk=pk).first()
                if pause is not None:
                    advance_pause(pause=pause, at=at)
                    advanced += 1
        except Exception:
            logger.exception("pause %s could not be moved on", pk)
    return advanced
