"""The variables and constraints of one round of the solver."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Final

from ortools.sat.python import cp_model

from core.times import Period
from inspections.rules.quotas import NOT_COUNTED, YEAR
from inspections.rules.schedules import Rule, parity_of
from inspections.scheduling.grid import REPLACED, TOO_UNEQUAL, UNEQUAL, Choice, Grid, Task

THOUSANDTHS: Final = 1000
ROUNDING: Final = 2  # thousandths


class Model:
    """A visit a task: on one of the days that it is offered, by a team; or elsewhere, which costs what the next day would.

    `hard`: everything required is to be placed in time, at whatever cost; for asking whether that can be.
    """

    def __init__(self, grid: Grid, tasks: Sequence[Task], offered: Mapping[str, int], *, hard: bool = False) -> None:
        self.grid, self.tasks, self.hard = grid, tasks, hard
        self.offered = dict(offered)
        self.cp = cp_model.CpModel()
        self.begins: dict[str, dict[int, cp_model.IntVar]] = {}
        self.sent: dict[str, dict[tuple[int, str], cp_model.IntVar]] = {}
        self.elsewhere: dict[str, cp_model.IntVar] = {}
        self.costs: list[cp_model.LinearExprT] = []
        # inspector -> day -> region -> what sends them there
        self.sends: dict[str, dict[int, dict[str, list[cp_model.IntVar]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )

    def days(self, task: Task) -> tuple[int, ...]:
        """Return the days that the visit is offered."""
        if self.hard and self.grid.keeps(Rule.DUE):
            return tuple(day for day in task.days if self.grid.ends[day] <= task.want.due)
        return task.days[: self.offered.get(task.want.key, len(task.days))]

    def is_wider(self, task: Task) -> bool:
        """Whether more days can be offered."""
        return len(self.days(task)) < len(task.days)

    def build(self) -> None:
        """Add everything."""
        for task in self.tasks:
            self._place(task)
        if self.grid.keeps(Rule.APART):
            self._apart()
        if self.grid.keeps(Rule.SITE_QUOTA):
            self._quota("site", self.grid.frame.monitoring.visits_per_site_per_year)
        if self.grid.keeps(Rule.PARTY_QUOTA):
            self._quota("lab", self.grid.frame.monitoring.visits_per_party_per_year)
        if self.grid.keeps(Rule.BOOKED):
            for sends in self.sends.values():
                self._one_place_at_a_time(sends)
        if not self.hard:
            self._parity()
            self.cp.minimize(sum(self.costs))

    def _place(self, task: Task) -> None:
        key, days = task.want.key, self.days(task)
        begins = {day: self.cp.new_bool_var("") for day in days}
        way_out = self.cp.new_bool_var("")
        self.begins[key], self.elsewhere[key], self.sent[key] = begins, way_out, {}
        self.cp.add_exactly_one([*begins.values(), way_out])
        if self.hard and task.want.required:
            self.cp.add(way_out == 0)
        self.costs += self._costs(task)
        for day, chosen in begins.items():
            self._team(task, day, chosen)

    def _costs(self, task: Task) -> list[cp_model.LinearExprT]:
        begins, way_out = self.begins[task.want.key].items(), self.elsewhere[task.want.key]
        return [*(task.costs[day] * chosen for day, chosen in begins if task.costs[day]), self._out(task) * way_out]

    def _out(self, task: Task) -> int:
        return (
            task.costs[task.days[len(self.days(task))]] if self.is_wider(task) and task.want.required else task.left_out
        )

    def _team(self, task: Task, day: int, chosen: cp_model.IntVar) -> None:
        bodies: dict[str, list[cp_model.IntVar]] = defaultdict(list)
        for one in self.grid.going(day, task.place):
            goes = self.cp.new_bool_var("")
            self.sent[task.want.key][day, one.handle] = goes
            self.sends[one.handle][day][task.place.region].append(goes)
            bodies[one.body].append(goes)
            if task.want.team and one.handle not in task.want.team:
                self.costs.append(REPLACED * goes)
        self.cp.add(sum(goes for team in bodies.values() for goes in team) == self.grid.team * chosen)
        if self.grid.frame.monitoring.from_different_bodies and self.grid.keeps(Rule.BODIES):
            for team in bodies.values():
                if len(team) > 1:
                    self.cp.add(sum(team) <= chosen)

    def _apart(self) -> None:
        for one, other in pairs_of_a_site(self.tasks):
            for day, begins in self.begins[one.want.key].items():
                then_begins = self.begins[other.want.key].items()
                near = [later for then, later in then_begins if not self.grid.are_apart(day, then)]
                self.cp.add_at_most_one([begins, *near])
            if not self.hard and one.want.required and other.want.required:
                self._pays(one, other)

    def _pays(self, one: Task, other: Task) -> None:
        """Say what two visits to a site cost at least: the relaxation, which has half a visit here and half there, does not see it."""
        least = [
            self._out(one) + min(other.costs.values(), default=0),
            self._out(other) + min(one.costs.values(), default=0),
        ]
        if (cheapest := self.grid.cheapest(one, other)) is not None:
            least.append(cheapest)
        self.cp.add(sum([*self._costs(one), *self._costs(other)]) >= min(least))

    def _quota(self, what: str, allowed: int) -> None:
        """No twelve months hold more: neither those from the first day on, nor those that an earlier visit opens."""
        groups: dict[str, list[Task]] = defaultdict(list)
        for task in self.tasks:
            groups[getattr(task.place, "key" if what == "site" else "lab")].append(task)
        for name, tasks in groups.items():
            known = [
                visit.period.start
                for visit in self.grid.frame.fixed
                if getattr(visit, what) == name and visit.kind not in NOT_COUNTED
            ]
            for opens in {*known, self.grid.base}:
                self._at_most(tasks, known, Period(opens, YEAR.after(opens)), allowed)

    def _at_most(self, tasks: Sequence[Task], known: Sequence[datetime], window: Period, allowed: int) -> None:
        inside = [
            begins
            for task in tasks
            for day, begins in self.begins[task.want.key].items()
            if self.grid.instant(day) in window
        ]
        left = max(allowed - sum(start in window for start in known), 0)
        if len(tasks) > left and inside:
            self.cp.add(sum(inside) <= left)

    def _one_place_at_a_time(self, sends: Mapping[int, Mapping[str, list[cp_model.IntVar]]]) -> None:
        """An inspector's visits in one region leave time for travel within it, those in two for travel between them.

        Days of which any two clash stand in one constraint, as many as can: so the relaxation too cannot be half here and half there.
        """
        grid = self.grid
        for day in sends:
            until = grid.ready(day, same_region=True)
            near = [goes for then in range(day, until) for goes in _all(sends.get(then, {}))]
            if len(near) > 1:
                self.cp.add_at_most_one(near)
            far = grid.ready(day, same_region=False)
            while far > until:
                begins = max(far - (until - day), day + 1)
                for region in sends[day]:
                    here = [goes for then in range(day, until) for goes in sends.get(then, {}).get(region, ())]
                    there = [
                        goes for then in range(begins, far) for goes in _all(sends.get(then, {}), other_than=region)
                    ]
                    if there:
                        self.cp.add_at_most_one([*here, *there])
                far = begins

    def _parity(self) -> None:
        limit = int(self.grid.frame.schedule.parity_within * THOUSANDTHS) + ROUNDING
        most, least, over = (self.cp.new_int_var(0, 10**6, "") for _ in range(3))
        for burden in parity_of(self.grid.frame, self.grid.frame.fixed).burdens:
            visits = burden.visits + sum(self._placed(task) for task in self.tasks if task.place.lab == burden.lab)
            self.cp.add(most * burden.sites >= THOUSANDTHS * visits)
            self.cp.add(least * burden.sites <= THOUSANDTHS * visits)
        self.cp.add(over >= most - least - limit)
        self.costs += [UNEQUAL * (most - least), TOO_UNEQUAL * over]

    def _placed(self, task: Task) -> cp_model.LinearExprT:
        """Whether the visit is placed, or may yet be on a day that it was not offered."""
        begins = sum(self.begins[task.want.key].values())
        return begins + self.elsewhere[task.want.key] if self.is_wider(task) and task.want.required else begins

    def hint(self, chosen: Mapping[str, Choice]) -> None:
        """Begin from an earlier answer."""
        for key, begins in self.begins.items():
            day, team = chosen.get(key, (None, ()))
            self.cp.add_hint(self.elsewhere[key], day not in begins)
            for then, begin in begins.items():
                self.cp.add_hint(begin, then == day)
            for (then, handle), goes in self.sent[key].items():
                self.cp.add_hint(goes, then == day and handle in team)

    def chosen(self, solver: cp_model.CpSolver) -> dict[str, Choice]:
        """Return the day and the team of every visit that was placed."""
        return {
            key: (day, tuple(who for (then, who), goes in self.sent[key].items() if then == day and solver.value(goes)))
            for key, begins in self.begins.items()
            for day, var in begins.items()
            if solver.value(var)
        }


def pairs_of_a_site(tasks: Iterable[Task]) -> Iterator[tuple[Task, Task]]:
    """Yield the pairs of visits to one site."""
    at_site: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        at_site[task.want.site].append(task)
    for there in at_site.values():
        yield from combinations(there, 2)


def _all(there: Mapping[str, list[cp_model.IntVar]], *, other_than: str = "") -> Iterator[cp_model.IntVar]:
    for region, goes in there.items():
        if region != other_than:
            yield from goes
