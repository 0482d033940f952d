"""What is concluded about each facility, and conclusions that the stand-downs have not heard of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from inspections.models import AccessRecord, Dissent, Report
from inspections.queries.reports import name_of
from inspections.rules.clarifications import Rung
from inspections.rules.conclusions import Reported, Standing, draw
from inspections.rules.findings import OPEN, Severity
from inspections.rules.reports import Conclusion
from inspections.rules.visits import Cause, VisitKind
from labs.models import Facility
from labs.queries.facilities import facilities_of
from treaty.models import Pause, StandDown, Verification
from treaty.queries.parties import bound_labs
from treaty.queries.pauses import in_force, state
from treaty.queries.texts import rules_at
from treaty.rules.pauses import BINDING, verification_validity


def waiting(at: datetime) -> list[Report]:
    """Return the submitted reports of pause verifications whose stand-down has not heard of them."""
    found = Report.objects.standing(at).filter(visit__kind=VisitKind.PAUSE_VERIFICATION)
    declared = found.filter(visit__pause__ended_at=None, visit__pause__lapsed_at=None)
    known = Verification.objects.exclude(visit_key="").values("visit_key")
    return list(declared.exclude(visit__key__in=known).select_related("visit"))


def disputable(report: Report, at: datetime) -> StandDown | None:
    """Return the verified stand-down that rests on a consistent report, while its pause asks something of the laboratory."""
    pause = report.visit.pause
    if pause is None or report.conclusion != Conclusion.CONSISTENT or state(pause, at) not in BINDING:
        return None
    verified = StandDown.objects.filter(pause=pause, organisation=report.visit.facility.organisation)
    found = verified.exclude(verified_at=None).select_related("pause", "organisation").first()
    newest = found.verifications.order_by("-concluded_at", "-pk").first() if found else None
    return found if newest and newest.conclusion == Conclusion.CONSISTENT else None


@dataclass(frozen=True)
class ConclusionRow:
    """A facility and what is concluded about it."""

    facility: Facility
    standing: Standing


def conclusions(at: datetime) -> list[ConclusionRow]:
    """Return what is concluded about each facility of the bound laboratories: under the pause in force, or from every visit without one.

    A number of queries that does not grow.
    """
    pause = next(iter(in_force(at=at)), None)
    validity = verification_validity(rules_at(at))
    reports, refusals = _reported(pause, at), _refusals(pause, at)
    return [
        ConclusionRow(one, draw(reports.get(one.pk, ()), refused_at=refusals.get(one.pk), validity=validity, at=at))
        for one in facilities_of(bound_labs(at), at)
    ]


@dataclass(frozen=True)
class Disputed:
    """A report from whose conclusion somebody dissents: who, and whether its conclusion is drawn all the same."""

    report: Report
    dissents: tuple[Dissent, ...]
    is_drawn: bool

    @property
    def by_bodies(self) -> int:
        """How many are bodies."""
        return sum(one.for_body for one in self.dissents)

    @property
    def by_inspectors(self) -> int:
        """How many are inspectors of the team, who dissent for themselves."""
        return len(self.dissents) - self.by_bodies


def disputed(rows: Iterable[ConclusionRow], at: datetime) -> list[Disputed]:
    """Return the reports from whose conclusion somebody dissents by `at`, the newest first; `rows` are `conclusions(at)`."""
    drawn = {row.standing.report for row in rows if row.standing.conclusion is not None}
    filed = Dissent.objects.filter(finding=None, filed_at__lte=at).select_related("report__visit__facility", "body")
    by_report: dict[int, list[Dissent]] = defaultdict(list)
    for one in filed.order_by("-filed_at", "-pk"):
        by_report[one.report_id].append(one)
    return [Disputed(held[0].report, tuple(held), name_of(held[0].report) in drawn) for held in by_report.values()]


def _reported(pause: Pause | None, at: datetime) -> Mapping[int, list[Reported]]:
    reports = Report.objects.standing(at)
    if pause:
        reports = reports.filter(visit__pause=pause)
    found: dict[int, list[Reported]] = defaultdict(list)
    for report in reports.select_related("visit").prefetch_related("dissents", "findings__clarifications"):
        assert report.collected_at is not None
        found[report.visit.facility_id].append(
            Reported(
                name=f"{report.visit.key}/{report.version}",
                conclusion=Conclusion(report.conclusion),
                collected_at=report.collected_at,
                disputed=any(one.for_body and one.finding_id is None for one in report.dissents.all()),
                open=sum(one.state in OPEN for one in report.findings.all()),
                waiting=_waiting(report, at),
                clarified=sum(one.state == Severity.CLARIFIED for one in report.findings.all()),
            )
        )
    return found


def _waiting(report: Report, at: datetime) -> int:
    in_time = {Rung.ASKED, Rung.ACKNOWLEDGED}
    return sum(
        one.state in OPEN and any(asked.value().rung(at) in in_time for asked in one.clarifications.all())
        for one in report.findings.all()
    )


def _refusals(pause: Pause | None, at: datetime) -> Mapping[int, datetime]:
    """Return when access was last refused at a facility and not granted on the same visit afterwards."""
    told = AccessRecord.objects.filter(recorded_at__lte=at).select_related("visit").order_by("recorded_at", "pk")
    if pause:
        told = told.filter(visit__pause=pause)
    last = {one.visit_id: one for one in told}
    refused = [one for one in last.values() if one.outcome == "refuse" and one.cause == Cause.PARTY]
    return {one.visit.facility_id: one.recorded_at for one in refused}
