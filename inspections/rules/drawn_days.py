"""The day of a drawn visit: from the draw's seed, which nobody chose, and a secret committed to before it, which keeps the day from being foreseen.

For each place the planner makes a chain of links, each the hash of the one after it, and commits to the first when the draw opens. The
link of a rank and the seed give the day of that rank, among those that the ranks before it left over. A notice opens the link of
its own rank: from it everybody finds the days before, and nobody those after it, which a visit called off may yet need
(docs/decisions/0023-drawn-days.md).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from core.canonical import tagged_digest
from core.errors import Malformed
from core.times import Period
from inspections.rules.draws import below
from inspections.rules.schedules import (
    Booked,
    Frame,
    Inspector,
    Rule,
    Wanted,
    check_apart,
    check_day,
    check_member,
    check_quotas,
    check_travel,
    check_visit,
)
from inspections.rules.visits import VisitKind, first_arrival, planned_end
from treaty.rules.text import Monitoring

LINKS: Final = 512  # in a chain; a period of more days has so many ranks
DAY: Final = timedelta(days=1)


# --- the order of the days ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """A place of a draw, the facility drawn for it, and the days that it could be visited on."""

    draw: str
    place: int
    facility: str
    seed: str
    days: tuple[datetime, ...]


@dataclass(frozen=True)
class Passed:
    """A day that came before in the order, and the provision that kept the visit from it."""

    day: datetime
    rule: Rule


def chain(last: str) -> tuple[str, ...]:
    """Return the links of a place, that of the first rank first. `last`: 32 random bytes in hex."""
    links = [last]
    while len(links) < LINKS:
        links.append(_before(links[-1]))
    return tuple(reversed(links))


def day_commitment(draw: str, place: int, first: str) -> str:
    """Return what is committed to for a place: the first link of its chain."""
    return tagged_digest("fermata/draw-day-commitment/v1", {"draw": draw, "place": place, "link": first})


def links_up_to(link: str, rank: int) -> tuple[str, ...]:
    """Return the links of the ranks from 0 on, from that of `rank`; raise Malformed where it is no link."""
    if len(link) != 64 or not set(link) <= set("0123456789abcdef") or not 0 <= rank < LINKS:
        raise Malformed(
            "A link is 32 bytes, written as 64 hexadecimal digits in lower case, of a rank that the chain has."
        )
    links = [link]
    for _ in range(rank):
        links.append(_before(links[-1]))
    return tuple(reversed(links))


def opens_day(draw: str, place: int, links: Sequence[str], committed: str) -> bool:
    """Whether the links begin with the one that was committed to."""
    return day_commitment(draw, place, links[0]) == committed


def misfits(draw: str, links: Sequence[str], commitments: Sequence[str]) -> list[int]:
    """Return the places, counted from 1, whose links, opened to the last, are not those that were committed to."""
    return [
        place
        for place, (link, committed) in enumerate(zip(links, commitments, strict=False), start=1)
        if not opens_day(draw, place, links_up_to(link, LINKS - 1), committed)
    ]


def possible_days(drawn_at: datetime, until: datetime, monitoring: Monitoring) -> tuple[datetime, ...]:
    """Return when a visit at short notice can begin between the draw and the next one; nothing under a text without a schedule."""
    if monitoring.schedule is None:
        return ()
    start = first_at_hour(
        first_arrival(VisitKind.SHORT_NOTICE, monitoring, drawn_at), monitoring.schedule.begins_at_hour
    )
    days = []
    while planned_end(VisitKind.SHORT_NOTICE, start, monitoring) <= until:
        if start.date() not in monitoring.holidays:
            days.append(start)
        start += DAY
    return tuple(days)


def first_at_hour(at: datetime, hour: int) -> datetime:
    """Return the first instant from `at` on that is a whole hour of the day (UTC)."""
    first = at.replace(hour=hour, minute=0, second=0, microsecond=0)
    return first if first >= at else first + DAY


def order(drawn: Drawn, links: Sequence[str]) -> Iterator[datetime]:
    """Yield a day for each link, none twice: the one that was drawn, then those to fall back on."""
    left = list(drawn.days)
    for rank, link in enumerate(links[: len(left)]):
        block = tagged_digest(
            "fermata/draw-day/v1",
            {
                "draw": drawn.draw, "place": drawn.place, "facility": drawn.facility, "rank": rank,
                "seed": drawn.seed, "link": link,
            },
        )  # fmt: skip
        yield left.pop(below(bytes.fromhex(block), b"day", rank, len(left)))


def _before(link: str) -> str:
    return tagged_digest("fermata/draw-day-link/v1", {"link": link})


@dataclass(frozen=True)
class Origin:
    """Where a visit's day comes from: its place in a draw, and the days passed over."""

    draw: str
    place: int
    passed: tuple[Passed, ...]


# --- the day that the provisions allow ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Placed:
    """The visit as it is placed, None where no day is possible; and the days passed over for it."""

    visit: Booked | None
    passed: tuple[Passed, ...]


def place(want: Wanted, days: Iterable[datetime], frame: Frame, others: Sequence[Booked]) -> Placed:
    """Place a drawn visit on the first of its days on which every provision is kept beside the others."""
    passed: list[Passed] = []
    for day in days:
        visit = _visit(want, day, frame)
        obstacle = _obstacle(want, visit, frame, others)
        if obstacle is None:
            team = _team(want, visit, frame, others)
            if team:
                return Placed(_with(visit, team), tuple(passed))
            obstacle = Rule.TEAM
        passed.append(Passed(day, obstacle))
    return Placed(None, tuple(passed))


def place_all(
    wanted: Iterable[tuple[Wanted, Sequence[datetime]]], sealed: Mapping[str, datetime], frame: Frame
) -> dict[str, Placed]:
    """Place the drawn visits before all others, in the order drawn. `sealed`: the days of those that have one, kept for as long as it can be."""
    found: dict[str, Placed] = {}
    others = list(frame.fixed)
    for want, days in wanted:
        kept = stays(want, sealed[want.key], frame, others) if want.key in sealed else None
        found[want.key] = Placed(kept, ()) if kept else place(want, days, frame, others)
        others += [visit for visit in (found[want.key].visit,) if visit]
    return found


def stays(want: Wanted, day: datetime, frame: Frame, others: Sequence[Booked]) -> Booked | None:
    """Return a sealed visit on its day with its team, where that keeps every provision still."""
    visit = _with(_visit(want, day, frame), want.team)
    kept = day >= want.earliest and visit.ends_at <= want.due and not list(check_visit(visit, others, frame))
    return visit if kept else None


def _visit(want: Wanted, day: datetime, frame: Frame) -> Booked:
    site = frame.places[want.site]
    period = Period(day, planned_end(want.kind, day, frame.monitoring))
    return Booked(want.key, want.site, site.lab, site.region, want.kind, period, ())


def _with(visit: Booked, team: tuple[str, ...]) -> Booked:
    return Booked(visit.key, visit.site, visit.lab, visit.region, visit.kind, visit.period, team)


def _obstacle(want: Wanted, visit: Booked, frame: Frame, others: Sequence[Booked]) -> Rule | None:
    """Return the provision that the day itself breaks, whoever is sent."""
    if visit.period.start < want.earliest:
        return Rule.NOTICE
    if visit.ends_at > want.due:
        return Rule.DUE
    broken = (
        *check_day(visit, frame),
        *check_quotas(visit, others, frame.monitoring),
        *check_apart(visit, others, frame.schedule),
    )
    return next((breach.rule for breach in broken), None)


def _team(want: Wanted, visit: Booked, frame: Frame, others: Sequence[Booked]) -> tuple[str, ...]:
    """Return who goes: those that were to go before first, then those with the least to do."""
    trips = {handle: [other for other in others if handle in other.team] for handle in frame.inspectors}
    free = sorted(
        (one for one in frame.inspectors.values() if _is_free(one, visit, frame, trips[one.handle])),
        key=lambda one: (one.handle not in want.team, len(trips[one.handle]), one.handle),
    )
    apart, size = frame.monitoring.from_different_bodies, frame.monitoring.inspectors_per_visit
    if apart and len({one.body for one in free}) < size:
        return ()
    for team in combinations(free, size):
        if not apart or len({one.body for one in team}) == size:
            return tuple(sorted(one.handle for one in team))
    return ()


def _is_free(one: Inspector, visit: Booked, frame: Frame, trips: Sequence[Booked]) -> bool:
    alone = _with(visit, (one.handle,))
    return not [*check_member(one, alone), *check_travel(alone, trips, frame.schedule.travel)]


# --- a claim that a day was passed over ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Circumstances:
    """What the record shows of the planning of a drawn visit.

    `starts`: (site, party, beginning) of every counted visit that was opened; `drawn_of_party`: places of the draw that the party
    has, whose visits may be sealed still.
    """

    site: str
    lab: str
    planned_at: datetime
    until: datetime
    monitoring: Monitoring
    starts: Collection[tuple[str, str, datetime]]
    drawn_of_party: int

    def bear_out(self, passed: Passed) -> bool:
        """Whether a day was passed over for the reason given, as far as the record shows. That no team was free it does not: availability is not on it."""
        day, monitoring = passed.day, self.monitoring
        claims: dict[Rule, Callable[[], bool]] = {
            Rule.NOTICE: lambda: day < first_arrival(VisitKind.SHORT_NOTICE, monitoring, self.planned_at),
            Rule.DUE: lambda: planned_end(VisitKind.SHORT_NOTICE, day, monitoring) > self.until,
            Rule.HOLIDAYS: lambda: day.date() in monitoring.holidays,
            Rule.APART: lambda: any(self._are_near(day, start) for start in self._at_site()),
            Rule.SITE_QUOTA: lambda: len(self._at_site()) >= monitoring.visits_per_site_per_year,
            Rule.PARTY_QUOTA: lambda: self._of_party() + self.drawn_of_party > monitoring.visits_per_party_per_year,
            Rule.TEAM: lambda: True,
        }
        return passed.rule in claims and claims[passed.rule]()

    def _at_site(self) -> list[datetime]:
        return [start for site, _lab, start in self.starts if site == self.site]

    def _of_party(self) -> int:
        return sum(lab == self.lab for _site, lab, _start in self.starts)

    def _are_near(self, one: datetime, other: datetime) -> bool:
        assert self.monitoring.schedule is not None
        return max(one, other) < self.monitoring.schedule.apart.after(min(one, other))
