"""The ladder of a finding: the party is asked, acknowledges and answers within the text's times; then the team judges, or refers it.

Nothing here determines non-compliance: the ladder ends in a case, and a case in a vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import DomainError
from inspections.rules.findings import OPEN, FindingSettled, Severity


class Rung(StrEnum):
    """Where a request for clarification stands."""

    ASKED = "asked"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"  # the time for an answer has passed without one


class NotYetAnswered(DomainError):
    """The laboratory was asked, and has time left to answer."""

    code = "not_yet_answered"


class NothingToAnswer(DomainError):
    """No clarification is asked for that waits for an answer."""

    code = "nothing_to_answer"


class NotReferable(DomainError):
    """Only a suspicion of non-compliance, or a finding whose clarification was not answered in time, is referred."""

    code = "not_referable"


@dataclass(frozen=True)
class ClarificationValue:
    """One request, with the instants until which it is acknowledged and answered."""

    acknowledge_by: datetime
    answer_by: datetime
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None

    def rung(self, at: datetime) -> Rung:
        """Where it stands at `at`. An answer that comes late is an answer, and late."""
        if self.answered_at is not None:
            return Rung.ANSWERED
        if at >= self.answer_by:
            return Rung.UNANSWERED
        return Rung.ASKED if self.acknowledged_at is None else Rung.ACKNOWLEDGED

    def was_late(self, at: datetime) -> bool:
        """Whether the party was late with either step; who answers has acknowledged."""
        acknowledged = min((one for one in (self.acknowledged_at, self.answered_at) if one), default=at)
        return acknowledged >= self.acknowledge_by or (self.answered_at or at) >= self.answer_by


def require_askable(state: Severity, asked: Sequence[ClarificationValue]) -> None:
    """Raise unless the party may be asked about the finding: it is open, and no earlier request waits for an answer."""
    if state not in OPEN:
        raise FindingSettled
    if any(one.answered_at is None for one in asked):
        raise NotYetAnswered("The laboratory was asked already, and has not answered.")


def require_heard(asked: Sequence[ClarificationValue], at: datetime) -> None:
    """Raise NotYetAnswered where the finding would be made graver while the party has time left to answer."""
    if any(one.rung(at) in {Rung.ASKED, Rung.ACKNOWLEDGED} for one in asked):
        raise NotYetAnswered


def require_referable(state: Severity, asked: Sequence[ClarificationValue], at: datetime) -> None:
    """Raise unless the finding may be referred as a case."""
    require_heard(asked, at)
    unanswered = any(one.rung(at) is Rung.UNANSWERED for one in asked)
    if state is not Severity.NON_COMPLIANCE_SUSPECTED and not (state in OPEN and unanswered):
        raise NotReferable


def is_referable(state: Severity, asked: Sequence[ClarificationValue], at: datetime) -> bool:
    """Whether the finding may be referred as a case."""
    try:
        require_referable(state, asked, at)
    except DomainError:
        return False
    return True
