"""Challenge inspections as pages, actions and tasks need them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import Organisation
from inspections.models import Challenge, Visit
from inspections.permissions import can_judge_request
from inspections.queries.candidates import candidates, challenged_site
from inspections.queries.visits import monitoring_of
from inspections.rules import plan as planner
from inspections.rules.challenges import JUDGED, OPEN, Standing, needs_visit, standing
from inspections.rules.visits import VisitKind, VisitState, access_due, leave_by, report_due
from labs.models import Facility
from labs.queries.facilities import facilities_of
from treaty.models import Vote
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, rules_of
from treaty.queries.votes import course_afresh, course_of, with_rows
from treaty.rules.courses import Course
from treaty.rules.text import Challenge as Clock
from treaty.rules.vote_states import State


@dataclass(frozen=True)
class ChallengeRow:
    """A challenge as it stands: its vote's course, and its visit unless that was called off or is sealed."""

    challenge: Challenge
    course: Course
    standing: Standing
    visit: Visit | None
    is_sealed: bool  # a visit is planned, and its notice has not been given


@dataclass(frozen=True)
class Step:
    """One step of the challenge's clock."""

    key: str
    due_at: datetime
    done_at: datetime | None
    is_late: bool = False


def vote_state(challenge: Challenge, at: datetime) -> State:
    """Return the state of its vote, from rows read now."""
    return course_afresh(challenge.vote, at).state


def challenges() -> QuerySet[Challenge]:
    """Return every challenge with its vote and its visits, in a fixed number of queries."""
    return Challenge.objects.select_related("facility__organisation", "requester").prefetch_related(
        Prefetch("vote", with_rows(Vote.objects.all())),
        Prefetch("visits", Visit.objects.with_names()),
        "found_frivolous__body",
    )


def row_of(challenge: Challenge, at: datetime) -> ChallengeRow:
    """Return the challenge as it stands; it comes from `challenges`."""
    course = course_of(challenge.vote, at)
    visits = list(challenge.visits.all())
    going = next((one for one in visits if one.state != VisitState.CANCELLED), None)
    opened = going if going and going.notified_at and going.notified_at <= at else None
    where = standing(course.state, [VisitState(one.state) for one in visits])
    return ChallengeRow(challenge, course, where, opened, is_sealed=going is not None and opened is None)


def rows(at: datetime, *, lab: Organisation | None = None, limit: int = 50) -> list[ChallengeRow]:
    """Return the challenges, the newest first: all of them, or those of one laboratory's facilities."""
    found = challenges().filter(requested_at__lte=at)
    if lab is not None:
        found = found.filter(facility__organisation=lab)
    return [row_of(one, at) for one in found[:limit]]


def open_challenges(facility: Facility, at: datetime) -> list[tuple[Challenge, Standing]]:
    """Return the challenges of a facility that are not over."""
    found = [row_of(one, at) for one in challenges().filter(facility=facility)]
    return [(row.challenge, row.standing) for row in found if row.standing in OPEN]


def unsettled(at: datetime) -> list[Challenge]:
    """Return the challenges whose closed vote has not yet had its consequence: stopped, or a visit."""
    votes = Vote.objects.exclude(closed_at=None).filter(closed_at__lte=at)
    found = Challenge.objects.filter(vote__in=votes, stopped_at=None)
    return list(found.exclude(visits__in=Visit.objects.counting()).order_by("pk"))


def hindrances(row: ChallengeRow, at: datetime) -> tuple[tuple[str, str], ...]:
    """Return why no visit could be planned yet, each provision with words; nothing where one is planned or none is called for."""
    visits = [VisitState(one.state) for one in row.challenge.visits.all()]
    if not needs_visit(row.course.state, visits):
        return ()
    monitoring = rules_at(at).monitoring
    site = challenged_site(row.challenge, monitoring, at)
    found = planner.plan([site], candidates(at), monitoring, seed="")
    return found.unplaced[0].reasons if found.unplaced else ()


def challengeable(organisations: Collection[Organisation], at: datetime) -> list[Facility]:
    """Return the facilities in use that one of these organisations may challenge: those of bound laboratories other than itself."""
    labs = [lab for lab in bound_labs(at) if any(one != lab for one in organisations)]
    return facilities_of(labs, at)


def may_find_frivolous(row: ChallengeRow, bodies: Collection[Organisation], at: datetime) -> list[Organisation]:
    """Return which of the bodies may find the request frivolous, and have not."""
    said = {one.body_id for one in row.challenge.found_frivolous.all()}
    if row.standing not in JUDGED:
        return []
    return [body for body in bodies if body.pk not in said and can_judge_request(row.challenge, body, at=at)]


def terms_of(row: ChallengeRow) -> Clock:
    """Return the clock of the text that governs: of the visit once it is planned, until then of the vote."""
    text = row.visit.text if row.visit else row.challenge.vote.text
    return rules_of(text).monitoring.challenge


def clock_of(row: ChallengeRow, at: datetime) -> list[Step]:
    """Return the challenge's steps in order, as far as their instants are known to the public; what is overdue at `at` is late."""
    steps = [
        Step("asked", row.challenge.requested_at, row.challenge.requested_at),
        Step("vote", row.course.closes_at, row.course.closed_at),
    ]
    visit = row.visit
    if visit is None:
        return steps
    kind, monitoring = VisitKind(visit.kind), monitoring_of(visit)
    on_site = access_due(kind, visit.planned_from, monitoring)
    stay = leave_by(kind, visit.access_at or on_site, monitoring)
    report = report_due(visit.planned_until, monitoring)
    return [
        *steps,
        Step("notice", visit.notice_due_at, visit.notified_at),
        Step("arrival", visit.planned_from, visit.access_at and visit.planned_from),
        Step("access", on_site, visit.access_at, is_late=(visit.access_at or at) > on_site),
        Step("leave", stay, None if visit.reported_at is None else min(visit.reported_at, stay)),
        Step("report", report, visit.reported_at, is_late=(visit.reported_at or at) > report),
    ]
