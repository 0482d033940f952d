"""Reports: their exact content, who signed it, what is missing, what the public sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from core.canonical import Json, commitment
from core.times import stamp
from inspections.models import Evidence, Finding, Mandate, Report, ReportSignature, Visit
from inspections.permissions import can_read_confidential
from inspections.queries.visits import monitoring_of, team_of
from inspections.rules.findings import Severity
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FindingValue,
    Missing,
    ReportState,
    ReportValue,
    SectionValue,
    is_signed,
    missing,
    signatures_needed,
)


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
            FindingValue(one.layer, Severity(one.severity), one.article, one.text, one.confidential)
            for one in report.findings.all()
        ),
        collected_at=report.collected_at,
    )


def section_value(section: dict[str, object]) -> SectionValue:
    """Return a stored section as the rules' value."""
    answer = str(section.get("answer") or "")
    return SectionValue(
        Answer(answer) if answer else None, str(section.get("notes", "")), bool(section.get("confidential"))
    )


def content(report: Report) -> Json:
    """Return everything that a signature is under, as canonical JSON: confidential parts included."""
    return {
        "visit": report.visit.key,
        "version": report.version,
        "collected_at": stamp(report.collected_at) if report.collected_at else None,
        "conclusion": report.conclusion,
        "sections": report.sections,
        "findings": [_finding(one) for one in report.findings.order_by("number")],
        "evidence": [_photograph(one) for one in report.evidence.order_by("pk")],
    }


def _finding(finding: Finding) -> Json:
    return {
        "number": finding.number,
        "layer": finding.layer,
        "article": finding.article,
        "severity": finding.severity,
        "text": finding.text,
        "confidential": finding.confidential,
    }


def _photograph(evidence: Evidence) -> Json:
    return {
        "sha256": evidence.sha256,
        "published_sha256": evidence.published_sha256,
        "layer": evidence.layer,
        "caption": evidence.caption,
        "taken_at": stamp(evidence.taken_at) if evidence.taken_at else None,
        "confidential": evidence.confidential,
    }


def commitment_of(report: Report) -> str:
    """Return the salted commitment to the report's content as it stands."""
    return report.commitment or commitment(report.salt, content(report))


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
    per_visit = monitoring_of(report.visit).inspectors_per_visit
    return SigningState(
        missing=missing(value_of(report), tuple(layers_of(report.visit))),
        signatures=tuple(signatures),
        needed=signatures_needed(team, per_visit),
        is_signed=is_signed({one.user_id for one in signatures}, team, per_visit),
        commitment=commitment_of(report),
    )


def draft_of(visit: Visit) -> Report | None:
    """Return the visit's report that is not yet submitted."""
    return (
        Report.objects.filter(visit=visit)
        .exclude(state=ReportState.SUBMITTED)
        .select_related("visit__facility__organisation")
        .first()
    )


@dataclass(frozen=True)
class PublicSection:
    """One layer as a page shows it; `notes` is None where they are sealed."""

    layer: str
    title: str
    answer: Answer | None
    notes: str | None


@dataclass(frozen=True)
class PublicFinding:
    """A finding as a page shows it; `text` is None where it is sealed."""

    finding: Finding
    title: str
    text: str | None


@dataclass(frozen=True)
class PublicReport:
    """A submitted report as far as the reader may see it."""

    report: Report
    sections: tuple[PublicSection, ...]
    findings: tuple[PublicFinding, ...]
    evidence: tuple[Evidence, ...]
    sealed_photographs: int
    signatures: tuple[ReportSignature, ...]
    sees_all: bool


def public_report(visit_key: str, version: int, reader: User | None, at: datetime) -> PublicReport:
    """Return the submitted report for `reader`; raise Report.DoesNotExist."""
    found = Report.objects.select_related(
        "visit__facility__organisation", "visit__pause", "visit__text", "comment"
    ).defer("visit__text__source")
    report = found.prefetch_related("findings__steps").get(
        visit__key=visit_key, version=version, state=ReportState.SUBMITTED
    )
    sees_all = can_read_confidential(reader, report, at=at)
    titles = monitoring_of(report.visit).layers
    evidence = list(report.evidence.all())
    return PublicReport(
        report=report,
        sections=tuple(
            _public_section(layer, titles.get(layer, layer), section, sees_all=sees_all)
            for layer, section in sorted(
                report.sections.items(), key=lambda item: list(titles).index(item[0]) if item[0] in titles else 99
            )
        ),
        findings=tuple(
            PublicFinding(one, titles.get(one.layer, one.layer), one.text if sees_all or not one.confidential else None)
            for one in report.findings.all()
        ),
        evidence=tuple(one for one in evidence if sees_all or not one.confidential),
        sealed_photographs=0 if sees_all else sum(one.confidential for one in evidence),
        signatures=tuple(standing_signatures(report)),
        sees_all=sees_all,
    )


def _public_section(layer: str, title: str, section: dict[str, object], *, sees_all: bool) -> PublicSection:
    value = section_value(section)
    return PublicSection(layer, title, value.answer, value.notes if sees_all or not value.confidential else None)


def recent_reports(at: datetime, limit: int = 10) -> list[Report]:
    """Return the newest submitted reports, in two queries."""
    found = Report.objects.filter(state=ReportState.SUBMITTED, received_at__lte=at)
    return list(
        found.select_related("visit__facility__organisation", "visit__pause", "visit__text")
        .defer("visit__text__source")
        .prefetch_related("findings")[:limit]
    )


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
