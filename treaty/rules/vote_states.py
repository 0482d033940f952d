"""The states of a vote and what moves it from one to another: one table."""

from enum import StrEnum

from core.errors import DomainError


class State(StrEnum):
    """What a vote is."""

    DRAFT = "draft"
    NOTICED = "noticed"
    OPEN = "open"
    SILENCE = "silence"
    CONTESTED = "contested"
    EXTENDED = "extended"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"
    WAITING = "waiting"
    READY = "ready"
    IN_EFFECT = "in_effect"
    EXPIRED = "expired"
    PROVISIONAL = "provisional"
    RATIFIED = "ratified"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What moves a vote on."""

    NOTICE = "noticed"
    OPEN = "opened"
    BEGIN_SILENCE = "silence_begun"
    CONTEST = "contested"
    EXTEND = "extended"
    ADOPT = "adopted"
    REJECT = "rejected"
    REFER = "referred"
    WITHDRAW = "withdrawn"
    WAIT = "timelock_begun"
    MATURE = "timelock_ended"
    APPLY = "applied"
    APPLY_PROVISIONALLY = "applied_provisionally"
    EXPIRE = "expired"
    RATIFY = "ratified"
    LAPSE = "lapsed"


BALLOTS_OPEN = frozenset({State.OPEN, State.SILENCE, State.CONTESTED, State.EXTENDED})
UNDECIDED = BALLOTS_OPEN | {State.NOTICED}

TRANSITIONS = {
    (State.DRAFT, Event.NOTICE): State.NOTICED,
    (State.NOTICED, Event.OPEN): State.OPEN,
    (State.NOTICED, Event.BEGIN_SILENCE): State.SILENCE,
    (State.SILENCE, Event.CONTEST): State.CONTESTED,
    (State.OPEN, Event.EXTEND): State.EXTENDED,
    (State.CONTESTED, Event.EXTEND): State.EXTENDED,
    **{(state, Event.ADOPT): State.ADOPTED for state in BALLOTS_OPEN},
    **{(state, Event.REJECT): State.REJECTED for state in BALLOTS_OPEN},
    **{(state, Event.REFER): State.REFERRED for state in BALLOTS_OPEN},
    **{(state, Event.WITHDRAW): State.WITHDRAWN for state in UNDECIDED},
    (State.ADOPTED, Event.WAIT): State.WAITING,
    (State.ADOPTED, Event.MATURE): State.READY,
    (State.WAITING, Event.MATURE): State.READY,
    (State.READY, Event.APPLY): State.IN_EFFECT,
    (State.READY, Event.APPLY_PROVISIONALLY): State.PROVISIONAL,
    (State.READY, Event.EXPIRE): State.EXPIRED,
    (State.PROVISIONAL, Event.RATIFY): State.RATIFIED,
    (State.PROVISIONAL, Event.LAPSE): State.LAPSED,
}


class NoSuchTransition(DomainError):
    """This cannot happen to a vote in this state."""

    code = "no_such_transition"


def next_state(state: State, event: Event) -> State:
    """Return the state after `event`; raise NoSuchTransition where it cannot happen."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise NoSuchTransition(f"A vote that is {state.value} cannot be {event.value}.") from None
