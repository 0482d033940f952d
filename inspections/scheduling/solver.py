"""The schedule of the coming months: a first one at once, then better ones from CP-SAT for as long as it may look.

Each visit is offered its cheapest days first, and a way out ("elsewhere") that costs what the next day would: so the bound holds for all
days. Whoever takes the way out is given a day by the greedy filling, and is offered more days in the next round.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from time import perf_counter
from typing import Final

from ortools.sat.python import cp_model

from inspections.rules.schedules import Booked, Frame, Rule, Wanted, parity_of
from inspections.scheduling.greedy import Filling
from inspections.scheduling.grid import REPLACED, TOO_UNEQUAL, UNEQUAL, Choice, Grid, Task
from inspections.scheduling.model import ROUNDING, THOUSANDTHS, Model, pairs_of_a_site

OFFERED: Final = 6  # days at least, and those up to where the visit stands already and
BEYOND: Final = 3
SHARE: Final = 0.85  # of the time that is left, for a round that need not be the last
SOLVED: Final = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True)
class Effort:
    """How long the solver may look, on how many cores. With one core and `work` it answers the same on every machine."""

    seconds: float = 60
    workers: int = 2
    work: float | None = None  # CP-SAT's deterministic time, a round
    rounds: int = 6


@dataclass(frozen=True)
class Solved:
    """What was found: placed visits, those that are not placed or late, what it costs, and what no schedule costs less than."""

    placed: tuple[Booked, ...]
    missed: tuple[str, ...]
    cost: int
    bound: int
    seconds: float
    first_seconds: float  # until the first schedule
    first_cost: int

    @property
    def gap(self) -> Fraction:
        """How much of the cost might be saved at most."""
        return Fraction(self.cost - self.bound, self.cost) if self.cost > self.bound else Fraction(0)


def solve(frame: Frame, wanted: Iterable[Wanted], effort: Effort) -> Solved:
    """Return the best schedule that was found in the time."""
    began = perf_counter()
    grid = Grid(frame)
    tasks = [grid.task(want) for want in wanted]
    best = Filling(grid, tasks, {}).fill()
    first, first_cost = perf_counter() - began, price(grid, tasks, best)
    found = Solved((), (), first_cost, 0, first, first, first_cost)
    offered = _offered(grid, tasks, best)
    for _ in range(effort.rounds):
        left = effort.seconds - (perf_counter() - began)
        if left <= 0 or found.cost == found.bound:
            break
        model = Model(grid, tasks, offered)
        chosen, bound = _round(model, best, effort, left)
        filled = Filling(grid, tasks, chosen).fill()
        cost = price(grid, tasks, filled)
        if cost <= found.cost:
            best = filled
        found = replace(found, cost=min(cost, found.cost), bound=max(bound, found.bound))
        wider = [task for task in tasks if chosen and task.want.key not in chosen and model.is_wider(task)]
        if not wider and effort.work is not None:
            break
        offered |= {task.want.key: max(2 * offered[task.want.key], _reach(task, filled)) for task in wider}
    placed, missed = _told(grid, tasks, best)
    return replace(found, placed=placed, missed=missed, seconds=perf_counter() - began)


def _offered(grid: Grid, tasks: Sequence[Task], chosen: Mapping[str, Choice]) -> dict[str, int]:
    """Return how many days to offer each at first: two visits to a site as many as may be needed to lie apart."""
    offered = {task.want.key: _reach(task, chosen) for task in tasks}
    for one, other in pairs_of_a_site(tasks) if grid.keeps(Rule.APART) else ():
        if (least := grid.cheapest(one, other)) is not None:
            for task in (one, other):
                needed = sum(cost <= least for cost in task.costs.values())
                offered[task.want.key] = max(offered[task.want.key], needed)
    return offered


def _reach(task: Task, chosen: Mapping[str, Choice]) -> int:
    """Return how many days to offer: past the one where the visit stands; all of them where it stands nowhere."""
    if task.want.key not in chosen:
        return max(len(task.days), OFFERED) if task.want.required else OFFERED
    return max(OFFERED, task.days.index(chosen[task.want.key][0]) + 1 + BEYOND)


def _round(model: Model, best: Mapping[str, Choice], effort: Effort, left: float) -> tuple[dict[str, Choice], int]:
    """Return what one round found, and its bound."""
    model.build()
    model.hint(best)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = effort.workers
    solver.parameters.max_time_in_seconds = left * (SHARE if any(map(model.is_wider, model.tasks)) else 1)
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    if effort.work is not None:
        solver.parameters.max_deterministic_time = effort.work
    if solver.solve(model.cp) not in SOLVED:
        return {}, 0
    return model.chosen(solver), max(round(solver.best_objective_bound), 0)


def price(grid: Grid, tasks: Sequence[Task], chosen: Mapping[str, Choice]) -> int:
    """Return what a schedule costs."""
    placed, _missed = _told(grid, tasks, chosen)
    total = sum(task.left_out for task in tasks if task.want.key not in chosen)
    for task in tasks:
        day, team = chosen.get(task.want.key, (None, ()))
        if day is not None:
            total += task.costs[day]
            total += REPLACED * len(set(team) - set(task.want.team)) if task.want.team else 0
    spread = parity_of(grid.frame, [*grid.frame.fixed, *placed]).spread * THOUSANDTHS
    over = spread - int(grid.frame.schedule.parity_within * THOUSANDTHS) - ROUNDING
    return total + int(spread * UNEQUAL + (over * TOO_UNEQUAL if over > 0 else 0))


def _told(
    grid: Grid, tasks: Sequence[Task], chosen: Mapping[str, Choice]
) -> tuple[tuple[Booked, ...], tuple[str, ...]]:
    """Return the visits as they were placed, and the keys of those that were not, or not in time."""
    placed = tuple(_booked(grid, task, *chosen[task.want.key]) for task in tasks if task.want.key in chosen)
    ends = {visit.key: visit.ends_at for visit in placed}
    missed = tuple(
        task.want.key
        for task in tasks
        if (task.want.key not in ends and task.want.required) or ends.get(task.want.key, task.want.due) > task.want.due
    )
    return placed, missed


def _booked(grid: Grid, task: Task, day: int, team: Iterable[str]) -> Booked:
    place, want = task.place, task.want
    return Booked(want.key, want.site, place.lab, place.region, want.kind, grid.period(day), tuple(sorted(team)))
