"""Planning visits, sealed until notice; giving notice; cancelling."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from core.canonical import tagged_digest
from core.errors import require
from core.times import stamp
from inspections.models import Challenge, Designation, Draw, Plan, Schedule, Special, Visit, VisitInspector
from inspections.permissions import oversees
from inspections.queries.candidates import candidates, facilities_to_visit, sites
from inspections.queries.draws import opening_of
from inspections.queries.visits import monitoring_of, seal, team_of
from inspections.rules import plan as planner
from inspections.rules.drawn_days import Origin
from inspections.rules.visits import (
    VisitEvent,
    VisitKind,
    VisitState,
    first_arrival,
    next_state,
    notice_due,
    notice_suffices,
)
from labs.models import Facility
from ledger.actions import record
from treaty.models import Pause, TreatyText
from treaty.queries.texts import required_text, rules_of
from treaty.rules.text import Monitoring


@transaction.atomic
def plan_visits(*, pause: Pause, at: datetime) -> Plan | None:
    """Plan a verification visit at every facility of every lab that the pause binds and that has none yet.

    Return the run of the planner, None when it changed nothing. What it could not place stands in it with the provision in the
    way, and is tried again at the next sweep. Days and teams are committed to now and opened visit by visit.
    """
    one_planner_at_a_time()
    pause.refresh_from_db(from_queryset=Pause.objects.select_for_update(of=("self",)))
    if pause.in_force_at is None:
        return None
    text = required_text(at)
    monitoring = rules_of(text).monitoring
    moved = _free_what_can_be_sooner(pause, monitoring, at)
    facilities = facilities_to_visit(pause, at)
    if not facilities:
        return None
    seed = tagged_digest("fermata/plan-seed/v1", {"pause": pause.key, "plan": pause.plans.count()})
    found = planner.plan(sites(pause, facilities, monitoring, at), candidates(at), monitoring, seed=seed)
    unplaced = [
        {"facility": missed.site.key, "reasons": [list(reason) for reason in missed.reasons]}
        for missed in found.unplaced
    ]
    if not found.placed and _obstacles(unplaced) == _obstacles(_last_unplaced(pause)):
        return None
    visits = book(found.placed, {facility.key: facility for facility in facilities}, text, at=at, pause=pause)
    made = Plan.objects.create(pause=pause, made_at=at, seed=seed, placed=len(visits), unplaced=unplaced)
    _record_plan(made, visits, moved, at)
    return made


def one_planner_at_a_time() -> None:
    """Keep other planners waiting until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inspections.plan'))")


def _free_what_can_be_sooner(pause: Pause, monitoring: Monitoring, at: datetime) -> list[Visit]:
    """Take back sealed visits that waited for a declaration which has come in since, and that could now be a day sooner."""
    soon = first_arrival(VisitKind.PAUSE_VERIFICATION, monitoring, at) + timedelta(days=1)
    sealed = Visit.objects.select_for_update(of=("self",)).filter(
        pause=pause, state=VisitState.PLANNED, planned_from__gt=soon
    )
    declared = dict(pause.stand_downs.exclude(declared_at=None).values_list("organisation", "declared_at"))
    moved = []
    for visit in sealed.with_names():
        declared_at = declared.get(visit.facility.organisation_id)
        if declared_at is not None and visit.planned_at < declared_at:
            call_off(visit, at=at)
            moved.append(visit)
    return moved


def _last_unplaced(pause: Pause) -> list[dict[str, Any]]:
    last = pause.plans.first()
    return last.unplaced if last else []


def _obstacles(unplaced: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Which facility is held up by which provisions, without the words: those name dates, which change every day."""
    return {(missed["facility"], *(provision for provision, _words in missed["reasons"])) for missed in unplaced}


def book(
    placed: Sequence[planner.Placement],
    facilities: Mapping[str, Facility],
    text: TreatyText,
    *,
    at: datetime,
    pause: Pause | None = None,
    challenge: Challenge | None = None,
    special: Special | None = None,
    schedule: Schedule | None = None,
) -> list[Visit]:
    """Make the visits that were placed, sealed, with their teams; the caller records them."""
    people = {
        one.pk: one
        for one in Designation.objects.filter(
            pk__in=[member.key for found in placed for member in found.team]
        ).select_related("user")
    }
    draws = {one.key: one for one in Draw.objects.filter(key__in={one.origin.draw for one in placed if one.origin})}
    first = Visit.objects.filter(key__startswith=f"{at.year:04}-").count() + 1
    visits = []
    for number, found in enumerate(placed, start=first):
        assert found.period.end is not None
        visit = Visit(
            key=f"{at.year:04}-{number:04}",
            facility=facilities[found.site.key],
            pause=pause,
            challenge=challenge,
            special=special,
            schedule=schedule,
            **_origin(found.origin, draws),
            kind=found.site.kind,
            text=text,
            planned_at=at,
            planned_from=found.period.start,
            planned_until=found.period.end,
            due_at=found.site.due,
            notice_due_at=notice_due(found.site.kind, rules_of(text).monitoring, found.period.start),
            salt=secrets.token_hex(32),
        )
        team = [people[member.key] for member in found.team]
        visit.commitment = seal(visit, [one.user.handle for one in team])
        visit.save()
        VisitInspector.objects.bulk_create(
            VisitInspector(visit=visit, designation=one, period=(visit.planned_from, visit.planned_until))
            for one in team
        )
        visits.append(visit)
    return visits


def _origin(origin: Origin | None, draws: Mapping[str, Draw]) -> dict[str, Any]:
    if origin is None:
        return {}
    passed = [[stamp(one.day), one.rule.value] for one in origin.passed]
    return {"draw": draws[origin.draw], "drawn_place": origin.place, "passed": passed}


def _record_plan(plan: Plan, visits: Sequence[Visit], moved: Sequence[Visit], at: datetime) -> None:
    record(
        kind="plan.made",
        payload={
            "pause": plan.pause.key,
            "seed": plan.seed,
            "visits": [{"visit": visit.key, "commitment": visit.commitment} for visit in visits],
            "cancelled": [visit.key for visit in moved],
            "unplaced": [
                {"facility": missed["facility"], "provisions": [reason[0] for reason in missed["reasons"]]}
                for missed in plan.unplaced
            ],
        },
        by=None,
        at=at,
    )


@transaction.atomic
def give_notice(*, visit: Visit, at: datetime) -> Visit:
    """Tell the party of the visit and open its part of the plan; before its time, and a second time, this does nothing.

    Where the text's notice no longer fits before the arrival, the visit is cancelled instead and the next plan finds another day:
    lateness of this site is never taken out of a party's notice.
    """
    _lock(visit)
    if visit.state != VisitState.PLANNED or at < visit.notice_due_at:
        return visit
    if not notice_suffices(VisitKind(visit.kind), monitoring_of(visit), at, visit.planned_from):
        return _cancel(visit, reason="notice_missed", by=None, at=at)
    visit.state = next_state(VisitState(visit.state), VisitEvent.NOTIFY)
    visit.notified_at = at
    visit.save(update_fields=["state", "notified_at"])
    team = team_of(visit)
    record(
        kind="visit.notified",
        payload={
            **_names(visit),
            "kind": visit.kind,
            "from": stamp(visit.planned_from),
            "until": stamp(visit.planned_until),
            "inspectors": sorted(one.designation.user.handle for one in team),
            "bodies": sorted({one.designation.body.key for one in team}),
            "salt": visit.salt,
            "commitment": visit.commitment,
            **({"drawn": opening_of(visit)} if visit.draw else {}),
        },
        by=None,
        at=at,
    )
    return visit


@transaction.atomic
def cancel_visit(*, visit: Visit, by: User, at: datetime) -> Visit:
    """Call a visit off before its team has been let in; its inspectors are free again."""
    _lock(visit)
    require(oversees(by, visit, at=at), "Only an officer of a body that sends the team cancels its visit.")
    return visit if visit.state == VisitState.CANCELLED else _cancel(visit, reason="by_body", by=by, at=at)


def _cancel(visit: Visit, *, reason: str, by: User | None, at: datetime) -> Visit:
    call_off(visit, at=at)
    record(kind="visit.cancelled", payload={**_names(visit), "reason": reason}, by=by, at=at)
    return visit


def call_off(visit: Visit, *, at: datetime) -> None:
    """Cancel a visit and free its inspectors; the caller records it."""
    visit.state = next_state(VisitState(visit.state), VisitEvent.CANCEL)
    visit.ended_at = at
    visit.save(update_fields=["state", "ended_at"])
    visit.team.filter(released_at=None).update(released_at=at)


def _lock(visit: Visit) -> None:
    visit.refresh_from_db(from_queryset=Visit.objects.select_for_update(of=("self",)).with_names())


def _names(visit: Visit) -> dict[str, str | None]:
    return {
        "visit": visit.key,
        "facility": visit.facility.key,
        "lab": visit.facility.organisation.key,
        "pause": visit.pause.key if visit.pause else None,
    }
