"""The states of a pause (design section 7). State is never stored: it is the fold of `TRANSITIONS` over dated events.

proposed → adopted → activating → in force → resuming → ended; activating → lapsed or in force by the text's fallback;
an emergency pause is in force at once and lapses unless it is ratified; resuming snaps back to in force.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from core.durations import Duration
from core.errors import DomainError
from treaty.rules.commitments import FixedPoint, Pledge, largest_set
from treaty.rules.text import Activation, Level, Resumption, Text
from treaty.rules.values import Key, Length, Provision


class PauseState(StrEnum):
    """What a pause is at an instant."""

    PROPOSED = "proposed"
    ADOPTED = "adopted"
    ACTIVATING = "activating"
    IN_FORCE = "in_force"
    RESUMING = "resuming"
    ENDED = "ended"
    LAPSED = "lapsed"


class PauseEvent(StrEnum):
    """What moves a pause from one state to the next."""

    ADOPT = "adopt"  # its vote is adopted
    OPEN_ACTIVATION = "open_activation"  # the vote takes effect
    ENTER_INTO_FORCE = "enter_into_force"  # every pledge is met, the fallback says so, or at once in an emergency
    LAPSE = "lapse"  # too few pledges in time, or an emergency pause that nobody ratified
    RESUME = "resume"  # the resumption vote takes effect and every criterion is met
    SNAP_BACK = "snap_back"  # a stage's condition failed
    END = "end"  # the last stage of resumption is reached, or the text's sunset


TRANSITIONS: Final = {
    (PauseState.PROPOSED, PauseEvent.ADOPT): PauseState.ADOPTED,
    (PauseState.ADOPTED, PauseEvent.OPEN_ACTIVATION): PauseState.ACTIVATING,
    (PauseState.ADOPTED, PauseEvent.ENTER_INTO_FORCE): PauseState.IN_FORCE,
    (PauseState.ACTIVATING, PauseEvent.ENTER_INTO_FORCE): PauseState.IN_FORCE,
    (PauseState.ACTIVATING, PauseEvent.LAPSE): PauseState.LAPSED,
    (PauseState.IN_FORCE, PauseEvent.LAPSE): PauseState.LAPSED,
    (PauseState.IN_FORCE, PauseEvent.RESUME): PauseState.RESUMING,
    (PauseState.IN_FORCE, PauseEvent.END): PauseState.ENDED,
    (PauseState.RESUMING, PauseEvent.SNAP_BACK): PauseState.IN_FORCE,
    (PauseState.RESUMING, PauseEvent.LAPSE): PauseState.LAPSED,
    (PauseState.RESUMING, PauseEvent.END): PauseState.ENDED,
}
BINDING: Final = frozenset({PauseState.IN_FORCE, PauseState.RESUMING})
OVER: Final = frozenset({PauseState.ENDED, PauseState.LAPSED})


class PauseInAnotherState(DomainError):
    """The pause is not in the state that this needs."""

    code = "pause_state"


def next_state(state: PauseState, event: PauseEvent) -> PauseState:
    """Return the state after `event`; raise PauseInAnotherState where the table has no such step."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise PauseInAnotherState(f"A pause that is {state.value} cannot {event.value.replace('_', ' ')}.") from None


class PauseTerms(Provision):
    """The provisions that govern one pause, frozen with the vote that started it."""

    text: str  # sha256 of the text
    level_key: Key
    level: Level
    activation: Activation
    resumption: Resumption
    emergency_lapses: Length | None = None
    ratified_by: Key | None = None
    answer_within: Length
    acknowledge_within: Length
    verification_validity: Length | None = None


def terms_of(text: Text, *, sha256: str, level: str, emergency: tuple[Duration, str] | None) -> PauseTerms:
    """Return what `text` says about a pause at `level`; `emergency` is how soon it lapses and who ratifies it."""
    if level not in text.levels:
        raise DomainError(f"The text has no level {level!r}: it has {', '.join(sorted(text.levels))}.")
    return PauseTerms(
        text=sha256,
        level_key=level,
        level=text.levels[level],
        activation=text.activation,
        resumption=text.resumption,
        emergency_lapses=emergency[0] if emergency else None,
        ratified_by=emergency[1] if emergency else None,
        answer_within=text.clarification.answer_within,
        acknowledge_within=text.clarification.acknowledge_within,
        verification_validity=verification_validity(text),
    )


def verification_validity(text: Text) -> Duration | None:
    """How long a verified stand-down stands without new evidence: as the layer whose evidence stands longest."""
    epoch = datetime(2024, 1, 1, tzinfo=UTC)  # only to compare lengths with each other
    lengths = text.monitoring.evidence_validity.values()
    return max(lengths, key=lambda length: length.after(epoch), default=None)


class Move(StrEnum):
    """A decision that moves a pause in force to another level."""

    ESCALATE = "escalate"
    RELAX = "relax"


class LevelNotMoved(DomainError):
    """A pause escalates to a higher level of the text and relaxes to a lower one."""

    code = "level_not_moved"


def levels_beyond(terms: PauseTerms, text: Text, move: Move) -> dict[str, Level]:
    """Return the levels of `text` that `move` can lead to, by key, the nearest first."""
    up = move is Move.ESCALATE
    beyond = [
        (abs(level.rank - terms.level.rank), key)
        for key, level in text.levels.items()
        if level.rank != terms.level.rank and (level.rank > terms.level.rank) is up
    ]
    return {key: text.levels[key] for _distance, key in sorted(beyond)}


def moved(terms: PauseTerms, text: Text, level: str, move: Move) -> PauseTerms:
    """Return the provisions of a pause that moves to `level` of `text`; all but the level stay. Raise LevelNotMoved."""
    beyond = levels_beyond(terms, text, move)
    if level not in beyond:
        raise LevelNotMoved
    return terms.model_copy(update={"level_key": level, "level": beyond[level]})


@dataclass(frozen=True)
class PauseFacts:
    """The rows that decide what a pause is; an instant that has not come is None."""

    adopted_at: datetime
    activating_at: datetime  # the vote's instant of effect
    pledges: tuple[Pledge, ...] = ()
    emergency: bool = False
    in_force_at: datetime | None = None  # as materialised; computed from the pledges while it is None
    ratified_at: datetime | None = None
    ended_at: datetime | None = None
    resumptions: tuple[tuple[datetime, datetime | None], ...] = ()  # begun, snapped back


@dataclass(frozen=True, order=True)
class Step:
    """An event and the instant from which it counts."""

    at: datetime
    event: PauseEvent


@dataclass(frozen=True)
class ActivationOutcome:
    """How mutual activation ends: the instant, whether the pause comes into force, for whom and why."""

    at: datetime
    in_force: bool
    bound: FixedPoint
    reason: str  # all_pledged | fallback_confirmed | too_few | fallback_lapses


def activation_deadline(facts: PauseFacts, terms: PauseTerms) -> datetime:
    """The instant from which the text's fallback holds."""
    return terms.activation.confirm_within.after(facts.activating_at)


def activation_outcome(facts: PauseFacts, terms: PauseTerms) -> ActivationOutcome:
    """Return how activation ends if no pledge changes any more.

    As soon as the largest set whose pledges are all met is every lab of the roll, the pause is in force; otherwise
    the text's fallback decides at the deadline, over the pledges received before it (half-open).
    """
    deadline = activation_deadline(facts, terms)
    received = tuple(pledge.as_of(deadline) for pledge in facts.pledges)
    bound = largest_set(received)
    if received and len(bound.members) == len(received):
        last = max(pledge.confirmed_at or facts.activating_at for pledge in received)
        return ActivationOutcome(max(last, facts.activating_at), in_force=True, bound=bound, reason="all_pledged")
    if terms.activation.fallback == "lapses":
        return ActivationOutcome(deadline, in_force=False, bound=bound, reason="fallback_lapses")
    enough = 0 < len(bound.members) >= terms.activation.minimum_parties
    return ActivationOutcome(
        deadline, in_force=enough, bound=bound, reason="fallback_confirmed" if enough else "too_few"
    )


def emergency_lapses_at(facts: PauseFacts, terms: PauseTerms) -> datetime | None:
    """The instant at which an emergency pause lapses unless it is ratified before; None for an ordinary one."""
    if not facts.emergency or terms.emergency_lapses is None:
        return None
    return terms.emergency_lapses.after(facts.activating_at)


def sunset_at(in_force_at: datetime, terms: PauseTerms) -> datetime | None:
    """The instant at which the text ends the pause whatever happens; None where it has no sunset."""
    return terms.resumption.sunset.after(in_force_at) if terms.resumption.sunset else None


def steps(facts: PauseFacts, terms: PauseTerms) -> list[Step]:
    """Return every event in order, those to come included as far as rows and the clock decide them."""
    found = [Step(facts.adopted_at, PauseEvent.ADOPT), *_entry(facts, terms)]
    if found[-1].event is PauseEvent.LAPSE:
        return found
    in_force_at = found[-1].at
    for begun, snapped_back in facts.resumptions:
        found.append(Step(begun, PauseEvent.RESUME))
        if snapped_back:
            found.append(Step(snapped_back, PauseEvent.SNAP_BACK))
    return _with_exit(found, facts, terms, in_force_at)


def _entry(facts: PauseFacts, terms: PauseTerms) -> Iterable[Step]:
    if facts.emergency:
        return [Step(facts.activating_at, PauseEvent.ENTER_INTO_FORCE)]
    opened = Step(facts.activating_at, PauseEvent.OPEN_ACTIVATION)
    if facts.in_force_at is not None:
        return [opened, Step(facts.in_force_at, PauseEvent.ENTER_INTO_FORCE)]
    outcome = activation_outcome(facts, terms)
    return [opened, Step(outcome.at, PauseEvent.ENTER_INTO_FORCE if outcome.in_force else PauseEvent.LAPSE)]


def _with_exit(found: list[Step], facts: PauseFacts, terms: PauseTerms, in_force_at: datetime) -> list[Step]:
    """Add the one way out that comes first: an emergency's lapse, an end on record, the sunset.

    A sunset waits for a resumption that is under way; a lapse does not.
    """
    lapses = emergency_lapses_at(facts, terms)
    if lapses and not (facts.ratified_at and facts.ratified_at < lapses) and not _ended_before(facts, lapses):
        return [*(step for step in found if step.at < lapses), Step(lapses, PauseEvent.LAPSE)]
    if facts.ended_at is not None:
        return [*found, Step(facts.ended_at, PauseEvent.END)]
    sunset = sunset_at(in_force_at, terms)
    if sunset and found[-1].event is not PauseEvent.RESUME:
        return [*found, Step(max(sunset, found[-1].at), PauseEvent.END)]
    return found


def _ended_before(facts: PauseFacts, at: datetime) -> bool:
    return facts.ended_at is not None and facts.ended_at < at


def state_at(facts: PauseFacts, terms: PauseTerms, at: datetime) -> PauseState:
    """Return the state at `at`: what had happened up to and including it."""
    state = PauseState.PROPOSED
    for step in steps(facts, terms):
        if step.at <= at:
            state = next_state(state, step.event)
    return state


def is_provisional(facts: PauseFacts, terms: PauseTerms, at: datetime) -> bool:
    """Whether this is an emergency pause in force that has not been ratified yet."""
    ratified = facts.ratified_at is not None and facts.ratified_at <= at
    return facts.emergency and not ratified and state_at(facts, terms, at) in BINDING
