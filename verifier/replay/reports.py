"""Reports: signed by enough of the team under one text, complete, then submitted and locked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from accounts.rules.organisations import Role
from core.times import stamp
from inspections.rules.clarifications import ClarificationValue, require_heard
from inspections.rules.findings import FindingEvent, Severity
from inspections.rules.findings import next_state as next_severity
from inspections.rules.passages import whole_commitment
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FindingValue,
    ItemValue,
    Mark,
    Protocols,
    ReportValue,
    SectionValue,
    answered,
    is_signed,
    missing,
    signatures_needed,
)
from inspections.rules.visits import AMENDABLE, REPORTABLE, VisitEvent, can_follow, comments_close
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_representative
from verifier.replay.payloads import Payload, moment, number, part, parts, text, texts
from verifier.replay.sites import Sites
from verifier.replay.visits import Inspections, VisitRecord, by_team, move, visit_of

WITHHELD: Final = "withheld"  # stands for words that the record holds only a commitment to
SETTLED: Final[Mapping[str, FindingEvent]] = {
    "finding.clarified": FindingEvent.CLARIFY,
    "finding.escalated": FindingEvent.GRAVER,
}


@dataclass
class ReportRecord:
    """A report: who signed which text of it, and what it concluded once it is submitted."""

    signers: dict[str, list[str]] = field(default_factory=dict)  # commitment -> handles
    submitted_at: datetime | None = None
    conclusion: Conclusion | None = None
    findings: dict[int, Severity] = field(default_factory=dict)
    asked: dict[int, list[ClarificationValue]] = field(default_factory=dict)  # by the finding's number
    disputed: bool = False  # whether a body dissents from its conclusion
    commented: bool = False


@dataclass
class Reports:
    """Every report by visit and name."""

    known: dict[str, dict[str, ReportRecord]] = field(default_factory=dict)

    def of(self, payload: Payload) -> ReportRecord:
        """Return the report that a payload names, begun at its first mention."""
        return self.known.setdefault(text(payload, "visit"), {}).setdefault(text(payload, "report"), ReportRecord())

    def is_consistent(self, visit: str) -> bool:
        """Whether the version that stands of a visit's report concludes that all is consistent, and no body dissents."""
        submitted = [it for it in self.known.get(visit, {}).values() if it.conclusion]
        return any(it.conclusion is Conclusion.CONSISTENT and not it.disputed for it in submitted[-1:])

    def concluded(self, visit: str) -> list[Conclusion]:
        """Return what the report of a visit concludes, in the version that stands; nothing before it is submitted."""
        return [it.conclusion for it in self.known.get(visit, {}).values() if it.conclusion][-1:]


def all_consistent(replay: Replay, pause: str, lab: str, at: datetime) -> bool:
    """Whether every facility that the laboratory uses at `at` was found consistent under the pause."""
    reports, visits = replay.of(Reports), replay.of(Inspections).visits
    seen = {visit.facility for key, visit in visits.items() if visit.pause == pause and reports.is_consistent(key)}
    used = set(replay.of(Sites).of(lab, at))
    return bool(used) and used <= seen


@replays("evidence.received", "evidence.withdrawn")
def take_evidence(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The team adds evidence to a draft, or takes it out; a submitted report is locked."""
    yield from by_team(replay, entry, visit_of(replay, entry.payload))
    if replay.of(Reports).of(entry.payload).submitted_at:
        yield Finding("state", f"report {text(entry.payload, 'report')} is submitted: nothing in it changes")


@replays("report.signed")
def sign(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An inspector of the visit signs the report's text as it stands."""
    payload, visit, report = entry.payload, visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    yield from by_team(replay, entry, visit)
    yield from differs(
        "body", "the body that the signer is sent by", text(payload, "body"), visit.team.get(entry.by or "")
    )
    if report.submitted_at:
        yield Finding("state", f"report {text(payload, 'report')} is submitted: nothing in it changes")
    version = version_of(payload)
    if visit.state not in (REPORTABLE if version == 1 else AMENDABLE):
        yield Finding("state", f"version {version} of a report is not signed while the visit is {visit.state.value}")
    signers = report.signers.setdefault(text(payload, "commitment"), [])
    if entry.by in signers:
        yield Finding("repeated", f"{entry.by} had signed this text before")
    signers.append(entry.by or "")


def version_of(payload: Payload) -> int:
    """Return the version that a report's name ends with."""
    version = text(payload, "report").rpartition("/")[2]
    return int(version) if version.isascii() and version.isdecimal() else 0


@replays("report.amended")
def amend(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The next version of a report that stands, as complete and as signed as the first."""
    payload, visit = entry.payload, visit_of(replay, entry.payload)
    standing = replay.of(Reports).known.get(text(payload, "visit"), {})
    submitted = sum(it.submitted_at is not None for it in standing.values())
    yield from differs("version", "which version it is", version_of(payload), submitted + 1)
    if visit.state not in AMENDABLE:
        yield Finding("state", f"there is nothing to amend while the visit is {visit.state.value}")
    yield from _received(replay, entry)


@replays("report.submitted")
def submit(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The first version of a report: the visit is reported on from then."""
    yield from differs("version", "which version it is", version_of(entry.payload), 1)
    yield from _received(replay, entry)
    visit = visit_of(replay, entry.payload)
    visit.reported_at = entry.at
    move(visit, VisitEvent.REPORT)


def _received(replay: Replay, entry: EntryValue) -> Iterator[Finding]:
    """Enough different inspectors of the visit signed this very text; it is complete and does not contradict itself."""
    payload, visit, report = entry.payload, visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    yield from by_team(replay, entry, visit)
    if report.submitted_at:
        yield Finding("repeated", f"report {text(payload, 'report')} was submitted before")
    yield from _signed(payload, visit, report)
    yield from differs("instant", "when it was received", moment(payload, "received_at"), entry.at)
    if moment(payload, "collected_at") > entry.at:
        yield Finding("instant", "evidence is collected before it is reported")
    value = _value(payload)
    yield from _whole(value, replay.of(Inspections).layers(visit), visit.text.protocols)
    if visit.text.protocols or "parts" in payload:
        signed = whole_commitment({mark.value: text(part(payload, "parts"), mark) for mark in Mark})
        yield from differs("commitment", "the commitment to its parts", text(payload, "commitment"), signed)
    report.submitted_at, report.conclusion = entry.at, value.conclusion
    report.findings = {number(it, "number"): Severity(text(it, "severity")) for it in parts(payload, "findings")}


def _whole(value: ReportValue, layers: list[str], protocols: Protocols) -> Iterator[Finding]:
    """Find what is open in a report, and answers for a layer that do not follow from those to its items."""
    for lacking in missing(value, layers, protocols):
        yield Finding("incomplete", f"{lacking.part}: {lacking.words}")
    following = answered(value, protocols)
    for layer, section in value.sections.items():
        yield from differs("answer", f"the answer for {layer}", section.answer, following.sections[layer].answer)


def _signed(payload: Payload, visit: VisitRecord, report: ReportRecord) -> Iterator[Finding]:
    signers = report.signers.get(text(payload, "commitment"), [])
    team = sorted(visit.team)
    yield from differs("signatures", "who signed this text", texts(payload, "signatures"), sorted(signers))
    numbers = {handle: place for place, handle in enumerate(sorted({*team, *signers}))}
    signed, on_team = [numbers[it] for it in signers], [numbers[it] for it in team]
    if not is_signed(signed, on_team, visit.text.inspectors_per_visit):
        needed = signatures_needed(on_team, visit.text.inspectors_per_visit)
        yield Finding(
            "signatures",
            f"{len(set(signed) & set(on_team))} of {needed} inspectors of the visit signed this text on record: {', '.join(sorted(signers)) or 'nobody'}",
        )


def _value(payload: Payload) -> ReportValue:
    """Return as much of the report as is public; what is withheld counts as written."""
    items = part(payload, "items") if "items" in payload else {}
    return ReportValue(
        sections={
            layer: SectionValue(_answer(answer), WITHHELD, items=_items(part(items, layer) if layer in items else {}))
            for layer, answer in part(payload, "answers").items()
        },
        conclusion=Conclusion(text(payload, "conclusion")),
        findings=tuple(
            FindingValue(text(it, "layer"), Severity(text(it, "severity")), text(it, "article"), WITHHELD)
            for it in parts(payload, "findings")
        ),
        collected_at=moment(payload, "collected_at"),
    )


def _items(answers: Payload) -> dict[str, ItemValue]:
    return {key: ItemValue(_answer(answer), WITHHELD) for key, answer in answers.items()}


def _answer(value: object) -> Answer | None:
    return Answer(str(value)) if value else None


@replays("report.commented")
def comment(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The inspected party comments once, within the text's days."""
    visit, report = visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    yield from by_representative(replay, entry, visit.lab)
    closes_at = comments_close(report.submitted_at, visit.text) if report.submitted_at else None
    if closes_at is None or entry.at >= closes_at or report.commented:
        yield Finding(
            "too_late", f"comments closed at {stamp(closes_at) if closes_at else 'no report'}, or one was made"
        )
    report.commented = True
    if can_follow(visit.state, VisitEvent.COMMENT):
        move(visit, VisitEvent.COMMENT)


@replays(*SETTLED)
def settle(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The team or an officer of its bodies says what became of a finding that was reported."""
    payload, visit, report = entry.payload, visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    yield from by_its_bodies(replay, entry, visit)
    severity = report.findings.get(number(payload, "number"))
    if severity is None or report.submitted_at is None:
        yield Finding("unknown", f"report {text(payload, 'report')} has no finding {number(payload, 'number')}")
        return
    if SETTLED[entry.kind] is FindingEvent.GRAVER:
        require_heard(report.asked.get(number(payload, "number"), []), entry.at)
    moved = next_severity(severity, SETTLED[entry.kind])
    yield from differs("state", "what the finding is now", text(payload, "state"), moved.value)
    report.findings[number(payload, "number")] = moved


def by_its_bodies(replay: Replay, entry: EntryValue, visit: VisitRecord) -> Iterator[Finding]:
    """Find an act about a finding by somebody who is neither an officer nor an inspector of a body that sent the team."""
    known = replay.of(Organisations)
    if not any(known.holds(entry.by, {Role.OFFICER, Role.INSPECTOR}, entry.at, body) for body in visit.team.values()):
        yield Finding("authority", f"{entry.by or 'nobody'} is not of a body that sent the team")
