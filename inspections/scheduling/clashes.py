"""Why a visit has no place: the provisions that clash, none of which could be left out without the visit finding one.

First beside everything else as it was placed, which is a small problem; only where the party's own visits could make room for it are they moved too.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from ortools.sat.python import cp_model

from inspections.rules.schedules import Booked, Frame, Rule, Wanted
from inspections.scheduling.grid import Grid
from inspections.scheduling.model import Model

# Those that could be left out for an answer's sake; what people know best stays in it longest.
LEAVES: Final = (
    Rule.NOTICE, Rule.APART, Rule.TRAVEL, Rule.HOLIDAYS, Rule.BODIES, Rule.TEAM, Rule.BOOKED, Rule.REFUSAL, Rule.AFFILIATES,
    Rule.DESIGNATION, Rule.TRAINING, Rule.AVAILABILITY, Rule.DUE, Rule.SITE_QUOTA, Rule.PARTY_QUOTA,
)  # fmt: skip
SECONDS: Final = 5  # for one question; unanswered, a provision counts as needed


def clash(
    frame: Frame, wanted: Sequence[Wanted], placed: Sequence[Booked], missed: Collection[str], key: str
) -> tuple[Rule, ...]:
    """Return the provisions that keep a visit out, or late; none where one was only not found in the time."""
    by_key = {want.key: want for want in wanted}
    want = by_key[key]
    lab = frame.places[want.site].lab
    others = [visit for visit in placed if visit.key != key]
    alone = replace(frame, fixed=(*frame.fixed, *others))
    core = _core(alone, [want])
    own = [by_key[visit.key] for visit in others if visit.lab == lab and visit.key not in missed]
    around = replace(
        frame, fixed=(*frame.fixed, *(visit for visit in others if visit.key not in {one.key for one in own}))
    )
    together = [want, *(replace(one, required=True) for one in own)]
    if not own or not _fits(around, together, set(LEAVES) - set(core)):
        return core
    return _core(around, together)


def _core(frame: Frame, wanted: Sequence[Wanted]) -> tuple[Rule, ...]:
    if _fits(frame, wanted, ()):
        return ()
    without: list[Rule] = []
    for rule in LEAVES:
        if not _fits(frame, wanted, [*without, rule]):
            without.append(rule)
    return tuple(rule for rule in LEAVES if rule not in without)


def _fits(frame: Frame, wanted: Iterable[Wanted], without: Collection[Rule]) -> bool:
    """Whether all of it can be placed in time under the other provisions; yes where that was not found out."""
    grid = Grid(frame, without)
    model = Model(grid, [grid.task(want) for want in wanted], {}, hard=True)
    model.build()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = SECONDS
    return bool(solver.solve(model.cp) != cp_model.INFEASIBLE)
