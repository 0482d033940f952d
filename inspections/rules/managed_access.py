"""Managed access: a party asks to shroud, to show something in place of something, or to escort; what was not seen is not verified."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from core.errors import DomainError
from inspections.rules.reports import Answer, Missing
from inspections.rules.visits import VisitState

# Asked for from the notice of the visit until its report.
ASKABLE: Final = frozenset(
    {
        VisitState.NOTIFIED,
        VisitState.ACKNOWLEDGED,
        VisitState.ACCESS_DELAYED,
        VisitState.ACCESS_GRANTED,
        VisitState.ACCESS_REFUSED,
        VisitState.IN_PROGRESS,
    }
)


class Measure(StrEnum):
    """What the party asks for."""

    SHROUD = "shroud"
    SUBSTITUTE = "substitute"
    ESCORT = "escort"


class RequestState(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"


class RequestEvent(StrEnum):
    """What the team says of it."""

    AGREE = "agree"
    REFUSE = "refuse"
    SATISFY = "satisfy"  # what was shown in its place was enough to verify
    FAIL = "fail"


TRANSITIONS: Final[Mapping[tuple[RequestState, RequestEvent], RequestState]] = {
    (RequestState.ASKED, RequestEvent.AGREE): RequestState.AGREED,
    (RequestState.ASKED, RequestEvent.REFUSE): RequestState.REFUSED,
    (RequestState.AGREED, RequestEvent.SATISFY): RequestState.SATISFIED,
    (RequestState.AGREED, RequestEvent.FAIL): RequestState.NOT_SATISFIED,
}
HIDES: Final = frozenset({RequestState.AGREED, RequestState.NOT_SATISFIED})


class RequestSettled(DomainError):
    """The request is settled: nothing further can be said of it."""

    code = "request_settled"


class NotTheTime(DomainError):
    """Managed access is asked for, and settled, between the notice of a visit and its report."""

    code = "not_the_time"


def next_state(state: RequestState, event: RequestEvent) -> RequestState:
    """Return where the request stands after `event`; raise RequestSettled where the table has nothing."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise RequestSettled from None


def require_time(state: VisitState) -> None:
    """Raise NotTheTime unless the visit is notified and not reported on."""
    if state not in ASKABLE:
        raise NotTheTime


def hidden_layers(requests: Iterable[tuple[str, Measure, RequestState]]) -> frozenset[str]:
    """Return the layers of which something was hidden or replaced, and nothing shown in its place was enough."""
    return frozenset(layer for layer, measure, state in requests if measure is not Measure.ESCORT and state in HIDES)


def claims_unseen(answers: Mapping[str, Answer | None], hidden: Iterable[str]) -> tuple[Missing, ...]:
    """Return what is to be put right where a report calls verified what was not seen."""
    words = "Something here was shrouded or replaced, and nothing shown in its place was enough: “unable to verify”."
    return tuple(Missing(layer, words) for layer in sorted(hidden) if answers.get(layer) is Answer.VERIFIED)
