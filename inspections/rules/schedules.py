"""The schedule of the coming months, and whether it keeps to the text.

`check` looks at each provision anew and knows nothing of the solver that found the schedule (inspections/scheduling/). The site asks it about every
schedule before it is sealed; the verifier asks `check_visit` about every visit when its seal is opened.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from core.durations import Duration
from core.times import Period, stamp
from inspections.rules.quotas import NOT_COUNTED, QuotaUse, party_use, site_use
from inspections.rules.training import covers
from inspections.rules.visits import VisitKind, planned_end
from treaty.rules.schedules import Schedule, Travel
from treaty.rules.text import Monitoring


class Rule(StrEnum):
    """What a visit of the schedule keeps to: a path of the text where it has the number."""

    SITE_QUOTA = "monitoring.visits_per_site_per_year"
    PARTY_QUOTA = "monitoring.visits_per_party_per_year"
    TEAM = "monitoring.inspectors_per_visit"
    BODIES = "monitoring.from_different_bodies"
    DESIGNATION = "monitoring.designation_validity"
    TRAINING = "monitoring.training"
    REFUSAL = "monitoring.refusal_effective_after"
    HOLIDAYS = "monitoring.holidays"
    LENGTH = "monitoring.visit_length"
    NOTICE = "monitoring.notice"
    DUE = "monitoring.schedule.seen_every"
    APART = "monitoring.schedule.apart"
    TRAVEL = "monitoring.schedule.travel"
    PARITY = "monitoring.schedule.parity_within"
    AFFILIATES = "inspectors.affiliates"
    AVAILABILITY = "inspectors.availability"
    BOOKED = "inspectors.booked"
    ASKED = "schedule.wanted"  # each visit that is due is in it once, or is named as left out


class RunOutcome(StrEnum):
    """What came of a run of the scheduler."""

    RUNNING = "running"
    SEALED = "sealed"
    UNCHANGED = "unchanged"
    OVERTAKEN = "overtaken"
    FAILED = "failed"
    SILENT = "silent"


@dataclass(frozen=True)
class Place:
    """A site that may be visited."""

    key: str
    lab: str
    region: str


@dataclass(frozen=True)
class Inspector:
    """Somebody who may be sent. `barred`: laboratories they are too near to; `refused`: laboratories, and from when the refusal holds."""

    handle: str
    body: str
    designated: tuple[Period, ...]
    barred: frozenset[str] = frozenset()
    refused: tuple[tuple[str, datetime], ...] = ()
    available: tuple[Period, ...] = ()  # empty: always
    trained: tuple[Period, ...] | None = None  # None: the text asks for no training

    def is_refused(self, lab: str, at: datetime) -> bool:
        """Whether the laboratory has refused them with effect by `at`."""
        return any(who == lab and since <= at for who, since in self.refused)


@dataclass(frozen=True)
class Booked:
    """A visit with its day and team."""

    key: str
    site: str
    lab: str
    region: str
    kind: VisitKind
    period: Period
    team: tuple[str, ...]
    notified_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When the team leaves."""
        assert self.period.end is not None
        return self.period.end


@dataclass(frozen=True)
class Wanted:
    """A visit that the schedule is to hold. `required` no: it may be added where parity asks for it.

    `target` is the day that was drawn for it, or the day and team that it had before.
    """

    key: str
    site: str
    kind: VisitKind
    earliest: datetime
    due: datetime
    target: datetime
    required: bool = True
    team: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """What a schedule is made in: from when until when, under which provisions, with whom, beside which visits."""

    begins: datetime
    ends: datetime
    monitoring: Monitoring
    places: Mapping[str, Place]
    inspectors: Mapping[str, Inspector]
    fixed: tuple[Booked, ...] = ()

    @property
    def schedule(self) -> Schedule:
        """The text's provisions for schedules."""
        assert self.monitoring.schedule is not None
        return self.monitoring.schedule


@dataclass(frozen=True)
class Breach:
    """A provision that a schedule does not keep to, the visit or party where, and how."""

    rule: Rule
    where: str
    words: str


def region_of(jurisdiction: str, travel: Travel) -> str:
    """Return the region that the text puts a country into; a country that it does not name is one of its own."""
    return next((key for key, countries in travel.regions.items() if jurisdiction in countries), jurisdiction)


def travel_time(one: str, other: str, travel: Travel) -> Duration:
    """Return the time that an inspector has between two visits in these regions."""
    return travel.within_region if one == other else travel.between_regions


# --- one visit beside others --------------------------------------------------------------------------------------


def check_visit(visit: Booked, others: Collection[Booked], frame: Frame) -> Iterator[Breach]:
    """Find every provision that the visit breaks, by itself or beside the others."""
    yield from _team(visit, frame)
    yield from check_day(visit, frame)
    yield from check_quotas(visit, others, frame.monitoring)
    yield from check_apart(visit, others, frame.schedule)
    yield from check_travel(visit, others, frame.schedule.travel)


def _team(visit: Booked, frame: Frame) -> Iterator[Breach]:
    monitoring, team = (
        frame.monitoring,
        [frame.inspectors[handle] for handle in visit.team if handle in frame.inspectors],
    )
    if len(set(visit.team)) < monitoring.inspectors_per_visit:
        yield Breach(
            Rule.TEAM, visit.key, f"{len(set(visit.team))} inspectors, {monitoring.inspectors_per_visit} needed"
        )
    if monitoring.from_different_bodies and len({one.body for one in team}) < len(team):
        yield Breach(Rule.BODIES, visit.key, "two of the team are sent by one body")
    strangers = sorted(set(visit.team) - set(frame.inspectors))
    if strangers:
        yield Breach(Rule.DESIGNATION, visit.key, f"{', '.join(strangers)} is designated by nobody")
    for one in team:
        yield from check_member(one, visit)


def check_member(one: Inspector, visit: Booked) -> Iterator[Breach]:
    """Find why an inspector cannot be on the visit, whatever else they do."""
    if one.trained is not None and not covers(one.trained, visit.period):
        yield Breach(Rule.TRAINING, visit.key, f"{one.handle}'s training does not hold for the whole visit")
    if not covers(one.designated, visit.period):
        yield Breach(Rule.DESIGNATION, visit.key, f"{one.handle} is not designated for the whole visit")
    if one.available and not covers(one.available, visit.period):
        yield Breach(Rule.AVAILABILITY, visit.key, f"{one.handle} has not stated to be available then")
    if visit.lab in one.barred:
        yield Breach(Rule.AFFILIATES, visit.key, f"{one.handle} is too near to {visit.lab}")
    if one.is_refused(visit.lab, visit.notified_at or visit.period.start):
        yield Breach(Rule.REFUSAL, visit.key, f"{visit.lab} has refused {one.handle}")


def check_day(visit: Booked, frame: Frame) -> Iterator[Breach]:
    """Find what is wrong with the visit's day by itself."""
    start = visit.period.start
    if start.date() in frame.monitoring.holidays:
        yield Breach(Rule.HOLIDAYS, visit.key, f"{start:%Y-%m-%d} is a holiday of the text")
    if visit.period.end != planned_end(visit.kind, start, frame.monitoring):
        yield Breach(Rule.LENGTH, visit.key, f"it is planned until {stamp(visit.ends_at)}")


def check_quotas(visit: Booked, others: Iterable[Booked], monitoring: Monitoring) -> Iterator[Breach]:
    """Find a quota that the visit exceeds beside the others."""
    if visit.kind in NOT_COUNTED:
        return
    same = [other for other in others if other.key != visit.key and other.kind not in NOT_COUNTED]
    start = visit.period.start
    at_site = site_use([other.period.start for other in same if other.site == visit.site], start, monitoring)
    of_party = party_use([other.period.start for other in same if other.lab == visit.lab], start, monitoring)
    for rule, use in ((Rule.SITE_QUOTA, at_site), (Rule.PARTY_QUOTA, of_party)):
        if use.is_used_up:
            yield Breach(rule, visit.key, _too_many(use))


def _too_many(use: QuotaUse) -> str:
    return f"{use.used} other visits in twelve months, {use.allowed} allowed in all"


def check_apart(visit: Booked, others: Iterable[Booked], schedule: Schedule) -> Iterator[Breach]:
    """Find another visit to the site that is too near."""
    for other in others:
        if other.key != visit.key and other.site == visit.site and not {visit.kind, other.kind} & NOT_COUNTED:
            first, second = sorted((visit.period.start, other.period.start))
            if second < schedule.apart.after(first):
                yield Breach(Rule.APART, visit.key, f"{other.key} is at the same site on {other.period.start:%Y-%m-%d}")


def check_travel(visit: Booked, others: Iterable[Booked], travel: Travel) -> Iterator[Breach]:
    """Find an inspector of the visit who is elsewhere then, or could not be there in time."""
    for other in others:
        shared = sorted(set(visit.team) & set(other.team)) if other.key != visit.key else []
        if not shared:
            continue
        if visit.period.overlaps(other.period):
            yield Breach(Rule.BOOKED, visit.key, f"{', '.join(shared)} is booked for {other.key} then")
            continue
        first, second = sorted((visit, other), key=lambda one: one.period.start)
        if second.period.start < travel_time(first.region, second.region, travel).after(first.ends_at):
            yield Breach(
                Rule.TRAVEL, visit.key, f"{', '.join(shared)} has too little time between {first.key} and {second.key}"
            )


# --- a whole schedule ---------------------------------------------------------------------------------------------


def check(
    frame: Frame, wanted: Sequence[Wanted], placed: Sequence[Booked], missed: Collection[str] = ()
) -> list[Breach]:
    """Return every breach of a schedule. `missed`: the visits that it says it cannot hold, or not in time."""
    every = [*frame.fixed, *placed]
    near = _Near(every)
    found = [breach for visit in placed for breach in check_visit(visit, near.of(visit), frame)]
    found += _answered(wanted, placed, missed)
    before, after = parity_of(frame, frame.fixed), parity_of(frame, every)
    if after.spread > frame.schedule.parity_within and after.spread > before.spread:
        words = f"visits for each site differ by {after.spread} between {after.most} and {after.least}"
        found.append(Breach(Rule.PARITY, after.most, words))
    return found


class _Near:
    """The visits that can matter to another one: same site, same party, or somebody in common."""

    def __init__(self, every: Iterable[Booked]) -> None:
        self.by: dict[str, list[Booked]] = {}
        for visit in every:
            for name in {f"lab {visit.lab}", *visit.team}:
                self.by.setdefault(name, []).append(visit)

    def of(self, visit: Booked) -> list[Booked]:
        found = {other.key: other for name in (f"lab {visit.lab}", *visit.team) for other in self.by[name]}
        return list(found.values())


def _answered(wanted: Iterable[Wanted], placed: Iterable[Booked], missed: Collection[str]) -> Iterator[Breach]:
    """Find what was asked for and is neither placed nor named, is in it twice, for another site, too early or late in silence."""
    by_key: dict[str, list[Booked]] = {}
    for visit in placed:
        by_key.setdefault(visit.key, []).append(visit)
    for want in wanted:
        visits = by_key.pop(want.key, [])
        if len(visits) > 1 or (not visits and want.required and want.key not in missed):
            yield Breach(Rule.ASKED, want.key, f"it is in the schedule {len(visits)} times")
        for visit in visits:
            if (visit.site, visit.kind) != (want.site, want.kind):
                yield Breach(Rule.ASKED, want.key, "it is another visit than was asked for")
            if visit.period.start < want.earliest:
                yield Breach(Rule.NOTICE, want.key, f"it begins before {stamp(want.earliest)}")
            if visit.ends_at > want.due and want.key not in missed:
                yield Breach(Rule.DUE, want.key, f"it ends after {stamp(want.due)}")
    for key in by_key:
        yield Breach(Rule.ASKED, key, "nobody asked for it")


@dataclass(frozen=True)
class Burden:
    """What lies on a party: visits that count, for each of its sites."""

    lab: str
    visits: int
    sites: int

    @property
    def share(self) -> Fraction:
        """Visits for each site."""
        return Fraction(self.visits, self.sites)


@dataclass(frozen=True)
class Parity:
    """The burden of every party that has a site, and how far the largest and the smallest lie apart."""

    burdens: tuple[Burden, ...]

    @property
    def spread(self) -> Fraction:
        """Largest less smallest."""
        shares = [burden.share for burden in self.burdens]
        return max(shares) - min(shares) if shares else Fraction(0)

    @property
    def most(self) -> str:
        """The party with the largest."""
        return max(self.burdens, key=lambda burden: burden.share).lab if self.burdens else ""

    @property
    def least(self) -> str:
        """The party with the smallest."""
        return min(self.burdens, key=lambda burden: burden.share).lab if self.burdens else ""


def parity_of(frame: Frame, visits: Iterable[Booked]) -> Parity:
    """Return the burdens of the frame's time."""
    return parity(frame.places.values(), visits, Period(frame.begins, frame.ends))


def parity(places: Iterable[Place], visits: Iterable[Booked], within: Period) -> Parity:
    """Return the burdens by the visits that begin in a period; those that no quota counts are left out."""
    sites: dict[str, int] = {}
    for place in places:
        sites[place.lab] = sites.get(place.lab, 0) + 1
    counted = dict.fromkeys(sites, 0)
    for visit in visits:
        if visit.lab in counted and visit.kind not in NOT_COUNTED and visit.period.start in within:
            counted[visit.lab] += 1
    return Parity(tuple(Burden(lab, counted[lab], sites[lab]) for lab in sorted(sites)))
