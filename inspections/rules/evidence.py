"""Evidence expires: what one verification layer at one facility is worth at an instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.durations import Duration
from inspections.rules.reports import Answer


class EvidenceState(StrEnum):
    """A cell of the matrix."""

    VERIFIED = "verified"
    STALE = "stale"
    UNKNOWN = "unknown"
    DISCREPANCY = "discrepancy"  # looked at, and what was declared was not found
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Observation:
    """What a submitted report says about one layer; it counts from the instant it was collected."""

    answer: Answer
    collected_at: datetime
    report: str


@dataclass(frozen=True)
class Cell:
    """What is known, since when, until when, and from which report."""

    state: EvidenceState
    collected_at: datetime | None = None
    expires_at: datetime | None = None
    report: str = ""


_ANSWERED = {
    Answer.NOT_VERIFIED: EvidenceState.DISCREPANCY,
    Answer.NOT_APPLICABLE: EvidenceState.OUT_OF_SCOPE,
}


def cell(observations: Iterable[Observation], validity: Duration | None, at: datetime) -> Cell:
    """Return what the newest observation collected by `at` amounts to.

    "Unable to verify" adds nothing: an earlier verification stands until it expires. Without a `validity` in the text the layer is
    out of scope. Evidence is good for the half-open time from its collection to its expiry.
    """
    if validity is None:
        return Cell(EvidenceState.OUT_OF_SCOPE)
    told = [seen for seen in observations if seen.collected_at <= at and seen.answer is not Answer.UNABLE]
    if not told:
        return Cell(EvidenceState.UNKNOWN)
    newest = max(told, key=lambda seen: (seen.collected_at, seen.report))
    if newest.answer in _ANSWERED:
        return Cell(_ANSWERED[newest.answer], newest.collected_at, None, newest.report)
    expires = validity.after(newest.collected_at)
    state = EvidenceState.VERIFIED if at < expires else EvidenceState.STALE
    return Cell(state, newest.collected_at, expires, newest.report)
