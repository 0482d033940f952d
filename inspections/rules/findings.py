"""Findings: what inspectors saw, how grave, and what became of it. Only a vote *determines* non-compliance."""

from enum import StrEnum

from core.errors import DomainError


class Severity(StrEnum):
    """What a finding says, and where it stands now."""

    CONSISTENT = "consistent"
    ANOMALY = "anomaly"
    DISCREPANCY = "discrepancy"
    CLARIFIED = "clarified"
    NON_COMPLIANCE_SUSPECTED = "non_compliance_suspected"


class FindingEvent(StrEnum):
    """What moves a finding."""

    CLARIFY = "clarify"
    GRAVER = "graver"  # the explanation did not hold, or made it worse


TRANSITIONS: dict[tuple[Severity, FindingEvent], Severity] = {
    (Severity.ANOMALY, FindingEvent.CLARIFY): Severity.CLARIFIED,
    (Severity.DISCREPANCY, FindingEvent.CLARIFY): Severity.CLARIFIED,
    (Severity.NON_COMPLIANCE_SUSPECTED, FindingEvent.CLARIFY): Severity.CLARIFIED,
    (Severity.ANOMALY, FindingEvent.GRAVER): Severity.DISCREPANCY,
    (Severity.DISCREPANCY, FindingEvent.GRAVER): Severity.NON_COMPLIANCE_SUSPECTED,
}
AS_FILED = frozenset(Severity) - {Severity.CLARIFIED}
OPEN = frozenset({Severity.ANOMALY, Severity.DISCREPANCY, Severity.NON_COMPLIANCE_SUSPECTED})
# What a report that finds everything consistent cannot contain.
CONTRADICTS_CONSISTENT = OPEN


class FindingSettled(DomainError):
    """The finding is settled: nothing further can be done to it."""

    code = "finding_settled"


def next_state(state: Severity, event: FindingEvent) -> Severity:
    """Return where the finding stands after `event`; raise FindingSettled where the table has nothing."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise FindingSettled from None
