"""Challenge inspections: who may ask for one, and what its vote and its visits have made of it.

The default decides: it proceeds unless the vote to stop it takes effect (Art. 16).
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from core.errors import DomainError
from inspections.rules.visits import VisitState
from treaty.rules.vote_states import State


class Standing(StrEnum):
    """Where a challenge is."""

    ASKED = "asked"  # the vote that may stop it is not settled
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"
    PROCEEDS = "proceeds"
    INSPECTED = "inspected"  # its visit is over, whatever it could conclude


OPEN: Final = frozenset({Standing.ASKED, Standing.PROCEEDS})
# What settles it. A vote that is not adopted, refers the matter outward or loses its effect stops nothing.
FATES: Final = {
    State.WITHDRAWN: Standing.WITHDRAWN,
    State.REJECTED: Standing.PROCEEDS,
    State.REFERRED: Standing.PROCEEDS,
    State.EXPIRED: Standing.PROCEEDS,
    State.LAPSED: Standing.PROCEEDS,
    State.IN_EFFECT: Standing.STOPPED,
    State.PROVISIONAL: Standing.STOPPED,
    State.RATIFIED: Standing.STOPPED,
}
JUDGED: Final = frozenset(
    {Standing.STOPPED, Standing.INSPECTED}
)  # where bodies may find the request to have been frivolous
OVER: Final = frozenset({VisitState.CLOSED, VisitState.INCONCLUSIVE})


class ChallengeRefused(DomainError):
    """A challenge inspection of that facility cannot be asked for now."""

    code = "challenge_refused"


class ChallengeNotOver(DomainError):
    """A request is judged once it was stopped, or its visit is over."""

    code = "challenge_not_over"


def standing(vote: State, visits: Iterable[VisitState]) -> Standing:
    """Return where a challenge is, from the state of its vote and those of its visits."""
    fate = FATES.get(vote, Standing.ASKED)
    return Standing.INSPECTED if fate is Standing.PROCEEDS and any(one in OVER for one in visits) else fate


def needs_visit(vote: State, visits: Collection[VisitState]) -> bool:
    """Whether a visit is to be planned: it proceeds, and every visit planned so far was called off."""
    return standing(vote, visits) is Standing.PROCEEDS and all(one is VisitState.CANCELLED for one in visits)


def obstacle(*, requester: str, lab: str, bound: Collection[str], in_use: bool, under_challenge: bool) -> str:
    """Return in words what stands in the way of asking for the inspection of a facility of `lab`; empty where nothing does."""
    if requester == lab:
        return "A laboratory does not challenge a facility of its own."
    if lab not in bound:
        return "That laboratory is not bound by the treaty."
    if not in_use:
        return "That facility is not in use."
    if under_challenge:
        return "A challenge inspection of that facility is under way already."
    return ""
