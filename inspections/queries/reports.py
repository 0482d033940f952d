"""Reports: their exact content, who signed it, what is missing, what the public sees."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from core.canonical import Json
from core.times import stamp
from inspections.models import Evidence, Finding, Mandate, Redaction, Report, ReportSignature, Visit
from inspections.permissions import marks_open_to
from inspections.queries.redactions import taken_out
from inspections.queries.visits import monitoring_of, team_of
from inspections.rules.findings import Severity
from inspections.rules.managed_access import Measure, RequestState, claims_unseen, hidden_layers
from inspections.rules.passages import (
    PHOTOGRAPHS,
    Change,
    Passage,
    PhotographValue,
    Sealing,
    changes,
    passages,
    salt_of,
    sealed,
)
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FindingValue,
    ItemValue,
    Mark,
    Missing,
    ReportState,
    ReportValue,
    SectionValue,
    is_signed,
    missing,
    signatures_needed,
)
from web.prepared import at_hand, prepared


def layers_of(visit: Visit) -> dict[str, str]:
    """Return the verification layers that the team may look at, in the text's order: those of its bodies' mandates."""
    layers = dict(monitoring_of(visit).layers)
    bodies = {booking.designation.body_id for booking in team_of(visit)}
    mandates = {
        one.body_id: set(one.layers) for one in Mandate.objects.in_force(visit.planned_at).filter(body__in=bodies)
    }
    if not bodies or not bodies <= mandates.keys():
        return layers
    allowed = set().union(*mandates.values())
    return {key: title for key, title in layers.items() if key in allowed}


def name_of(report: Report) -> str:
    """Return how the record names a report: visit and version."""
    return f"{report.visit.key}/{report.version}"


def value_of(report: Report) -> ReportValue:
    """Return the report as the rules see it."""
    return ReportValue(
        sections={layer: section_value(section) for layer, section in report.sections.items()},
        conclusion=Conclusion(report.conclusion) if report.conclusion else None,
        findings=tuple(
            FindingValue(one.layer, Severity(one.severity), one.article, one.text, Mark(one.mark))
            for one in report.findings.all()
        ),
        collected_at=report.collected_at,
    )


def section_value(section: Mapping[str, Any]) -> SectionValue:
    """Return a stored section as the rules' value. One that was stored before there were three marks says `confidential`."""
    mark = section.get("mark") or (Mark.SEALED if section.get("confidential") else Mark.PUBLIC)
    return SectionValue(
        answer=answer_of(section),
        notes=section.get("notes", ""),
        mark=Mark(mark),
        items={key: ItemValue(answer_of(one), one.get("notes", "")) for key, one in section.get("items", {}).items()},
    )


def answer_of(stored: Mapping[str, Any]) -> Answer | None:
    """Return what a stored section, or an item of it, answers."""
    return Answer(stored["answer"]) if stored.get("answer") else None


def passages_of(report: Report) -> tuple[Passage, ...]:
    """Return everything that a signature is under, as passages: those that are not public included."""
    photographs = [_photograph(one) for one in report.evidence.order_by("pk")]
    return passages(name_of(report), value_of(report), photographs, report.reason)


def _photograph(evidence: Evidence) -> PhotographValue:
    return PhotographValue(
        sha256=evidence.sha256,
        published_sha256=evidence.published_sha256,
        layer=evidence.layer,
        item=evidence.item,
        caption=evidence.caption,
        taken_at=stamp(evidence.taken_at) if evidence.taken_at else None,
        mark=Mark(evidence.mark),
    )


def content(report: Report) -> Json:
    """Return the draft as a file: what would be signed, passage by passage."""
    return {
        "report": name_of(report),
        "passages": [{"place": one.place, "mark": one.mark.value, "value": one.value} for one in passages_of(report)],
    }


def sealing_of(report: Report) -> Sealing:
    """Return the commitments to the report's content as it stands."""
    return sealed(report.salt, passages_of(report))


def commitment_of(report: Report) -> str:
    """Return the commitment that the report's inspectors sign, as it stands."""
    return report.commitment or sealing_of(report).whole


def standing_signatures(report: Report) -> list[ReportSignature]:
    """Return the signatures under the content as it stands; one under an earlier text does not count."""
    return list(report.signatures.filter(commitment=commitment_of(report)).select_related("user", "body"))


@dataclass(frozen=True)
class SigningState:
    """How far a report is from being submitted."""

    missing: tuple[Missing, ...]
    signatures: tuple[ReportSignature, ...]
    needed: int
    is_signed: bool
    commitment: str


def signing_state(report: Report) -> SigningState:
    """Return what is missing and who has signed this very text."""
    team = {booking.designation.user_id for booking in team_of(report.visit)}
    signatures = standing_signatures(report)
    monitoring = monitoring_of(report.visit)
    per_visit = monitoring.inspectors_per_visit
    return SigningState(
        missing=(
            *missing(value_of(report), tuple(layers_of(report.visit)), monitoring.protocols),
            *unseen_claims(report),
        ),
        signatures=tuple(signatures),
        needed=signatures_needed(team, per_visit),
        is_signed=is_signed({one.user_id for one in signatures}, team, per_visit),
        commitment=commitment_of(report),
    )


def unseen_claims(report: Report) -> tuple[Missing, ...]:
    """Return the layers that the report calls verified though something of them stayed hidden from the team."""
    requests = [(one.layer, Measure(one.measure), RequestState(one.state)) for one in report.visit.managed_access.all()]
    answers = {layer: section.answer for layer, section in value_of(report).sections.items()}
    return claims_unseen(answers, hidden_layers(requests))


def draft_of(visit: Visit) -> Report | None:
    """Return the visit's report that is not yet submitted."""
    return (
        Report.objects.filter(visit=visit)
        .exclude(state=ReportState.SUBMITTED)
        .select_related("visit__facility__organisation")
        .first()
    )


@dataclass(frozen=True)
class Words:
    """A passage as a page shows it; `text` is None where the reader is not among those it is opened to.

    `redaction` is the decision by which it was taken out of what is published: it is sealed since.
    """

    place: str
    mark: Mark
    text: str | None
    redaction: Redaction | None = None


@dataclass(frozen=True)
class Opening:
    """What a reader may read of a report: passages of these marks, except those that were taken out and that they may not see."""

    marks: frozenset[Mark]
    taken_out: Mapping[str, Redaction] = field(default_factory=dict)

    def shows(self, place: str, mark: Mark) -> bool:
        """Whether the reader may read the passage."""
        return (Mark.SEALED if place in self.taken_out else mark) in self.marks

    def words(self, place: str, mark: Mark, text: str) -> Words:
        """Return the passage's words as they are shown."""
        return Words(place, mark, text if self.shows(place, mark) or not text else None, self.taken_out.get(place))


@dataclass(frozen=True)
class PublicItem:
    """One item of a layer's protocol, answered."""

    question: str
    answer: Answer | None
    words: Words


@dataclass(frozen=True)
class PublicSection:
    """One layer as a page shows it."""

    layer: str
    title: str
    answer: Answer | None
    words: Words
    items: tuple[PublicItem, ...]


@dataclass(frozen=True)
class PublicFinding:
    """A finding as a page shows it."""

    finding: Finding
    words: Words


@dataclass(frozen=True)
class PublicPhotograph:
    """A photograph as a page shows it: only where the reader may see it; else that it was taken out."""

    place: str
    evidence: Evidence | None
    redaction: Redaction | None


@dataclass(frozen=True)
class PublicReport:
    """A submitted report as far as the reader may see it."""

    report: Report
    sections: tuple[PublicSection, ...]
    findings: tuple[PublicFinding, ...]
    photographs: tuple[PublicPhotograph, ...]
    signatures: tuple[ReportSignature, ...]
    opening: Opening
    sealing: Sealing

    @property
    def sees_all(self) -> bool:
        """Whether nothing of it is closed to the reader."""
        return self.opening.marks == frozenset(Mark)

    @property
    def closed_photographs(self) -> int:
        """How many photographs the reader may not see, those that were taken out aside."""
        return sum(one.evidence is None and one.redaction is None for one in self.photographs)


def public_report(visit_key: str, version: int, reader: User | None, at: datetime) -> PublicReport:
    """Return the submitted report for `reader`; raise Report.DoesNotExist."""
    found = Report.objects.select_related(
        "visit__facility__organisation", "visit__pause", "visit__text", "comment"
    ).defer("visit__text__source")
    report = found.prefetch_related(
        "findings__steps", "findings__clarifications__body", "findings__dissents__body", "dissents__body"
    ).get(visit__key=visit_key, version=version, state=ReportState.SUBMITTED)
    opening = Opening(marks_open_to(reader, report, at=at), taken_out(report))
    return PublicReport(
        report=report,
        sections=tuple(sections_of(report, opening)),
        findings=tuple(
            PublicFinding(one, opening.words(f"findings.{one.number}", Mark(one.mark), one.text))
            for one in report.findings.all()
        ),
        photographs=tuple(_photographs(report, opening)),
        signatures=tuple(standing_signatures(report)),
        opening=opening,
        sealing=sealing_of(report),
    )


def _photographs(report: Report, opening: Opening) -> Iterator[PublicPhotograph]:
    for number, one in enumerate(report.evidence.order_by("pk"), start=1):
        place = f"{PHOTOGRAPHS}.{number}"
        shown = one if opening.shows(place, Mark(one.mark)) else None
        yield PublicPhotograph(place, shown, opening.taken_out.get(place))


def sections_of(report: Report, opening: Opening) -> Iterator[PublicSection]:
    """Yield the layers in the text's order and their items in the protocol's, with the words that the reader may read."""
    monitoring = monitoring_of(report.visit)
    for layer, title in monitoring.layers.items():
        if layer not in report.sections:
            continue
        value = section_value(report.sections[layer])
        yield PublicSection(
            layer=layer,
            title=title,
            answer=value.answer,
            words=opening.words(f"layers.{layer}", value.mark, value.notes),
            items=tuple(
                PublicItem(
                    item.question,
                    value.items[item.key].answer,
                    opening.words(f"items.{layer}.{item.key}", value.mark, value.items[item.key].notes),
                )
                for item in monitoring.protocols.get(layer, ())
                if item.key in value.items
            ),
        )


def opened(found: PublicReport) -> Json:
    """Return the report as a file that anybody checks against the record: every commitment, and the passages that are open to the reader."""
    report, sealing = found.report, found.sealing
    return {
        "report": name_of(report),
        "commitment": sealing.whole,
        "parts": {
            mark.value: {"commitment": sealing.parts[mark.value], "passages": dict(places)}
            for mark, places in sealing.leaves.items()
        },
        "opened": {
            one.place: {"salt": salt_of(report.salt, one.place), "value": one.value}
            for one in passages_of(report)
            if found.opening.shows(one.place, one.mark)
        },
    }


def changed(found: PublicReport) -> list[tuple[Change, bool]]:
    """Return what a later version changed in the one before it, and whether the reader may read both."""
    report = found.report
    earlier = Report.objects.filter(visit=report.visit, version=report.version - 1).first()
    if earlier is None:
        return []
    before = Opening(found.opening.marks, taken_out(earlier))
    return [
        (one, before.shows(one.place, one.mark) and found.opening.shows(one.place, one.mark))
        for one in changes(passages_of(earlier), passages_of(report))
    ]


def recent_reports(at: datetime, limit: int = 10) -> list[Report]:
    """Return the newest submitted reports, in two queries."""
    found = {one.pk: one for one in _submitted(at, limit=limit)}
    at_hand(found, "findings", _findings(list(found)), "report_id")
    return list(found.values())


@prepared
def _submitted(at: datetime, *, limit: int) -> QuerySet[Report]:
    found = Report.objects.filter(state=ReportState.SUBMITTED, received_at__lte=at)
    return found.select_related("visit__facility__organisation")[:limit]


@prepared
def _findings(reports: list[int]) -> QuerySet[Finding]:
    return Finding.objects.filter(report__pk__among=reports)


def recent_findings(at: datetime, limit: int = 10, *, severities: Sequence[Severity] = ()) -> list[Finding]:
    """Return the newest findings of submitted reports; only those of `severities` where given."""
    found = Finding.objects.public().filter(report__received_at__lte=at)
    if severities:
        found = found.filter(state__in=[severity.value for severity in severities])
    return list(
        found.select_related("report__visit__facility__organisation").order_by("-report__received_at", "number")[:limit]
    )


def drafts_of(user: User, at: datetime) -> list[Report]:
    """Return the drafts of the visits that `user` is booked for."""
    found = Report.objects.exclude(state=ReportState.SUBMITTED).filter(
        visit__team__designation__user=user, visit__team__released_at=None
    )
    return list(
        found.filter(opened_at__lte=at).select_related("visit__facility__organisation").prefetch_related("signatures")
    )
