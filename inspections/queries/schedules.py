"""What the scheduler starts from, what it has sealed, and how it fares."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.db.models import Max, Q, QuerySet

from accounts.queries.organisations import affiliates
from core.times import Period
from inspections.models import Designation, Draw, Refusal, Schedule, ScheduleRun, StreamReading, Training, Visit
from inspections.queries.candidates import candidates
from inspections.queries.draws import days_of, until_of
from inspections.queries.matrix import breaks
from inspections.queries.visits import VisitRow, rows, with_team
from inspections.rules.conflicts import conflict
from inspections.rules.due import Due, Seen, visits_due
from inspections.rules.quotas import NOT_COUNTED, YEAR
from inspections.rules.schedules import (
    Booked,
    Frame,
    Inspector,
    Parity,
    Place,
    Rule,
    RunOutcome,
    Wanted,
    parity,
    region_of,
)
from inspections.rules.visits import VisitKind, VisitState, first_arrival
from labs.models import Facility
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, text_at
from treaty.rules.schedules import Schedule as Terms

DAY = timedelta(days=1)
SCHEDULED = (VisitKind.BASELINE, VisitKind.ROUTINE, VisitKind.SHORT_NOTICE, VisitKind.CLOSE_OUT)
FIXED_BEFORE_NOTICE = timedelta(hours=1)  # a visit that is about to be opened is not moved any more
LONGEST_RUN = timedelta(minutes=10)  # a run that has not ended by then is not waited for

type Pick = Callable[[int], int]  # a number below another one


def terms_at(at: datetime) -> Terms | None:
    """Return what the text in force says of the schedule; None where it knows none."""
    return rules_at(at).monitoring.schedule if text_at(at) else None


@dataclass(frozen=True)
class DrawnPlace:
    """A place of a draw whose seed gives the day too, and its days in the order drawn."""

    draw: Draw
    place: int

    @property
    def days(self) -> list[datetime]:
        """The days in the order drawn: secret."""
        return days_of(self.draw, self.place)


@dataclass(frozen=True)
class Inputs:
    """What the scheduler starts from: the frame, what is due, and what is sealed by key."""

    frame: Frame
    wanted: tuple[Wanted, ...]
    lapsed: tuple[Due, ...]  # drawn, and not made before the next draw was due
    sealed: dict[str, Visit]
    movable: tuple[Visit, ...]
    designations: dict[str, Designation]  # by handle
    facilities: dict[str, Facility]
    drawn: dict[str, DrawnPlace]  # by key, of the visits whose day is drawn


def inputs(at: datetime, pick: Pick) -> Inputs:
    """Return the scheduler's problem as it is at `at`; `pick` draws a day for each visit that has none yet."""
    monitoring = rules_at(at).monitoring
    assert monitoring.schedule is not None
    until = monitoring.schedule.horizon.after(at)
    facilities = {one.key: one for one in _facilities(monitoring.schedule, at)}
    places = {key: place_of(one, monitoring.schedule) for key, one in facilities.items()}
    movable = _movable(at)
    designations, people = _inspectors(facilities.values(), at)
    frame = Frame(
        begins=first_arrival(VisitKind.SHORT_NOTICE, monitoring, at),
        ends=until,
        monitoring=monitoring,
        places=places,
        inspectors=people,
        fixed=tuple(_booked(visit, monitoring.schedule) for visit in _fixed(movable, at)),
    )
    lost = {one.facility.pk: one.since for one in reversed(breaks(at))}
    due = [
        one
        for facility in facilities.values()
        for seen in [_seen(facility, places[facility.key], movable, lost.get(facility.pk), at)]
        for one in visits_due(seen, monitoring, at, until)
    ]
    lapsed = tuple(one for one in due if one.kind is VisitKind.SHORT_NOTICE and one.due <= one.earliest)
    wanted, sealed, drawn = _with_sealed((one for one in due if one not in lapsed), movable, frame, pick, _newest(at))
    return Inputs(frame, wanted, lapsed, sealed, tuple(movable), designations, facilities, drawn)


def place_of(facility: Facility, schedule: Terms) -> Place:
    """Return a facility as the rules' place."""
    return Place(facility.key, facility.organisation.key, region_of(facility.jurisdiction, schedule.travel))


def _facilities(schedule: Terms, at: datetime) -> list[Facility]:
    """Return the facilities in use of the bound laboratories, and those closed so lately that they need a last visit."""
    closed = Q(closed_at__lte=at, closed_at__gt=schedule.close_out_within.before(at))
    found = Facility.objects.filter(organisation__in=bound_labs(at), registered_at__lte=at)
    return list(
        found.filter(Q(opened_at__lte=at) & (Q(closed_at=None) | Q(closed_at__gt=at) | closed))
        .select_related("organisation")
        .order_by("key")
    )


def _movable(at: datetime) -> list[Visit]:
    """Return the sealed visits of a schedule that are not about to be opened."""
    sealed = Visit.objects.sealed().filter(notice_due_at__gt=at + FIXED_BEFORE_NOTICE)
    return list(sealed.with_names().prefetch_related(with_team()).order_by("key"))


def _fixed(movable: Iterable[Visit], at: datetime) -> list[Visit]:
    """Return the other visits that count or that take somebody's time: those of the last twelve months and all that are to come."""
    found = Visit.objects.counting().filter(planned_until__gt=YEAR.before(at))
    return list(found.exclude(pk__in=[one.pk for one in movable]).with_names().prefetch_related(with_team()))


def _booked(visit: Visit, schedule: Terms) -> Booked:
    place = place_of(visit.facility, schedule)
    return Booked(
        key=visit.key,
        site=place.key,
        lab=place.lab,
        region=place.region,
        kind=VisitKind(visit.kind),
        period=Period(visit.planned_from, visit.planned_until),
        team=tuple(sorted(one.designation.user.handle for one in visit.team.all())),
        notified_at=visit.notified_at,
    )


def _inspectors(facilities: Iterable[Facility], at: datetime) -> tuple[dict[str, Designation], dict[str, Inspector]]:
    able = {one.key: one for one in candidates(at)}
    designations = Designation.objects.filter(pk__in=able).select_related("user", "body")
    labs = {one.organisation_id: one.organisation for one in facilities}
    near = {pk: affiliates(lab, at) for pk, lab in labs.items()}
    people = {}
    for one in designations:
        who = able[one.pk]
        people[one.user.handle] = Inspector(
            handle=one.user.handle,
            body=one.body.key,
            designated=(who.designated,),
            barred=frozenset(lab.key for pk, lab in labs.items() if conflict(who.ties, pk, near[pk])),
            refused=tuple((labs[pk].key, since) for pk, since in who.refused if pk in labs),
            available=who.available,
            trained=who.trained,
        )
    return {one.user.handle: one for one in designations}, people


def _seen(facility: Facility, place: Place, movable: Sequence[Visit], lost: datetime | None, at: datetime) -> Seen:
    """Return what is known of a site; a visit that is opened and not over counts as if it had been. `lost`: when continuity was."""
    visits = facility.visits.counting().exclude(pk__in=[one.pk for one in movable])
    last = visits.filter(Q(began_at__isnull=False) | Q(ended_at=None)).aggregate(Max("planned_until"))
    first = Schedule.objects.order_by("made_at").values_list("made_at", flat=True).first()
    drawn, until = _drawn(facility, movable, at)
    mending = lost is not None and visits.filter(ended_at=None, reported_at=None, planned_until__gt=lost).exists()
    return Seen(
        place=place,
        counts_from=max(facility.registered_at, first or at),
        closed_at=facility.closed_at if facility.closed_at and facility.closed_at <= at else None,
        last=last["planned_until__max"],
        broken_at=None if mending else lost,
        drawn=drawn,
        drawn_until=until,
    )


def _newest(at: datetime) -> Draw | None:
    return Draw.objects.drawn().filter(drawn_at__lte=at).select_related("text").first()


def _drawn(facility: Facility, movable: Sequence[Visit], at: datetime) -> tuple[int, datetime | None]:
    """Return how many visits at short notice the newest draw gives the site that were not opened yet, and until when they are to be made."""
    newest = _newest(at)
    if newest is None or newest.drawn_at is None:
        return 0, None
    made = facility.visits.counting().filter(kind=VisitKind.SHORT_NOTICE, planned_at__gte=newest.drawn_at)
    made = made.exclude(pk__in=[one.pk for one in movable])
    left = Counter(newest.drawn)[facility.key] - made.count()
    return max(left, 0), until_of(newest)


def _with_sealed(
    due: Iterable[Due], movable: Sequence[Visit], frame: Frame, pick: Pick, newest: Draw | None
) -> tuple[tuple[Wanted, ...], dict[str, Visit], dict[str, DrawnPlace]]:
    """Return what is due as the solver's values: with the day and team that are sealed for it, or with a day picked now; and what was drawn."""
    waiting: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    for visit in movable:
        if visit.draw_id is None or (newest and visit.draw_id == newest.pk):
            waiting[visit.facility.key, visit.kind].append(visit)
    wanted: list[Wanted] = []
    sealed: dict[str, Visit] = {}
    drawn: dict[str, DrawnPlace] = {}
    for number, one in enumerate(due):
        before = waiting[one.site, one.kind.value]
        if before:
            visit = before.pop(0)
            team = tuple(sorted(member.designation.user.handle for member in visit.team.all()))
            wanted.append(Wanted(visit.key, one.site, one.kind, one.earliest, one.due, visit.planned_from, team=team))
            sealed[visit.key] = visit
        else:
            latest = max(min(one.due, frame.ends) - 3 * DAY, one.earliest)
            target = one.earliest + pick((latest - one.earliest) // DAY + 1) * DAY
            wanted.append(Wanted(f"new-{number}", one.site, one.kind, one.earliest, one.due, target))
        if newest and newest.day_commitments and one.kind is VisitKind.SHORT_NOTICE:
            drawn[wanted[-1].key] = DrawnPlace(newest, newest.drawn.index(one.site) + 1)
    return tuple(wanted), sealed, drawn


# --- when to plan -------------------------------------------------------------------------------------------------


def is_due(at: datetime) -> bool:
    """Whether the scheduler is to look: its time has come, something moved since it last looked, or it was overtaken."""
    terms = terms_at(at)
    if terms is None:
        return False
    last = ScheduleRun.objects.filter(began_at__lte=at).first()
    if last is None:
        return True
    if last.ended_at is None:
        return at >= last.began_at + LONGEST_RUN
    if last.outcome in {RunOutcome.OVERTAKEN, RunOutcome.SILENT}:
        return True
    if last.outcome == RunOutcome.FAILED:
        return at >= last.ended_at + LONGEST_RUN
    return at >= terms.renewed_every.after(last.began_at) or moved_since(last.began_at, at)


def moved_since(since: datetime, at: datetime) -> bool:
    """Whether anything that a schedule rests on has changed: inspectors, refusals, sites, draws, visits called off or conflicts."""
    sealing = Schedule.objects.values("made_at")
    return (
        Designation.objects.filter(_between("designated_at", since, at) | _between("valid_until", since, at)).exists()
        or Training.objects.filter(_between("recorded_at", since, at)).exists()
        or Refusal.objects.filter(_between("received_at", since, at) | _between("withdrawn_at", since, at)).exists()
        or Facility.objects.filter(_between("registered_at", since, at) | _between("closed_at", since, at)).exists()
        or StreamReading.objects.filter(_between("filed_at", since, at), intact=False).exists()
        or Draw.objects.filter(_between("drawn_at", since, at)).exists()
        or Visit.objects.filter(_between("ended_at", since, at), state=VisitState.CANCELLED)
        .exclude(schedule=None)
        .exclude(ended_at__in=sealing)
        .exists()
    )


def _between(field: str, since: datetime, at: datetime) -> Q:
    return Q(**{f"{field}__gt": since, f"{field}__lte": at})


# --- what it has done ---------------------------------------------------------------------------------------------


def newest_schedule(at: datetime) -> Schedule | None:
    """Return the schedule that is in force at `at`."""
    return Schedule.objects.filter(made_at__lte=at).first()


def burdens(at: datetime) -> Parity:
    """Return the visits that were opened and began in the twelve months before `at`, for each site of each bound laboratory."""
    terms = terms_at(at)
    assert terms is not None
    sites = Facility.objects.open_at(at).filter(organisation__in=bound_labs(at)).select_related("organisation")
    opened = Visit.objects.opened().counting().filter(notified_at__lte=at).select_related("facility__organisation")
    within = Period(YEAR.before(at), at)
    return parity(
        [place_of(one, terms) for one in sites],
        [_booked(one, terms) for one in opened.filter(planned_from__gte=within.start).prefetch_related(with_team())],
        within,
    )


def sealed_visits(at: datetime) -> QuerySet[Visit]:
    """Return the visits of schedules that are sealed."""
    return Visit.objects.sealed().filter(planned_at__lte=at)


@dataclass(frozen=True)
class LogLine:
    """A run of the scheduler; or, without one, a time in which it should have looked and did not."""

    run: ScheduleRun | None
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True)
class Pulse:
    """Whether the scheduler is alive: when it last looked, when it is to look again, and since when it plans."""

    last: ScheduleRun | None
    next_at: datetime | None
    planning_since: datetime | None
    is_alive: bool


def pulse(at: datetime) -> Pulse:
    """Return the scheduler's sign of life."""
    terms = terms_at(at)
    last = ScheduleRun.objects.filter(began_at__lte=at).first()
    if terms is None or last is None:
        return Pulse(last, None, None, is_alive=False)
    next_at = terms.renewed_every.after(last.began_at)
    running = last.ended_at is None and at < last.began_at + LONGEST_RUN
    return Pulse(last, next_at, last.began_at if running else None, is_alive=at < next_at + LONGEST_RUN)


def run_log(at: datetime, limit: int = 20) -> list[LogLine]:
    """Return the newest runs, and between them the times in which one was missed."""
    terms = terms_at(at)
    if terms is None:
        return []
    lines: list[LogLine] = []
    after = at
    for run in ScheduleRun.objects.filter(began_at__lte=at).select_related("schedule")[:limit]:
        expected = terms.renewed_every.after(run.began_at)
        if after > expected + LONGEST_RUN:
            lines.append(LogLine(None, expected, after))
        lines.append(LogLine(run, run.began_at, run.ended_at))
        after = run.began_at
    return lines


@dataclass(frozen=True)
class Use:
    """How far a provision is used by the visits that were opened: the fullest case, beside what the text allows."""

    rule: Rule
    used: int | Fraction
    allowed: int | Fraction


def uses(at: datetime) -> list[Use]:
    """Return how far the quotas and parity are used by opened visits of the twelve months before `at` and of what is announced."""
    monitoring = rules_at(at).monitoring
    assert monitoring.schedule is not None
    opened = Visit.objects.opened().counting().filter(notified_at__lte=at, planned_from__gt=YEAR.before(at))
    counted = opened.exclude(kind__in=[kind.value for kind in NOT_COUNTED])
    pairs = counted.values_list("facility__key", "facility__organisation__key")
    of_site, of_party = Counter(site for site, _ in pairs), Counter(lab for _, lab in pairs)
    return [
        Use(Rule.SITE_QUOTA, max(of_site.values(), default=0), monitoring.visits_per_site_per_year),
        Use(Rule.PARTY_QUOTA, max(of_party.values(), default=0), monitoring.visits_per_party_per_year),
        Use(Rule.PARITY, burdens(at).spread, monitoring.schedule.parity_within),
    ]


def opened_of_schedules(at: datetime, limit: int = 50) -> list[VisitRow]:
    """Return the visits of schedules whose seal was opened, the newest first."""
    found = Visit.objects.opened().exclude(schedule=None).filter(notified_at__lte=at).with_names()
    return rows(found.prefetch_related(with_team()).order_by("-planned_from", "-key")[:limit], at)
