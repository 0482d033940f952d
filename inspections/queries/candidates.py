"""Who can be sent and which sites need a visit, as the planner's values."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from accounts.models import Membership, Organisation
from accounts.queries.organisations import affiliates
from accounts.rules.organisations import Role
from core.times import Period
from inspections.models import Challenge, Designation, Dissent, Refusal, Report, Special, Visit, VisitInspector
from inspections.queries.training import held_by, terms_at
from inspections.rules.conflicts import Ties, conflict
from inspections.rules.plan import Candidate, Site
from inspections.rules.reports import Conclusion
from inspections.rules.training import trained
from inspections.rules.visits import ENDED, VisitKind, first_arrival
from labs.models import Facility
from labs.queries.facilities import facilities_of
from treaty.models import Pause, StandDown
from treaty.queries.parties import participating_bodies
from treaty.queries.standdowns import stages_of
from treaty.rules.standdowns import StageKey
from treaty.rules.text import Monitoring


def candidates(at: datetime) -> list[Candidate]:
    """Return the designated inspectors of the participating bodies, with ties, availability and bookings."""
    bodies = participating_bodies(at)
    designations = Designation.objects.valid(at).filter(body__in=bodies).prefetch_related("availabilities")
    refused: dict[int, tuple[tuple[int, datetime], ...]] = defaultdict(tuple)
    for one in Refusal.objects.standing(at).filter(designation__in=designations):
        refused[one.designation_id] += ((one.lab_id, one.effective_at),)
    held = Membership.objects.in_force(at).filter(user__in=designations.values("user"))
    own: dict[int, set[int]] = defaultdict(set)
    inspects: set[tuple[int, int]] = set()
    for membership in held:
        own[membership.user_id].add(membership.organisation_id)
        if membership.role == Role.INSPECTOR:
            inspects.add((membership.user_id, membership.organisation_id))
    tied = {
        organisation.pk: affiliates(organisation, at)
        for organisation in Organisation.objects.filter(pk__in=set().union(*own.values()))
    }
    booked = _bookings(at)
    terms, courses = terms_at(at), held_by([one.user_id for one in designations], at)
    return [
        Candidate(
            key=one.pk,
            body=one.body_id,
            ties=Ties(frozenset(own[one.user_id]), frozenset().union(*(tied[pk] for pk in own[one.user_id]))),
            designated=Period(one.designated_at, one.valid_until),
            available=tuple(Period(free.from_at, free.until_at) for free in one.availabilities.all()),
            booked=booked[one.pk],
            refused=refused[one.pk],
            trained=trained(terms, courses.get(one.user_id, {})),
        )
        for one in designations
        if (one.user_id, one.body_id) in inspects
    ]


def pool(lab: Organisation, at: datetime) -> list[Designation]:
    """Return the designated inspectors who could be sent to a laboratory: without a conflict of interest, and not refused by it."""
    near = affiliates(lab, at)
    refused = Refusal.objects.standing(at).filter(lab=lab).values("designation")
    able = [one.key for one in candidates(at) if conflict(one.ties, lab.pk, near) is None]
    found = Designation.objects.filter(pk__in=able).exclude(pk__in=refused)
    return list(found.select_related("user", "body").order_by("body__name", "pk"))


def _bookings(at: datetime) -> dict[int, tuple[Period, ...]]:
    found: dict[int, tuple[Period, ...]] = defaultdict(tuple)
    for booking in VisitInspector.objects.filter(released_at=None, period__endswith__gt=at):
        found[booking.designation_id] += (Period(booking.period.lower, booking.period.upper),)
    return found


def facilities_to_visit(pause: Pause, at: datetime) -> list[Facility]:
    """Return the facilities of the bound laboratories without an open or a consistently concluded visit under the pause."""
    labs = [stand_down.organisation for stand_down in pause.stand_downs.select_related("organisation")]
    under_way = Visit.objects.filter(pause=pause).exclude(state__in=[state.value for state in ENDED])
    seen = {*under_way.values_list("facility", flat=True), *consistent_facilities(pause)}
    return [facility for facility in facilities_of(labs, at) if facility.pk not in seen]


def consistent_facilities(pause: Pause) -> set[int]:
    """Return the facilities about which a submitted report under the pause concludes that all is consistent, and no body dissents."""
    found = Report.objects.standing().filter(visit__pause=pause, conclusion=Conclusion.CONSISTENT)
    found = found.exclude(dissents__in=Dissent.objects.from_conclusions())
    return set(found.values_list("visit__facility", flat=True))


def all_consistent(pause: Pause, organisation: Organisation, at: datetime) -> bool:
    """Whether every facility that the laboratory uses at `at` was found consistent under the pause."""
    facilities = set(Facility.objects.open_at(at).filter(organisation=organisation).values_list("pk", flat=True))
    return bool(facilities) and facilities <= consistent_facilities(pause)


def sites(pause: Pause, facilities: Iterable[Facility], monitoring: Monitoring, at: datetime) -> list[Site]:
    """Return the facilities as the planner's sites: not before notice has run and the declaration is due, by the stage's deadline."""
    facilities = list(facilities)
    stand_downs = {
        one.organisation_id: one for one in pause.stand_downs.select_related("pause").prefetch_related("extensions")
    }
    near = {facility.organisation_id: affiliates(facility.organisation, at) for facility in facilities}
    return [
        Site(
            key=facility.key,
            lab=facility.organisation_id,
            earliest=_earliest(stand_downs[facility.organisation_id], monitoring, at),
            due=_deadlines(stand_downs[facility.organisation_id], at).get(StageKey.VERIFY),
            lab_affiliates=near[facility.organisation_id],
        )
        for facility in facilities
    ]


def challenged_site(challenge: Challenge, monitoring: Monitoring, at: datetime) -> Site:
    """Return the facility of a challenge as the planner's site: as soon as the text's notice allows."""
    facility = challenge.facility
    return Site(
        key=facility.key,
        lab=facility.organisation_id,
        earliest=first_arrival(VisitKind.CHALLENGE, monitoring, at),
        lab_affiliates=affiliates(facility.organisation, at),
        kind=VisitKind.CHALLENGE,
        requester=challenge.requester_id,
        requester_affiliates=affiliates(challenge.requester, at),
    )


def special_site(special: Special, monitoring: Monitoring, at: datetime) -> Site:
    """Return the facility of a special visit as the planner's site: as soon as the text's notice allows."""
    return Site(
        key=special.facility.key,
        lab=special.facility.organisation_id,
        earliest=first_arrival(VisitKind.SPECIAL, monitoring, at),
        lab_affiliates=affiliates(special.facility.organisation, at),
        kind=VisitKind.SPECIAL,
    )


def _deadlines(stand_down: StandDown, at: datetime) -> dict[StageKey, datetime]:
    return {stage.key: stage.due_at for stage in stages_of(stand_down, at)}


def _earliest(stand_down: StandDown, monitoring: Monitoring, at: datetime) -> datetime:
    arrival = first_arrival(VisitKind.PAUSE_VERIFICATION, monitoring, at)
    declaration_due = None if stand_down.declared_at else _deadlines(stand_down, at).get(StageKey.DECLARE)
    return max(arrival, declaration_due) if declaration_due else arrival
