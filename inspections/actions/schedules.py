"""The scheduler: it looks, the solver plans, and what keeps to every provision is sealed. Each run leaves a line in the public log."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core.times import Period, stamp
from inspections.actions.plan import book, call_off, one_planner_at_a_time
from inspections.models import Schedule, ScheduleRun, Visit
from inspections.queries.schedules import Inputs, burdens, inputs, is_due
from inspections.rules import plan as planner
from inspections.rules.conflicts import Ties
from inspections.rules.drawn_days import Origin, Placed, place_all
from inspections.rules.due import Due
from inspections.rules.schedules import Booked, Breach, Rule, RunOutcome, Wanted, check_visit
from inspections.rules.visits import VisitState
from inspections.scheduling.clashes import clash
from inspections.scheduling.solver import Effort, Solved, solve
from ledger.actions import record
from treaty.queries.texts import required_text

type Clock = Callable[[], datetime]
NEXT_DRAW: Final = "monitoring.draw.every"  # what was drawn is to be made before the next draw
EXPLAINED: Final = 25  # as many visits that are missed have their clash looked for; more would share it


def run_scheduler(*, clock: Clock, effort: Effort) -> ScheduleRun | None:
    """Look whether there is something to plan, plan it and seal it; None where another run is under way or nothing is due.

    The solver works outside of any transaction. What it found is checked again under the lock, against what holds by then.
    """
    run = begin_run(at=clock())
    if run is None:
        return None
    try:
        given = inputs(run.began_at, secrets.randbelow)
        first = _place_drawn(given)
        found, reasons = _plan_around(given, first, effort)
    except Exception:
        end_run(run=run, outcome=RunOutcome.FAILED, at=clock())
        raise
    return seal_schedule(run=run, given=given, found=found, reasons=reasons, first=first, at=clock())


@transaction.atomic
def begin_run(*, at: datetime) -> ScheduleRun | None:
    """Note that the scheduler begins to look, unless it does so already or need not; a run that was not heard of again is ended."""
    one_planner_at_a_time()
    if not is_due(at):
        return None
    ScheduleRun.objects.filter(outcome=RunOutcome.RUNNING).update(outcome=RunOutcome.SILENT, ended_at=at)
    return ScheduleRun.objects.create(began_at=at)


@transaction.atomic
def end_run(*, run: ScheduleRun, outcome: RunOutcome, at: datetime, schedule: Schedule | None = None) -> ScheduleRun:
    """Note what came of a run, once."""
    run.refresh_from_db(from_queryset=ScheduleRun.objects.select_for_update())
    if run.outcome != RunOutcome.RUNNING:
        return run
    run.outcome, run.ended_at, run.schedule = outcome.value, at, schedule
    run.save(update_fields=["outcome", "ended_at", "schedule"])
    return run


def _place_drawn(given: Inputs) -> dict[str, Placed]:
    """Place the visits whose day is drawn: before all others, in the order drawn."""
    wanted = {one.key: one for one in given.wanted}
    in_order = sorted(given.drawn, key=lambda key: given.drawn[key].place)
    sealed = {key: given.sealed[key].planned_from for key in in_order if key in given.sealed}
    return place_all([(wanted[key], given.drawn[key].days) for key in in_order], sealed, given.frame)


def _plan_around(
    given: Inputs, first: Mapping[str, Placed], effort: Effort
) -> tuple[Solved, dict[str, tuple[str, ...]]]:
    """Return the schedule around the drawn visits; and the provisions that clash, for each visit that is not placed or not in time."""
    drawn = tuple(one.visit for one in first.values() if one.visit)
    frame = replace(given.frame, fixed=(*given.frame.fixed, *drawn))
    wanted = [one for one in given.wanted if one.key not in first]
    found = solve(frame, wanted, effort)
    reasons = {
        key: tuple(rule.value for rule in clash(frame, wanted, found.placed, found.missed, key))
        for key in found.missed[:EXPLAINED]
    }
    nowhere = {
        key: tuple(sorted({day.rule.value for day in one.passed})) for key, one in first.items() if not one.visit
    }
    return replace(found, placed=(*drawn, *found.placed), missed=(*nowhere, *found.missed)), reasons | nowhere


@transaction.atomic
def seal_schedule(
    *,
    run: ScheduleRun,
    given: Inputs,
    found: Solved,
    reasons: Mapping[str, tuple[str, ...]],
    first: Mapping[str, Placed],
    at: datetime,
) -> ScheduleRun:
    """Seal what was found, where it still keeps to every provision; visits that stay as they were keep their seal. Once for each run."""
    one_planner_at_a_time()
    run.refresh_from_db(from_queryset=ScheduleRun.objects.select_for_update())
    if run.outcome != RunOutcome.RUNNING:
        return run
    new = [visit for visit in found.placed if not _stays(given, visit)]
    kept = {visit.key for visit in found.placed} - {visit.key for visit in new}
    if _breaches(new=new, kept=kept, at=at):
        return end_run(run=run, outcome=RunOutcome.OVERTAKEN, at=at)
    gone = [visit for visit in _sealed(given) if visit.key not in kept]
    missed = _missed(given, found, reasons)
    last = Schedule.objects.first()
    if not new and not gone and missed == (last.missed if last else []):
        return end_run(run=run, outcome=RunOutcome.UNCHANGED, at=at)
    for visit in gone:
        call_off(visit, at=at)
    made = Schedule.objects.create(
        key=_next_key(at),
        text=required_text(at),
        made_at=at,
        until_at=given.frame.ends,
        cost=found.cost,
        bound=found.bound,
        missed=missed,
        burdens=[{"lab": one.lab, "visits": one.visits, "sites": one.sites} for one in burdens(at).burdens],
    )
    visits = book(_placements(given, new, first), given.facilities, made.text, at=at, schedule=made)
    end_run(run=run, outcome=RunOutcome.SEALED, at=at, schedule=made)
    _record(made, visits, kept, gone, at)
    return run


def _stays(given: Inputs, visit: Booked) -> bool:
    before = given.sealed.get(visit.key)
    if before is None or before.planned_from != visit.period.start:
        return False
    return visit.team == tuple(sorted(one.designation.user.handle for one in before.team.all()))


def _breaches(*, new: list[Booked], kept: set[str], at: datetime) -> list[Breach]:
    """Return what the new visits would break by now: the world may have moved while the solver looked."""
    now = inputs(at, lambda _below: 0)
    staying = [
        Booked(visit.key, place.key, place.lab, place.region, one.kind, _period(visit), one.team)
        for one in now.wanted
        if one.key in kept and (visit := now.sealed.get(one.key)) and (place := now.frame.places[one.site])
    ]
    if {one.key for one in staying} != kept or not {visit.site for visit in new} <= set(now.frame.places):
        return [Breach(Rule.ASKED, "", "a visit that was to stay is not there any more")]
    others = [*now.frame.fixed, *staying, *new]
    return [breach for visit in new for breach in check_visit(visit, others, now.frame)]


def _period(visit: Visit) -> Period:
    return Period(visit.planned_from, visit.planned_until)


def _sealed(given: Inputs) -> list[Visit]:
    """Return the visits that are sealed still, of those that the scheduler could have moved."""
    movable = [visit.pk for visit in given.movable]
    return list(
        Visit.objects.select_for_update(of=("self",)).filter(pk__in=movable, state=VisitState.PLANNED).with_names()
    )


def _missed(given: Inputs, found: Solved, reasons: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    wanted = {one.key: one for one in given.wanted}
    placed = {one.key for one in found.placed}
    left = [_left(wanted[key], reasons.get(key, ()), late=key in placed) for key in found.missed]
    left += [_left(one, (NEXT_DRAW,), late=False) for one in given.lapsed]
    return sorted(left, key=lambda one: (one["facility"], one["kind"]))


def _left(one: Wanted | Due, provisions: Sequence[str], *, late: bool) -> dict[str, Any]:
    return {"facility": one.site, "kind": one.kind.value, "late": late, "provisions": list(provisions)}


def _next_key(at: datetime) -> str:
    return f"{at.year:04}-s{Schedule.objects.filter(key__startswith=f'{at.year:04}-').count() + 1:03}"


def _origin(given: Inputs, key: str, first: Mapping[str, Placed]) -> Origin | None:
    place = given.drawn.get(key)
    return Origin(place.draw.key, place.place, first[key].passed) if place else None


def _placements(given: Inputs, new: list[Booked], first: Mapping[str, Placed]) -> list[planner.Placement]:
    """Return the visits as `book` takes them."""
    wanted = {one.key: one for one in given.wanted}
    return [
        planner.Placement(
            planner.Site(
                visit.site,
                given.facilities[visit.site].organisation_id,
                wanted[visit.key].earliest,
                wanted[visit.key].due,
                kind=visit.kind,
            ),
            visit.period,
            tuple(
                planner.Candidate(one.pk, one.body_id, Ties(frozenset()), Period(one.designated_at))
                for handle in visit.team
                for one in [given.designations[handle]]
            ),
            late=visit.ends_at > wanted[visit.key].due,
            origin=_origin(given, visit.key, first),
        )
        for visit in new
    ]


def _record(made: Schedule, visits: list[Visit], kept: set[str], gone: list[Visit], at: datetime) -> None:
    record(
        kind="schedule.made",
        payload={
            "schedule": made.key,
            "text": made.text.version,
            "until": stamp(made.until_at),
            "visits": [{"visit": visit.key, "commitment": visit.commitment} for visit in visits],
            "kept": sorted(kept),
            "cancelled": [visit.key for visit in gone],
            "missed": made.missed,
            "burdens": made.burdens,
            "cost": str(made.cost),
            "bound": str(made.bound),
        },
        by=None,
        at=at,
    )
