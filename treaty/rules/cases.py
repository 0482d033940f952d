"""Compliance cases: opened by lateness or a finding, answered, remedied, determined by vote only, closed."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from core.errors import DomainError
from core.times import instant, stamp

WORK: Final = "work/"  # begins the subject of a case about a site's work that was not declared


class CaseKind(StrEnum):
    """What a case is about."""

    LATE = "late"  # a stage of a stand-down was late: opens by itself
    DISCREPANCY = "discrepancy"  # a verification found one
    MISSING = "missing"  # a declaration was long overdue: clarification is asked for, and this opens by itself
    FINDING = "finding"  # clarification did not settle what inspectors found: a body refers it
    SPECIAL = "special"  # a special visit was refused, or not answered about in time: opens by itself
    REFERRAL = "referral"  # a body or a party raised it


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ANSWERED = "answered"
    REMEDIED = "remedied"
    DETERMINED = "determined"  # the decision organ determined non-compliance
    CLOSED = "closed"


class CaseEvent(StrEnum):
    """What moves a case on."""

    ANSWER = "answer"
    REMEDY = "remedy"
    DETERMINE = "determine"
    CLOSE = "close"


TRANSITIONS: Final = {
    (CaseState.OPEN, CaseEvent.ANSWER): CaseState.ANSWERED,
    (CaseState.ANSWERED, CaseEvent.ANSWER): CaseState.ANSWERED,
    (CaseState.OPEN, CaseEvent.REMEDY): CaseState.REMEDIED,
    (CaseState.ANSWERED, CaseEvent.REMEDY): CaseState.REMEDIED,
    (CaseState.DETERMINED, CaseEvent.REMEDY): CaseState.REMEDIED,
    (CaseState.OPEN, CaseEvent.DETERMINE): CaseState.DETERMINED,
    (CaseState.ANSWERED, CaseEvent.DETERMINE): CaseState.DETERMINED,
    (CaseState.REMEDIED, CaseEvent.DETERMINE): CaseState.DETERMINED,
    (CaseState.ANSWERED, CaseEvent.CLOSE): CaseState.CLOSED,
    (CaseState.REMEDIED, CaseEvent.CLOSE): CaseState.CLOSED,
}


# Whatever state it came from: the last step alone says where a case stands.
AFTER: Final = {event: after for (_before, event), after in TRANSITIONS.items()}


class CaseInAnotherState(DomainError):
    """The case is not in the state that this needs."""

    code = "case_state"


def next_state(state: CaseState, event: CaseEvent) -> CaseState:
    """Return the state after `event`; raise CaseInAnotherState where the table has no such step."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise CaseInAnotherState(f"A case that is {state.value} cannot be moved by {event.value!r}.") from None


def can(state: CaseState, event: CaseEvent) -> bool:
    """Whether the table has a step from `state` by `event`."""
    return (state, event) in TRANSITIONS


def work_subject(facility: str, due: datetime) -> str:
    """Return what a compliance case about a site's undeclared work is about: `work/SITE:DUE`."""
    return f"{WORK}{facility}:{stamp(due)}"


def read_work_subject(subject: str) -> tuple[str, datetime]:
    """Return the site and when its work was due; raise Malformed for any other subject."""
    facility, _colon, due = subject.removeprefix(WORK).partition(":")
    return facility, instant(due)
