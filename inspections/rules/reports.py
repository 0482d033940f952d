"""Reports: sections by verification layer, what is missing before it can be signed, when it is signed enough."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import DomainError
from inspections.rules.findings import CONTRADICTS_CONSISTENT, Severity


class Answer(StrEnum):
    """What the team says about one verification layer. "Unable to verify" is an answer; silence is not."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNABLE = "unable_to_verify"
    NOT_APPLICABLE = "not_applicable"


class Conclusion(StrEnum):
    """What the report comes to."""

    CONSISTENT = "consistent"
    DISCREPANCY = "discrepancy"
    INCONCLUSIVE = "inconclusive"


class ReportState(StrEnum):
    """Where a report is. After submission nothing in it changes; an amendment is a new version."""

    DRAFT = "draft"
    AWAITING = "awaiting"  # signed by some, not yet by all
    SUBMITTED = "submitted"


class ReportEvent(StrEnum):
    """What moves a report."""

    SAVE = "save"
    SIGN = "sign"
    SUBMIT = "submit"


class ReportLocked(DomainError):
    """The report is submitted: nothing in it changes any more. What is to be corrected goes into an amendment."""

    code = "report_locked"


TRANSITIONS: dict[tuple[ReportState, ReportEvent], ReportState] = {
    (ReportState.DRAFT, ReportEvent.SAVE): ReportState.DRAFT,
    (ReportState.AWAITING, ReportEvent.SAVE): ReportState.DRAFT,  # a changed text is signed anew
    (ReportState.DRAFT, ReportEvent.SIGN): ReportState.AWAITING,
    (ReportState.AWAITING, ReportEvent.SIGN): ReportState.AWAITING,
    (ReportState.AWAITING, ReportEvent.SUBMIT): ReportState.SUBMITTED,
}


@dataclass(frozen=True)
class SectionValue:
    """The answer for one layer; `notes` say what was seen."""

    answer: Answer | None = None
    notes: str = ""
    confidential: bool = False


@dataclass(frozen=True)
class FindingValue:
    """A finding as the rules see it."""

    layer: str
    severity: Severity
    article: str
    text: str
    confidential: bool = False


@dataclass(frozen=True)
class ReportValue:
    """A report's content as the rules see it."""

    sections: Mapping[str, SectionValue]
    conclusion: Conclusion | None
    findings: tuple[FindingValue, ...] = ()
    collected_at: datetime | None = None


@dataclass(frozen=True)
class Missing:
    """One thing to put right before the report can be signed: which part of the form, and what."""

    part: str  # a layer's key, "conclusion" or "findings"
    words: str


def missing(report: ReportValue, layers: Sequence[str]) -> tuple[Missing, ...]:
    """Return what stands between the draft and a signature, in the order of the form."""
    when = () if report.collected_at else (Missing("collected_at", "Say when the last of the evidence was collected."),)
    return (*_unanswered(report, layers), *_unfounded(report), *_contradictions(report), *when)


def _unanswered(report: ReportValue, layers: Sequence[str]) -> Iterable[Missing]:
    for layer in layers:
        section = report.sections.get(layer, SectionValue())
        if section.answer is None:
            yield Missing(layer, "Choose one of the four answers; “unable to verify” is one of them.")
        elif section.answer is not Answer.VERIFIED and not section.notes.strip():
            yield Missing(layer, "Say why this layer is not verified.")


def _unfounded(report: ReportValue) -> Iterable[Missing]:
    for finding in report.findings:
        if not finding.text.strip():
            yield Missing("findings", "A finding says what was seen.")
        if finding.severity in CONTRADICTS_CONSISTENT and not finding.article.strip():
            yield Missing(
                "findings", f"A finding of {finding.severity.replace('_', ' ')} names the article it concerns."
            )


def _contradictions(report: ReportValue) -> Iterable[Missing]:
    answers = {section.answer for section in report.sections.values()}
    grave = [finding for finding in report.findings if finding.severity in CONTRADICTS_CONSISTENT]
    match report.conclusion:
        case None:
            yield Missing("conclusion", "Choose the conclusion.")
        case Conclusion.CONSISTENT if grave:
            yield Missing(
                "conclusion", f"A report with {len(grave)} open finding(s) does not conclude that all is consistent."
            )
        case Conclusion.CONSISTENT if Answer.NOT_VERIFIED in answers:
            yield Missing(
                "conclusion", "A layer that is not verified does not let the report conclude that all is consistent."
            )
        case Conclusion.CONSISTENT if Answer.VERIFIED not in answers:
            yield Missing("conclusion", "Nothing was verified: conclude “inconclusive”.")
        case Conclusion.DISCREPANCY if not grave:
            yield Missing("conclusion", "A discrepancy is shown by at least one finding.")
        case _:
            return


def next_state(state: ReportState, event: ReportEvent) -> ReportState:
    """Return the report's state after `event`; raise ReportLocked once it is submitted."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ReportLocked from None


def signatures_needed(team: Collection[int], inspectors_per_visit: int) -> int:
    """Return how many different inspectors of the visit must sign: two at least, whatever the team's size."""
    return max(2, min(inspectors_per_visit, len(team)))


def is_signed(signers: Collection[int], team: Collection[int], inspectors_per_visit: int) -> bool:
    """Whether enough different inspectors of this visit's team signed this very text."""
    return len(set(signers) & set(team)) >= signatures_needed(team, inspectors_per_visit)
