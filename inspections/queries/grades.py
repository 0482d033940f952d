"""Parity between laboratories and the grades of the bodies, as pages and actions need them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Prefetch

from accounts.models import Organisation
from inspections.models import AccessRecord, GradeTable, Report, Visit, VisitInspector
from inspections.queries.visits import monitoring_of
from inspections.rules.grades import Grades, VisitStory, grade, next_as_of
from inspections.rules.reports import ReportState
from inspections.rules.visits import Cause, VisitKind, VisitState
from labs.models import Facility
from ledger.queries.entries import indexes_of
from treaty.queries.commitments import covered_compute
from treaty.queries.parties import bound_labs, participating_bodies
from treaty.queries.texts import rules_at, rules_of, text_at

TOLD: Final = (
    "visit.notified", "visit.acknowledged", "access.granted", "access.delayed", "access.refused", "report.submitted",
    "report.amended", "visit.cancelled",
)  # fmt: skip


@dataclass(frozen=True)
class GradedVisit:
    """A visit with the positions of the entries that its figures are computed from, by kind."""

    story: VisitStory
    facility: Facility
    entries: dict[str, list[int]]


def stories(at: datetime) -> list[VisitStory]:
    """Return every visit whose notice was given by `at`, in four queries."""
    return [story_of(visit) for visit in graded_visits(at)]


def graded_visits(at: datetime) -> list[Visit]:
    """Return the visits that count, with all that `story_of` reads."""
    team = Prefetch("team", VisitInspector.objects.select_related("designation__body"))
    reports = Prefetch("reports", Report.objects.filter(state=ReportState.SUBMITTED).only("visit", "received_at"))
    gate = Prefetch("access_records", AccessRecord.objects.only("visit", "outcome", "cause", "recorded_at"))
    found = Visit.objects.opened().filter(notified_at__lte=at).with_names().prefetch_related(team, reports, gate)
    return list(found.order_by("-planned_from", "key"))


def story_of(visit: Visit) -> VisitStory:
    """Return a visit of `graded_visits` as the rules take it."""
    notified_at = visit.notified_at
    assert notified_at
    team = [one for one in visit.team.all() if one.released_at is None or one.released_at > notified_at]
    gate = list(visit.access_records.all())
    return VisitStory(
        visit=visit.key,
        lab=visit.facility.organisation.key,
        facility=visit.facility.key,
        kind=VisitKind(visit.kind),
        bodies=tuple(sorted({one.designation.body.key for one in team})),
        inspectors=len(team),
        from_at=visit.planned_from,
        until_at=visit.planned_until,
        monitoring=monitoring_of(visit),
        notified_at=notified_at,
        acknowledged_at=visit.acknowledged_at,
        access_at=visit.access_at,
        delayed=tuple((one.recorded_at, Cause(one.cause)) for one in gate if one.outcome == "delay"),
        refused=tuple((one.recorded_at, Cause(one.cause)) for one in gate if one.outcome == "refuse"),
        reported=tuple(sorted(one.received_at for one in visit.reports.all() if one.received_at)),
        cancelled_at=visit.ended_at if visit.state == VisitState.CANCELLED else None,
    )


def grades(as_of: datetime) -> Grades:
    """Return everybody's grades as of an instant."""
    text = rules_at(as_of)
    labs = bound_labs(as_of)
    compute = covered_compute(labs, text.covered, as_of)
    sites = Facility.objects.open_at(as_of).filter(organisation__in=labs, registered_at__lte=as_of)
    return grade(
        stories(as_of),
        labs={lab.key: compute[lab.pk] for lab in labs},
        bodies=[body.key for body in participating_bodies(as_of)],
        sites=list(sites.values_list("key", flat=True)),
        monitoring=text.monitoring,
        as_of=as_of,
    )


def due_as_of(at: datetime) -> datetime | None:
    """Return the instant of the table that is due to be published at `at`; None where none is, or the text asks for none."""
    text = text_at(at)
    terms = rules_of(text).monitoring.grading if text else None
    if text is None or terms is None or text.in_force_at is None or text.in_force_at > at:
        return None
    last = GradeTable.objects.values_list("as_of", flat=True).first()
    due = next_as_of(last, text.in_force_at, terms.every)
    return due if due <= at else None


def visits_with_entries(
    at: datetime, *, lab: Organisation | None = None, body: Organisation | None = None
) -> list[GradedVisit]:
    """Return the visits to a laboratory, or of a body, with the entries that their figures come from, in five queries."""
    held = [(visit, story_of(visit)) for visit in graded_visits(at)]
    wanted = [
        (visit, story)
        for visit, story in held
        if (lab is None or story.lab == lab.key) and (body is None or body.key in story.bodies)
    ]
    entries = indexes_of(TOLD, [f"visit:{story.visit}" for _, story in wanted])
    return [GradedVisit(story, visit.facility, entries.get(f"visit:{story.visit}", {})) for visit, story in wanted]


def organisations(keys: Iterable[str]) -> dict[str, Organisation]:
    """Return organisations by key."""
    return {one.key: one for one in Organisation.objects.filter(key__in=list(keys))}
