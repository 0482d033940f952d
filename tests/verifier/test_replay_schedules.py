"""Schedules and refusals in the record: sealed, opened, planned anew, and what would be forged."""

from copy import deepcopy
from datetime import timedelta
from types import SimpleNamespace

import pytest

from accounts.rules.organisations import Role
from config.demonstration.cast import person, train
from core.canonical import commitment
from inspections.actions import schedules
from inspections.actions.inspectors import designate, refuse_inspector, withdraw_refusal
from inspections.actions.plan import give_notice
from inspections.models import Visit
from inspections.queries.candidates import pool
from inspections.scheduling.solver import Effort
from labs.actions.facilities import register_facility
from tests.once import once_a_module
from tests.verifier.decisions import site_in_force

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
EFFORT = Effort(seconds=20, workers=1, work=1)


def scheduled():
    """A site with halls of two laboratories: a schedule, two refusals of which one is taken back, planned anew, every visit opened."""
    site = site_in_force()
    for lab, country in (("aster", "US"), ("fjord", "NO")):
        register_facility(
            organisation=site.organisation(lab), name=f"Hall of {lab}", jurisdiction=country, opened_at=site.now,
            by=site.person(lab), at=site.now,
        )  # fmt: skip
    for key, body in site.cast.bodies.items():
        for number in range(3):
            sent = person(f"Ins Pector {key} {number}", body, Role.INSPECTOR, site.now, site.person(key))
            designate(body=body, user=sent, by=site.person(key), at=site.now)
            train(sent, body, site.person(key), site.now)
    schedules.run_scheduler(clock=lambda: site.now, effort=EFFORT)
    site.now += DAY
    fjord, by = site.organisation("fjord"), site.person("fjord")
    booked = Visit.objects.get(facility__organisation=fjord).team.first().designation
    for one in (booked, next(one for one in pool(fjord, site.now) if one != booked)):
        made = refuse_inspector(designation=one, lab=fjord, by=by, at=site.now)
    withdraw_refusal(refusal=made, by=by, at=site.now)
    site.now += DAY
    schedules.run_scheduler(clock=lambda: site.now, effort=EFFORT)
    for visit in Visit.objects.sealed().order_by("notice_due_at"):
        site.now = visit.notice_due_at
        give_notice(visit=visit, at=site.now)
    return site.record()


@pytest.fixture(scope="module", autouse=True)
def days_drawn():
    """Each visit is drawn the day after half of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "secrets", SimpleNamespace(randbelow=lambda below: below * 2 // 3))
        yield


founded = once_a_module(scheduled)


@pytest.fixture
def record(founded):
    return deepcopy(founded)


def codes(record):
    return [problem.code for problem in record.problems()]


def test_a_schedule_that_is_opened_visit_by_visit_follows(record):
    replay, problems = record.replay()
    assert problems == []
    assert replay.unreplayed == {}
    assert (replay.kinds["schedule.made"], replay.kinds["inspector.refused"]) == (2, 2)


@pytest.mark.parametrize(
    ("kind", "member", "value", "code"),
    [
        ("schedule.made", "text", 7, "text"),
        ("schedule.made", "until", "2031-01-01T00:00:00Z", "horizon"),
        ("schedule.made", "kept", ["2026-0099"], "state"),
        ("schedule.made", "burdens", [], "parity"),
        ("schedule.made", "visits", [], "unknown_visit"),
        ("training.recorded", "until", "2031-01-01T00:00:00Z", "deadline"),
        ("training.recorded", "completed_at", "2031-01-01T00:00:00Z", "too_early"),
        ("training.recorded", "course", "juggling", "unknown"),
        ("training.recorded", "body", "openwatch", "authority"),
        ("inspector.refused", "effective_at", "2026-11-23T12:00:00Z", "deadline"),
        ("inspector.refused", "inspector", "p-00000000", "pool"),
        ("inspector.refused", "lab", "aster", "authority"),
        ("refusal.withdrawn", "inspector", "p-00000000", "state"),
        ("visit.notified", "kind", "pause_verification", "kind"),
    ],
)
def test_a_schedule_or_refusal_that_says_otherwise_is_named(record, kind, member, value, code):
    record.payload(kind)[member] = value
    assert code in codes(record)


def test_a_visit_by_somebody_who_was_refused_in_time_is_named(record):
    visit = record.payload("visit.notified", lab="fjord")
    refusal = record.payload("inspector.refused")
    visit["inspectors"] = sorted([refusal["inspector"], *visit["inspectors"][1:]])
    assert "schedule" in codes(record)


def test_a_team_whose_training_does_not_hold_is_named(record):
    handle = record.payload("visit.notified", lab="aster")["inspectors"][0]
    record.drop("training.recorded", inspector=handle)
    assert "training" in codes(record)


def test_a_second_opening_at_one_site_so_soon_is_named(record):
    index = record.find("schedule.made", last=True)
    opened = record.payload("visit.notified", lab="aster")
    sealed = {key: opened[key] for key in ("visit", "facility", "from", "until", "inspectors")}
    forged = sealed | {"visit": "2026-7777"}
    seal = commitment(opened["salt"], forged)
    record.entries[index]["payload"]["visits"].append({"visit": "2026-7777", "commitment": seal})
    place = record.find("visit.notified", lab="aster")
    record.add(place + 1, record.entries[place], visit="2026-7777", commitment=seal)
    named = [problem.text for problem in record.problems() if problem.code == "schedule"]
    assert any("monitoring.schedule.apart" in text for text in named)
    assert any("inspectors.booked" in text for text in named)


def test_more_refusals_than_leave_the_texts_pool_are_named(record):
    index = record.find("inspector.refused")
    like = record.entries[index]
    handles = [entry["payload"]["inspector"] for entry in record.entries if entry["kind"] == "inspector.designated"]
    bodies = {
        entry["payload"]["inspector"]: entry["payload"]["body"]
        for entry in record.entries
        if entry["kind"] == "inspector.designated"
    }
    others = [handle for handle in handles if handle != like["payload"]["inspector"]][:4]
    for handle in others:
        record.add(index, like, inspector=handle, body=bodies[handle])
    assert "pool" in codes(record)
