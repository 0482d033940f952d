"""Special visits: asked for by a body where what is reported and seen in routine does not let it conclude; agreed to by the party, or a case (Art. 15)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.errors import DomainError
from inspections.rules.visits import VisitState


class Standing(StrEnum):
    """Where a special visit is."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    UNANSWERED = "unanswered"  # in time: treated as a refusal
    INSPECTED = "inspected"  # its visit is over, whatever it could conclude


OPEN: Final = frozenset({Standing.ASKED, Standing.AGREED})
TO_THE_CASE: Final = frozenset({Standing.REFUSED, Standing.UNANSWERED})
OVER: Final = frozenset({VisitState.CLOSED, VisitState.INCONCLUSIVE})


class SpecialRefused(DomainError):
    """A special visit to that facility cannot be asked for, or answered, now."""

    code = "special_refused"


@dataclass(frozen=True)
class Asked:
    """A request, and the party's answer to it: None is not yet."""

    answer_by: datetime
    agrees: bool | None = None


def standing(asked: Asked, visits: Iterable[VisitState], at: datetime) -> Standing:
    """Return where a special visit is at `at`."""
    if asked.agrees is None:
        return Standing.ASKED if at < asked.answer_by else Standing.UNANSWERED
    if not asked.agrees:
        return Standing.REFUSED
    return Standing.INSPECTED if any(one in OVER for one in visits) else Standing.AGREED


def needs_visit(asked: Asked, visits: Collection[VisitState]) -> bool:
    """Whether a visit is to be planned: the party agreed, and every visit planned so far was called off."""
    return bool(asked.agrees) and all(one is VisitState.CANCELLED for one in visits)


def obstacle(*, lab: str, bound: Collection[str], in_use: bool, independent: bool, pending: bool) -> str:
    """Return in words what stands in the way of asking for a special visit; empty where nothing does."""
    if lab not in bound:
        return "That laboratory is not bound by the treaty."
    if not in_use:
        return "That facility is not in use."
    if not independent:
        return "A body does not ask for a visit to a laboratory that it is affiliated with."
    if pending:
        return "A special visit to that facility is under way already."
    return ""
