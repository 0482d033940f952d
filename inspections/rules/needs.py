"""What a cell of the evidence matrix needs next, and by when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.durations import Duration
from inspections.rules.evidence import Cell, EvidenceState


class Need(StrEnum):
    """What would make the cell say more."""

    VISIT = "visit"  # evidence that stands runs out, or has
    FIRST_VISIT = "first_visit"
    BASELINE = "baseline"  # a new one, after a break
    CLARIFICATION = "clarification"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Needed:
    """What is needed, by when (None: no instant follows), and whether that is past."""

    need: Need
    by: datetime | None
    overdue: bool


NEEDS = {
    EvidenceState.VERIFIED: Need.VISIT,
    EvidenceState.STALE: Need.VISIT,
    EvidenceState.UNKNOWN: Need.FIRST_VISIT,
    EvidenceState.CONTINUITY_LOST: Need.BASELINE,
    EvidenceState.DISCREPANCY: Need.CLARIFICATION,
    EvidenceState.OUT_OF_SCOPE: Need.NOTHING,
}


def needed(cell: Cell, at: datetime, baseline_within: Duration | None = None) -> Needed:
    """Return what the cell needs: evidence by the instant at which what there is runs out, a new baseline within the text's time of a break."""
    by = cell.expires_at
    if by is not None and cell.state is EvidenceState.CONTINUITY_LOST and baseline_within:
        by = baseline_within.after(by)
    return Needed(NEEDS[cell.state], by, by is not None and by <= at)
