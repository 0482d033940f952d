"""A frame on days: which visit can begin on which day with whom, and what that costs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from core.times import Period
from inspections.rules.drawn_days import DAY, first_at_hour
from inspections.rules.quotas import NOT_COUNTED
from inspections.rules.schedules import Booked, Frame, Inspector, Place, Rule, Wanted, travel_time
from inspections.rules.training import covers
from inspections.rules.visits import VisitKind, planned_end

# What a plan pays: the solver looks for the cheapest.
LEFT_OUT: Final = 20_000  # a visit that is due and not in it
LATE: Final = 50  # a day past the due instant
DAY_OFF: Final = 1  # a day away from the one that was drawn
MOVED: Final = 30  # a visit that was planned already is put on another day
REPLACED: Final = 3  # one of its team is replaced
ADDED: Final = 20  # a visit for parity's sake
UNEQUAL: Final = 1  # a thousandth of a visit a site between the parties that bear most and least
TOO_UNEQUAL: Final = 100  # the same, past what the text allows


type Choice = tuple[int, tuple[str, ...]]  # day, team


@dataclass(frozen=True)
class Task:
    """A visit to be placed: the days it can begin on with their costs, the cheapest first."""

    want: Wanted
    place: Place
    days: tuple[int, ...]
    costs: Mapping[int, int]

    @property
    def left_out(self) -> int:
        """What it costs not to place it."""
        return LEFT_OUT if self.want.required else 0


class Grid:
    """A frame in days from its first possible arrival, with some provisions taken away (`without`)."""

    def __init__(self, frame: Frame, without: Collection[Rule] = ()) -> None:
        self.frame = frame
        self.without = frozenset(without)
        self.base = first_at_hour(frame.begins, frame.schedule.begins_at_hour)
        self.count = max((frame.ends - self.base + DAY - timedelta.resolution) // DAY, 0)
        self._starts: dict[tuple[str, str], frozenset[int]] = {}

    def keeps(self, rule: Rule) -> bool:
        """Whether the provision is kept to here."""
        return rule not in self.without

    @property
    def team(self) -> int:
        """How many inspectors a visit needs."""
        return self.frame.monitoring.inspectors_per_visit if self.keeps(Rule.TEAM) else 1

    def instant(self, day: int) -> datetime:
        """Return when a visit of that day begins."""
        return self.base + day * DAY

    def period(self, day: int) -> Period:
        """Return a visit of that day."""
        return Period(self.instant(day), self.ends[day])

    @cached_property
    def ends(self) -> tuple[datetime, ...]:
        """When a visit of each day ends."""
        monitoring = self.frame.monitoring
        return tuple(planned_end(VisitKind.ROUTINE, self.instant(day), monitoring) for day in range(self.count))

    def ready(self, day: int, *, same_region: bool) -> int:
        """Return the first day on which somebody who began a visit on `day` can begin the next."""
        travel = self.frame.schedule.travel
        free = self.ends[day]
        if self.keeps(Rule.TRAVEL):
            free = (travel.within_region if same_region else travel.between_regions).after(free)
        return -((self.base - free) // DAY)

    @cached_property
    def open(self) -> frozenset[int]:
        """The days on which visits begin."""
        closed = self.frame.monitoring.holidays if self.keeps(Rule.HOLIDAYS) else ()
        return frozenset(day for day in range(self.count) if self.instant(day).date() not in closed)

    def starts(self, one: Inspector, place: Place) -> frozenset[int]:
        """Return the days on which the inspector can begin a visit to a place, as far as this visit alone goes."""
        if self.keeps(Rule.AFFILIATES) and place.lab in one.barred:
            return frozenset()
        found = self._in_region(one, place.region)
        if self.keeps(Rule.REFUSAL) and one.refused:
            return frozenset(day for day in found if not one.is_refused(place.lab, self.instant(day)))
        return found

    def going(self, day: int, place: Place) -> list[Inspector]:
        """Return who could begin a visit to the place then."""
        return [one for one in self.frame.inspectors.values() if day in self.starts(one, place)]

    def are_apart(self, day: int, other: int) -> bool:
        """Whether two visits to one site may begin on these days."""
        first, second = sorted((day, other))
        return self.instant(second) >= self.frame.schedule.apart.after(self.instant(first))

    def cheapest(self, one: Task, other: Task) -> int | None:
        """Return what two visits to one site cost at least as they lie apart; None where no two of their days do."""
        best: int | None = None
        for day in one.days:
            for then in other.days:
                total = one.costs[day] + other.costs[then]
                if best is not None and total >= best:
                    break
                if self.are_apart(day, then):
                    best = total
                    break
        return best

    def _in_region(self, one: Inspector, region: str) -> frozenset[int]:
        key = (one.handle, region)
        if key not in self._starts:
            booked = [visit for visit in self.frame.fixed if one.handle in visit.team]
            self._starts[key] = frozenset(day for day in self.open if self._is_free(one, day, region, booked))
        return self._starts[key]

    def _is_free(self, one: Inspector, day: int, region: str, booked: list[Booked]) -> bool:
        period = self.period(day)
        if self.keeps(Rule.DESIGNATION) and not covers(one.designated, period):
            return False
        if self.keeps(Rule.TRAINING) and one.trained is not None and not covers(one.trained, period):
            return False
        if self.keeps(Rule.AVAILABILITY) and one.available and not covers(one.available, period):
            return False
        return not any(self._clash(period, region, visit) for visit in booked)

    def _clash(self, period: Period, region: str, other: Booked) -> bool:
        if period.overlaps(other.period):
            return self.keeps(Rule.BOOKED)
        if not self.keeps(Rule.TRAVEL):
            return False
        travel = travel_time(region, other.region, self.frame.schedule.travel)
        assert period.end is not None
        return travel.after(min(period.end, other.ends_at)) > max(period.start, other.period.start)

    def task(self, want: Wanted) -> Task:
        """Return a visit with the days on which enough people can come, the cheapest first."""
        place = self.frame.places[want.site]
        costs = {day: self._cost(want, day) for day in self.open if self._allows(want, place, day)}
        staffed = self._staffed(place)
        days = sorted((day for day in costs if day in staffed), key=lambda day: (costs[day], day))
        return Task(want, place, tuple(days), {day: costs[day] for day in days})

    def _allows(self, want: Wanted, place: Place, day: int) -> bool:
        start = self.instant(day)
        if self.keeps(Rule.NOTICE) and start < want.earliest:
            return False
        apart = self.frame.schedule.apart
        return not self.keeps(Rule.APART) or not any(
            max(start, other.period.start) < apart.after(min(start, other.period.start))
            for other in self.frame.fixed
            if other.site == place.key and other.kind not in NOT_COUNTED
        )

    def _staffed(self, place: Place) -> frozenset[int]:
        """Return the days on which a team could be made up, were nobody sent elsewhere."""
        people: dict[int, set[str]] = {}
        for one in self.frame.inspectors.values():
            name = "body" if self.frame.monitoring.from_different_bodies and self.keeps(Rule.BODIES) else "handle"
            for day in self.starts(one, place):
                people.setdefault(day, set()).add(getattr(one, name))
        return frozenset(day for day, names in people.items() if len(names) >= self.team)

    def _cost(self, want: Wanted, day: int) -> int:
        off = abs((self.instant(day) - want.target) // DAY)
        late = max(-((want.due - self.ends[day]) // DAY), 0)
        moved = MOVED if want.team and off else 0
        return (ADDED if not want.required else 0) + off * DAY_OFF + late * LATE + moved
