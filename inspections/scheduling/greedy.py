"""A schedule at once: each visit that has no day yet gets the cheapest on which a team is free beside the others. The solver begins from it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from inspections.rules.quotas import NOT_COUNTED, party_use, site_use
from inspections.rules.schedules import Inspector
from inspections.scheduling.grid import Choice, Grid, Task


class Filling:
    """What has been given away so far."""

    def __init__(self, grid: Grid, tasks: Sequence[Task], chosen: Mapping[str, Choice]) -> None:
        self.grid, self.tasks = grid, tasks
        self.chosen = dict(chosen)
        self.booked: dict[str, list[tuple[int, str]]] = defaultdict(list)  # inspector -> day, region
        self.days: dict[str, list[int]] = defaultdict(list)  # site or party -> days
        counted = [visit for visit in grid.frame.fixed if visit.kind not in NOT_COUNTED]
        self.known = {
            name: [visit.period.start for visit in counted if name in {visit.site, f"lab {visit.lab}"}]
            for task in tasks
            for name in (task.place.key, f"lab {task.place.lab}")
        }
        for task in tasks:
            if task.want.key in chosen:
                self._take(task, *chosen[task.want.key])

    def fill(self) -> dict[str, Choice]:
        """Give every required visit without a day the cheapest that is left, those with the fewest days first."""
        waiting = [task for task in self.tasks if task.want.required and task.want.key not in self.chosen]
        for task in sorted(waiting, key=lambda task: (len(task.days), task.want.key)):
            found = next(((day, team) for day in task.days if (team := self._team(task, day))), None)
            if found:
                self.chosen[task.want.key] = found
                self._take(task, *found)
        return self.chosen

    def _take(self, task: Task, day: int, team: Sequence[str]) -> None:
        for handle in team:
            self.booked[handle].append((day, task.place.region))
        self.days[task.place.key].append(day)
        self.days[f"lab {task.place.lab}"].append(day)

    def _team(self, task: Task, day: int) -> tuple[str, ...]:
        """Return who could go then; nobody where a provision stands in the way."""
        if self._is_too_near(task, day) or self._is_too_much(task, day):
            return ()
        free = sorted(
            (one for one in self.grid.going(day, task.place) if self._is_free(one, day, task.place.region)),
            key=lambda one: (one.handle not in task.want.team, len(self.booked[one.handle]), one.handle),
        )
        apart = self.grid.frame.monitoring.from_different_bodies
        for team in combinations(free, self.grid.team):
            if not apart or len({one.body for one in team}) == len(team):
                return tuple(one.handle for one in team)
        return ()

    def _is_too_near(self, task: Task, day: int) -> bool:
        return any(not self.grid.are_apart(day, other) for other in self.days[task.place.key])

    def _is_too_much(self, task: Task, day: int) -> bool:
        start, monitoring = self.grid.instant(day), self.grid.frame.monitoring
        site, lab = task.place.key, f"lab {task.place.lab}"
        of_site = [*self.known[site], *map(self.grid.instant, self.days[site])]
        of_party = [*self.known[lab], *map(self.grid.instant, self.days[lab])]
        return site_use(of_site, start, monitoring).is_used_up or party_use(of_party, start, monitoring).is_used_up

    def _is_free(self, one: Inspector, day: int, region: str) -> bool:
        return all(
            self.grid.ready(min(day, other), same_region=region == there) <= max(day, other)
            for other, there in self.booked[one.handle]
        )
