"""The graduated standing of a lab under a pause (design section 11). Missing data is never compliant."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from treaty.rules.standdowns import Conclusion, StageStanding, StageState


class Standing(StrEnum):
    """In words: compliant, evaluation ongoing, unable to conclude, potential breach under review, breach determined, n/a."""

    COMPLIANT = "compliant"
    ONGOING = "ongoing"
    UNABLE = "unable"
    POTENTIAL_BREACH = "potential_breach"
    BREACH = "breach"
    NOT_APPLICABLE = "not_applicable"


class Basis(StrEnum):
    """What the standing rests on."""

    NOT_BOUND = "not_bound"
    DETERMINED = "determined"  # reference: the case
    CASE_OPEN = "case_open"  # reference: the case
    LATE = "late"  # reference: the stage
    DISCREPANCY = "discrepancy"  # reference: the visit
    INCONCLUSIVE = "inconclusive"
    DISPUTED = "disputed"  # reference: the visit that had verified it
    EVIDENCE_EXPIRED = "evidence_expired"
    VERIFIED = "verified"
    AWAITED = "awaited"  # reference: the next stage


@dataclass(frozen=True)
class VerificationValue:
    """A monitoring body's conclusion about a stand-down, and until when it stands."""

    conclusion: Conclusion
    at: datetime
    expires_at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True)
class Dispute:
    """A verified stand-down that a body disputes: since when, and the visit that had found all consistent."""

    since: datetime
    visit: str


@dataclass(frozen=True)
class CaseValue:
    """As much of a compliance case as the standing needs."""

    key: str
    opened_at: datetime
    closed_at: datetime | None = None
    determined_at: datetime | None = None


@dataclass(frozen=True)
class StandingAnswer:
    """The standing, what it rests on, since when."""

    standing: Standing
    basis: Basis
    since: datetime | None = None
    reference: str = ""


def standing_of(
    *,
    bound: bool,
    stages: Collection[StageStanding],
    verifications: Collection[VerificationValue],
    cases: Collection[CaseValue],
    at: datetime,
) -> StandingAnswer:
    """Return the standing at `at`: the gravest answer that the rows support; compliant only on valid verification."""
    if not bound:
        return StandingAnswer(Standing.NOT_APPLICABLE, Basis.NOT_BOUND)
    grave = _by_cases(cases, at) or _by_lateness(stages)
    if grave:
        return grave
    known = sorted((seen for seen in verifications if seen.at <= at), key=lambda seen: seen.at)
    if not known:
        return _awaited(stages)
    return _disputed(known, at) or _by_verification(known[-1], stages, at)


def dispute(verifications: Iterable[VerificationValue], at: datetime) -> Dispute | None:
    """Return what disputes a verified stand-down at `at`; of one instant, what is given later was concluded later.

    A body that made no visit concluded otherwise after a visit had found all consistent. No word takes that back: only another
    visit that finds all consistent settles it.
    """
    visit, found = "", None
    for one in sorted((seen for seen in verifications if seen.at <= at), key=lambda seen: seen.at):
        is_consistent = one.conclusion is Conclusion.CONSISTENT
        if one.reference and is_consistent:
            visit, found = one.reference, None
        elif visit and not one.reference and not is_consistent:
            found = found or Dispute(one.at, visit)
    return found


def _by_cases(cases: Collection[CaseValue], at: datetime) -> StandingAnswer | None:
    open_cases = [case for case in cases if case.opened_at <= at and (case.closed_at is None or at < case.closed_at)]
    for case in open_cases:
        if case.determined_at and case.determined_at <= at:
            return StandingAnswer(Standing.BREACH, Basis.DETERMINED, case.determined_at, case.key)
    first = min(open_cases, key=lambda case: case.opened_at, default=None)
    if first is None:
        return None
    return StandingAnswer(Standing.POTENTIAL_BREACH, Basis.CASE_OPEN, first.opened_at, first.key)


def _by_lateness(stages: Collection[StageStanding]) -> StandingAnswer | None:
    late = min((stage for stage in stages if stage.state is StageState.LATE), key=lambda s: s.due_at, default=None)
    if late is None:
        return None
    return StandingAnswer(Standing.POTENTIAL_BREACH, Basis.LATE, late.due_at, late.key.value)


def _disputed(known: Sequence[VerificationValue], at: datetime) -> StandingAnswer | None:
    """Return the standing of a disputed stand-down; a discrepancy, or what a visit has concluded since, says more."""
    found, newest = dispute(known, at), known[-1]
    if found is None or newest.reference or newest.conclusion is Conclusion.DISCREPANCY:
        return None
    return StandingAnswer(Standing.UNABLE, Basis.DISPUTED, found.since, found.visit)


def _by_verification(seen: VerificationValue, stages: Collection[StageStanding], at: datetime) -> StandingAnswer:
    if seen.conclusion is Conclusion.DISCREPANCY:
        return StandingAnswer(Standing.POTENTIAL_BREACH, Basis.DISCREPANCY, seen.at, seen.reference)
    if seen.conclusion is Conclusion.INCONCLUSIVE:
        return StandingAnswer(Standing.UNABLE, Basis.INCONCLUSIVE, seen.at, seen.reference)
    if seen.expires_at is not None and seen.expires_at <= at:
        return StandingAnswer(Standing.UNABLE, Basis.EVIDENCE_EXPIRED, seen.expires_at, seen.reference)
    if any(stage.done_at is None for stage in stages):
        return _awaited(stages)
    return StandingAnswer(Standing.COMPLIANT, Basis.VERIFIED, seen.at, seen.reference)


def _awaited(stages: Collection[StageStanding]) -> StandingAnswer:
    following = next((stage for stage in stages if stage.done_at is None), None)
    return StandingAnswer(Standing.ONGOING, Basis.AWAITED, reference=following.key.value if following else "")
