"""Evidence expires: what one verification layer at one facility is worth at an instant."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.durations import Duration
from inspections.rules.reports import Answer
from treaty.rules.monitoring import Continuity


class EvidenceState(StrEnum):
    """A cell of the matrix."""

    VERIFIED = "verified"
    STALE = "stale"
    UNKNOWN = "unknown"
    DISCREPANCY = "discrepancy"  # looked at, and what was declared was not found
    CONTINUITY_LOST = "continuity_lost"  # a stream that carried what was verified has a gap, or a seal was broken
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Observation:
    """What a submitted report says about one layer; it counts from the instant it was collected."""

    answer: Answer
    collected_at: datetime
    report: str


@dataclass(frozen=True)
class StreamValue:
    """A reading of a seal or a counter: whether it shows that nothing was changed since the last."""

    observed_at: datetime
    intact: bool


@dataclass(frozen=True)
class Cell:
    """What is known, since when, until when, and from which report."""

    state: EvidenceState
    collected_at: datetime | None = None
    expires_at: datetime | None = None
    report: str = ""


WEIGHT = (
    EvidenceState.DISCREPANCY,
    EvidenceState.VERIFIED,
    EvidenceState.CONTINUITY_LOST,
    EvidenceState.STALE,
    EvidenceState.UNKNOWN,
)


def of_facility(states: Iterable[EvidenceState]) -> EvidenceState:
    """Return what is known of a facility as a whole: one contradiction outweighs all, one valid layer is enough without it."""
    found = set(states)
    return next((state for state in WEIGHT if state in found), EvidenceState.OUT_OF_SCOPE)


_ANSWERED = {
    Answer.NOT_VERIFIED: EvidenceState.DISCREPANCY,
    Answer.NOT_APPLICABLE: EvidenceState.OUT_OF_SCOPE,
}


def stream_obstacle(terms: Continuity | None, observed_at: datetime, at: datetime) -> str:
    """Say why a reading of a stream cannot be filed at `at`; "" where it can. A gap is not filled in afterwards."""
    if terms is None:
        return "The text knows no stream of readings for this layer."
    if observed_at > at:
        return "A reading says what was seen, not what will be."
    if at > terms.longest_gap.after(observed_at):
        return f"A reading is filed within {terms.longest_gap}: what comes later fills no gap."
    return ""


def carried(baseline: datetime, stream: Iterable[StreamValue], terms: Continuity, at: datetime) -> Cell | None:
    """Return what a stream makes of evidence collected at `baseline`; None where no stream begins within a gap's length of it.

    Unbroken it carries the evidence to the end of the next gap, but no longer than the text lets it; it is lost at the instant
    at which a gap was too long, or a reading was not intact.
    """
    last, begun = baseline, False
    for reading in sorted(stream, key=lambda one: one.observed_at):
        if not baseline < reading.observed_at <= at:
            continue
        if reading.observed_at > terms.longest_gap.after(last):
            break
        if not reading.intact:
            return Cell(EvidenceState.CONTINUITY_LOST, baseline, reading.observed_at)
        last, begun = reading.observed_at, True
    if not begun:
        return None
    end = terms.carries.after(baseline)
    until = min(terms.longest_gap.after(last), end)
    if at < until:
        return Cell(EvidenceState.VERIFIED, baseline, until)
    return Cell(EvidenceState.STALE if until == end else EvidenceState.CONTINUITY_LOST, baseline, until)


def broken_at(stream: Iterable[StreamValue], terms: Continuity, at: datetime) -> datetime | None:
    """Return the first instant by `at` at which a stream was broken, by a gap or a reading that was not intact; None where it never was."""
    last: datetime | None = None
    for reading in sorted((one for one in stream if one.observed_at <= at), key=lambda one: one.observed_at):
        if last is not None and reading.observed_at > terms.longest_gap.after(last):
            break
        if not reading.intact:
            return reading.observed_at
        last = reading.observed_at
    gap = terms.longest_gap.after(last) if last else None
    return gap if gap is not None and gap <= at else None


def cell(
    observations: Iterable[Observation],
    validity: Duration | None,
    at: datetime,
    *,
    stream: Iterable[StreamValue] = (),
    continuity: Continuity | None = None,
) -> Cell:
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
    kept = carried(newest.collected_at, stream, continuity, at) if continuity else None
    if kept and (kept.state is not EvidenceState.VERIFIED or (kept.expires_at or expires) > expires):
        return replace(kept, report=newest.report)
    state = EvidenceState.VERIFIED if at < expires else EvidenceState.STALE
    return Cell(state, newest.collected_at, expires, newest.report)
