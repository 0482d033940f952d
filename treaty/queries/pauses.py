"""What each pause is at an instant: its terms, its facts, its state."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

from treaty.models import Commitment, Pause
from treaty.rules.commitments import Pledge, Unconditional, read_condition
from treaty.rules.pauses import (
    BINDING,
    OVER,
    PauseFacts,
    PauseState,
    PauseTerms,
    activation_deadline,
    emergency_lapses_at,
    is_provisional,
    state_at,
    sunset_at,
)


def terms(pause: Pause) -> PauseTerms:
    """Return the provisions frozen with the pause."""
    return _terms(json.dumps(pause.parameters, sort_keys=True))


@lru_cache(maxsize=64)
def _terms(parameters: str) -> PauseTerms:
    return PauseTerms.model_validate_json(parameters)


def pledge(commitment: Commitment) -> Pledge:
    """Return a commitment as the value that the rules take."""
    return Pledge(
        commitment.organisation.key,
        read_condition(commitment.condition) if commitment.condition else Unconditional(),
        commitment.confirmed_at,
        commitment.withdrawn_at,
        Fraction(commitment.compute) if commitment.compute else None,
    )


def facts(pause: Pause) -> PauseFacts:
    """Return the rows that decide the pause's state; fetch pauses with `with_rows()` to do it in three queries for all."""
    return PauseFacts(
        adopted_at=pause.adopted_at,
        activating_at=pause.activating_at,
        pledges=tuple(pledge(one) for one in pause.commitments.all() if one.joined_at is None),
        emergency=pause.emergency,
        in_force_at=pause.in_force_at,
        ratified_at=pause.ratified_at,
        ended_at=pause.ended_at,
        resumptions=tuple((one.begun_at, one.snapped_back_at) for one in pause.resumptions.all() if one.begun_at),
    )


def state(pause: Pause, at: datetime) -> PauseState:
    """Return what the pause is at `at`, whether or not a sweep has written it down."""
    return state_at(facts(pause), terms(pause), at)


def in_force(*, at: datetime) -> list[Pause]:
    """Return the pauses that bind at `at`, resuming ones included, the newest first."""
    return [pause for pause in _started(at) if state(pause, at) in BINDING]


def current(at: datetime) -> Pause | None:
    """Return the pause to speak of at `at`: the newest that binds, else the newest that is on its way, else None."""
    living = [pause for pause in _started(at) if state(pause, at) not in OVER]
    return next((pause for pause in living if state(pause, at) in BINDING), living[0] if living else None)


def _started(at: datetime) -> Iterable[Pause]:
    return Pause.objects.started_by(at).with_rows().select_related("vote", "text")


@dataclass(frozen=True)
class PauseSummary:
    """A pause for a list, a page's head or the API."""

    pause: Pause
    terms: PauseTerms
    state: PauseState
    provisional: bool
    confirm_by: datetime
    lapses_at: datetime | None
    sunset_at: datetime | None
    bound: int
    roll: int


def summary(pause: Pause, at: datetime) -> PauseSummary:
    """Return the pause with its state and deadlines at `at`."""
    found, provisions = facts(pause), terms(pause)
    return PauseSummary(
        pause=pause,
        terms=provisions,
        state=state_at(found, provisions, at),
        provisional=is_provisional(found, provisions, at),
        confirm_by=activation_deadline(found, provisions),
        lapses_at=emergency_lapses_at(found, provisions),
        sunset_at=sunset_at(pause.in_force_at, provisions) if pause.in_force_at else None,
        bound=sum(1 for one in pause.commitments.all() if one.bound),
        roll=len(pause.commitments.all()),
    )


def summaries(at: datetime) -> list[PauseSummary]:
    """Return every pause started by `at`, the newest first, in four queries."""
    return [summary(pause, at) for pause in _started(at)]
