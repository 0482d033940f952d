"""Reports: sections by verification layer, what is missing before it can be signed, when it is signed enough."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from core.errors import DomainError
from inspections.rules.findings import CONTRADICTS_CONSISTENT, Severity
from treaty.rules.monitoring import ProtocolItem


class Answer(StrEnum):
    """What the team says about one verification layer, or one item of it. "Unable to verify" is an answer; silence is not."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNABLE = "unable_to_verify"
    NOT_APPLICABLE = "not_applicable"


class Mark(StrEnum):
    """Whom a passage of a report is opened to, once the report is submitted."""

    PUBLIC = "public"
    PARTIES = "parties"  # the laboratories that the treaty binds, and the bodies
    SEALED = "sealed"  # the inspected laboratory, and the bodies that sent the team


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


class FormChanged(DomainError):
    """The form has changed since it was opened. What you typed is kept: open it anew and save once more."""

    code = "form_changed"


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
class ItemValue:
    """The answer to one item of a layer's protocol; `notes` say what was seen."""

    answer: Answer | None = None
    notes: str = ""


@dataclass(frozen=True)
class SectionValue:
    """The answer for one layer; where the text has a protocol for it, the answer follows from those to its items.

    `mark` is that of the notes, the items' included. The answers themselves are public.
    """

    answer: Answer | None = None
    notes: str = ""
    mark: Mark = Mark.PUBLIC
    items: Mapping[str, ItemValue] = field(default_factory=dict)


@dataclass(frozen=True)
class FindingValue:
    """A finding as the rules see it."""

    layer: str
    severity: Severity
    article: str
    text: str
    mark: Mark = Mark.PUBLIC


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


# A layer's protocol in the text that governs the visit; a layer without one has one answer, given by the team.
type Protocols = Mapping[str, Sequence[ProtocolItem]]
# In an order in which the first that is among the items' answers is the layer's.
GRAVEST_FIRST = (Answer.NOT_VERIFIED, Answer.UNABLE, Answer.VERIFIED, Answer.NOT_APPLICABLE)


def answer_of(items: Iterable[Answer | None]) -> Answer | None:
    """Return the answer for a layer whose items are answered so: none while one is open, else the gravest.

    One item that is not verified leaves the layer not verified, and one that could not be verified leaves it "unable to verify". An item
    that does not apply takes nothing away; a layer does not apply where none of its items does.
    """
    answers = set(items)
    return None if None in answers else next((one for one in GRAVEST_FIRST if one in answers), None)


def answered(report: ReportValue, protocols: Protocols) -> ReportValue:
    """Return the report with the answer of each layer that has a protocol taken from its items."""
    return replace(
        report,
        sections={
            layer: _answered(section, protocols[layer]) if layer in protocols else section
            for layer, section in report.sections.items()
        },
    )


def _answered(section: SectionValue, protocol: Sequence[ProtocolItem]) -> SectionValue:
    items = {item.key: section.items.get(item.key, ItemValue()) for item in protocol}
    return replace(section, items=items, answer=answer_of(one.answer for one in items.values()))


def missing(report: ReportValue, layers: Sequence[str], protocols: Protocols) -> tuple[Missing, ...]:
    """Return what stands between the draft and a signature, in the order of the form."""
    when = () if report.collected_at else (Missing("collected_at", "Say when the last of the evidence was collected."),)
    report = answered(report, protocols)
    return (*_unanswered(report, layers, protocols), *_unfounded(report), *_contradictions(report), *when)


def _unanswered(report: ReportValue, layers: Sequence[str], protocols: Protocols) -> Iterable[Missing]:
    for layer in layers:
        section = report.sections.get(layer, SectionValue())
        if layer in protocols:
            yield from _open_items(layer, section, protocols[layer])
        elif section.answer is None:
            yield Missing(layer, "Choose one of the four answers; “unable to verify” is one of them.")
        elif section.answer is not Answer.VERIFIED and not section.notes.strip():
            yield Missing(layer, "Say why this layer is not verified.")


def _open_items(layer: str, section: SectionValue, protocol: Sequence[ProtocolItem]) -> Iterable[Missing]:
    """Yield what is open in a layer's protocol. A layer that as a whole is not verified may say why once, in its notes."""
    items = {item.key: section.items.get(item.key, ItemValue()) for item in protocol}
    unanswered = sum(one.answer is None for one in items.values())
    if unanswered:
        yield Missing(layer, f"{unanswered} of {len(items)} items have none of the four answers yet.")
    unsaid = [
        item.question
        for item in protocol
        if items[item.key].answer not in {None, Answer.VERIFIED}
        and not items[item.key].notes.strip()
        and not section.notes.strip()
    ]
    for question in unsaid:
        yield Missing(layer, f"Say why this is not verified: {question}")


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
