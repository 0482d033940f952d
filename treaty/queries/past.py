"""A pause as it was known at a past instant: what happened later is taken out of its rows before anything reads them.

Rows say when each thing happened, so the present row with later instants taken out is the row of then. What a row does not keep, as a pledge that was given
anew while a pause was being entered, is not shown of the past (docs/decisions/0025-figures.md).
"""

from datetime import datetime

from django.db.models import Prefetch, Q

from core.errors import DomainError
from core.times import known_at
from treaty.models import Commitment, LevelChange, Pause, Resumption, ResumptionStep

OF_PAUSE = ("in_force_at", "ratified_at", "ratification_asked_at", "lapsed_at", "resuming_at", "ended_at")


class NotShown(DomainError):
    """Of this instant the site keeps no rows."""

    code = "instant_not_shown"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Pause {key} moved to another level after this instant, and its rows were written anew. The record has what was before."
        )


def rows_known_at(at: datetime) -> tuple[Prefetch[str], Prefetch[str]]:
    """Return what decides a pause's state, as `with_rows` fetches it, without what came after `at`."""
    pledged = Commitment.objects.filter(Q(joined_at=None) | Q(joined_at__lte=at)).select_related("organisation")
    decided = Resumption.objects.filter(Q(begun_at__lte=at) | Q(refused_at__lte=at))
    reached = Prefetch("steps", ResumptionStep.objects.filter(reached_at__lte=at))
    return Prefetch("commitments", pledged), Prefetch("resumptions", decided.prefetch_related(reached))


def as_known(pause: Pause, at: datetime) -> Pause:
    """Take out of a pause that was fetched with `rows_known_at` what happened after `at`. It is to be read, never saved."""
    for name in OF_PAUSE:
        setattr(pause, name, known_at(getattr(pause, name), at))
    for one in pause.commitments.all():
        one.confirmed_at, one.withdrawn_at = known_at(one.confirmed_at, at), known_at(one.withdrawn_at, at)
        if pause.in_force_at is None and one.joined_at is None:
            one.bound = one.reason = None
    for resumption in pause.resumptions.all():
        resumption.snapped_back_at = known_at(resumption.snapped_back_at, at)
    return pause


def require_rows(at: datetime) -> None:
    """Raise NotShown where a pause of then has moved to another level since."""
    later = LevelChange.objects.filter(from_at__gt=at, pause__adopted_at__lte=at).select_related("pause").first()
    if later is not None:
        raise NotShown(later.pause.key)
