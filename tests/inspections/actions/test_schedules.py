from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from core.canonical import commitment
from core.times import stamp
from inspections.actions import schedules
from inspections.actions.inspectors import end_designation
from inspections.actions.plan import cancel_visit, give_notice
from inspections.actions.schedules import begin_run, run_scheduler, seal_schedule
from inspections.models import Draw, Report, Schedule, ScheduleRun, StreamReading, Visit
from inspections.queries.draws import days_of, opened_days
from inspections.queries.matrix import breaks
from inspections.queries.schedules import inputs, is_due
from inspections.queries.tasks import tasks_for
from inspections.queries.visits import sealed_value
from inspections.rules.drawn_days import chain, day_commitment
from inspections.rules.schedules import Booked, RunOutcome, check
from inspections.rules.visits import VisitKind, VisitState
from inspections.scheduling.solver import Effort, solve
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SMALL = Effort(seconds=20, workers=1, work=1)


@pytest.fixture(autouse=True)
def days_drawn(monkeypatch):
    """Each visit is drawn the day in the middle."""
    monkeypatch.setattr(schedules, "secrets", SimpleNamespace(randbelow=lambda below: below // 2))


@pytest.fixture
def people():
    for lab in ("aster", "borealis"):
        make.party(make.laboratory(lab))
        make.facility(make.laboratory(lab), key=f"{lab}-1", jurisdiction="DE")
    return make.inspectors(each=2)


def run(at=NOON):
    return run_scheduler(clock=lambda: at, effort=SMALL)


def sealed():
    return {visit.facility.key: visit for visit in Visit.objects.sealed().with_names()}


def test_every_site_gets_a_sealed_visit_that_keeps_to_every_provision(people, recorded):
    assert run().outcome == RunOutcome.SEALED
    assert {visit.kind for visit in sealed().values()} == {VisitKind.BASELINE}
    [(kind, payload)] = recorded()
    assert (kind, len(payload["visits"]), payload["missed"], payload["kept"]) == ("schedule.made", 2, [], [])
    assert [one["visits"] for one in payload["burdens"]] == [0, 0]
    given = inputs(NOON, lambda _below: 0)
    placed = [
        Booked(
            one.key, one.site, given.frame.places[one.site].lab, "europe", one.kind, schedules._period(visit), one.team
        )
        for one in given.wanted
        for visit in [given.sealed[one.key]]
    ]
    assert check(given.frame, given.wanted, placed) == []


def test_the_record_holds_commitments_that_the_notice_opens(people, recorded):
    run()
    [(_, made)] = recorded()
    visit = sealed()["aster-1"]
    assert visit.planned_from - visit.notice_due_at >= timedelta(hours=48)
    give_notice(visit=visit, at=visit.notice_due_at)
    [(kind, opened)] = recorded()
    value = sealed_value(visit, opened["inspectors"])
    assert (kind, opened["kind"]) == ("visit.notified", "baseline")
    assert {"visit": visit.key, "commitment": commitment(opened["salt"], value)} in made["visits"]


def test_looking_again_changes_nothing_until_the_time_for_it_has_come(people, recorded):
    run()
    recorded()
    assert run(NOON + DAY) is None
    later = NOON + 7 * DAY
    before = {key: visit.commitment for key, visit in sealed().items()}
    assert run(later).outcome == RunOutcome.UNCHANGED
    assert (recorded(), {key: visit.commitment for key, visit in sealed().items()}) == ([], before)
    assert Schedule.objects.count() == 1


def test_what_needs_not_move_stays_when_an_inspector_falls_out(people, recorded):
    run()
    before = sealed()
    [gone, *_] = [one.designation for one in before["aster-1"].team.all()]
    untouched = [key for key, visit in before.items() if not visit.team.filter(designation=gone).exists()]
    end_designation(designation=gone, by=make.officer(gone.body), at=NOON + DAY)
    recorded()
    assert run(NOON + DAY + timedelta(minutes=1)).outcome == RunOutcome.SEALED
    [(_, payload)] = recorded()
    after = sealed()
    assert after["aster-1"].planned_from == before["aster-1"].planned_from
    assert not after["aster-1"].team.filter(designation=gone).exists()
    assert payload["cancelled"] == sorted(before[key].key for key in before if key not in untouched)
    assert payload["kept"] == sorted(before[key].key for key in untouched)


def test_a_site_that_was_seen_gets_a_routine_visit_within_the_texts_time(people):
    make.visit(
        make.laboratory("aster").facilities.get(),
        state=VisitState.CLOSED,
        planned_from=NOON - 300 * DAY,
        kind=VisitKind.ROUTINE,
    )
    run()
    visit = sealed()["aster-1"]
    assert visit.kind == VisitKind.ROUTINE
    assert visit.planned_until <= NOON + 66 * DAY


def test_a_site_whose_continuity_was_lost_gets_a_new_baseline_until_a_visit_could_mend_it(people):
    site = make.laboratory("aster").facilities.get()
    seen = make.visit(site, state=VisitState.IN_PROGRESS, team=people[:2], planned_from=NOON - 20 * DAY)
    report = make.submitted_report(seen)
    [one] = Report.objects.filter(pk=report.pk)
    for days in (1, 2):
        StreamReading.objects.create(
            facility=site, layer="power", observed_at=one.collected_at + days * DAY, intact=True, body=people[0].body,
            filed_at=one.collected_at + days * DAY, by=people[0].user,
        )  # fmt: skip
    at = one.collected_at + 5 * DAY
    [lost] = breaks(at)
    assert (lost.facility, lost.layer, lost.since) == (site, "power", one.collected_at + 4 * DAY)
    assert lost.due == lost.since + 60 * DAY
    titles = [task.title for task in tasks_for(make.officer(people[2].body), at)]
    assert any("New baseline" in title for title in titles)
    run(at)
    visit = sealed()["aster-1"]
    assert (visit.kind, visit.due_at) == (VisitKind.BASELINE, lost.due)
    give_notice(visit=visit, at=visit.notice_due_at)
    run(visit.notice_due_at + timedelta(minutes=1))
    assert "aster-1" not in {key for key, one in sealed().items() if one.kind == VisitKind.BASELINE}


def drawn(at, **days):
    return Draw.objects.create(
        key="2026-1", text=make.text(), opened_at=at - 5 * DAY, listed_at=at - 5 * DAY, listed=[], list_hash="0" * 64,
        commit_by=at - 2 * DAY, value="1" * 64, commitment="2" * 64, sealed_at=at - 2 * DAY, reveal_by=at,
        seal="3" * 64, drawn_at=at, size=1, root="4" * 64, seed="5" * 64, drawn=["borealis-1"], **days,
    )  # fmt: skip


def test_what_was_drawn_and_not_visited_before_the_next_draw_is_named_and_lapses(people, recorded):
    drawn(NOON - 200 * DAY)
    run()
    [(_, payload)] = recorded()
    assert [(one["kind"], one["provisions"]) for one in payload["missed"]] == [
        ("short_notice", ["monitoring.draw.every"])
    ]
    assert {visit.kind for visit in sealed().values()} == {VisitKind.BASELINE}


def test_what_was_drawn_is_visited_at_short_notice(people):
    drawn(NOON - 4 * DAY)
    run()
    kinds = sorted((visit.facility.key, visit.kind) for visit in Visit.objects.sealed().with_names())
    assert kinds == [("aster-1", "baseline"), ("borealis-1", "baseline"), ("borealis-1", "short_notice")]


@pytest.fixture
def with_days():
    links = chain("ab" * 32)
    commitments = {"day_secrets": ["ab" * 32], "day_commitments": [day_commitment("2026-1", 1, links[0])]}
    return drawn(NOON - 4 * DAY, **commitments)


def test_a_drawn_visit_takes_its_drawn_day_and_the_notice_opens_no_link_but_that_days(people, with_days, recorded):
    run()
    recorded()
    visit = Visit.objects.with_names().get(kind=VisitKind.SHORT_NOTICE)
    days = days_of(with_days, 1)
    assert days.index(visit.planned_from) == len(visit.passed)
    assert opened_days(with_days)["opened"] == []
    give_notice(visit=visit, at=visit.notice_due_at)
    [(_, payload)] = recorded()
    opened = payload["drawn"]
    rank = len(opened["passed"])
    assert (opened["draw"], opened["place"], opened["link"]) == ("2026-1", 1, chain("ab" * 32)[rank])
    assert [one["day"] for one in opened["passed"]] == [stamp(day) for day in days[:rank]]
    [told] = opened_days(with_days)["opened"]
    assert (told["day"], told["link"]) == (stamp(visit.planned_from), opened["link"])


def test_a_drawn_visit_that_was_called_off_goes_to_a_day_that_its_notice_did_not_open(people, with_days):
    run()
    first = Visit.objects.with_names().get(kind=VisitKind.SHORT_NOTICE)
    give_notice(visit=first, at=first.notice_due_at)
    at = first.notice_due_at + timedelta(hours=1)
    cancel_visit(visit=first, by=make.officer(first.team.first().designation.body), at=at)
    run(at + timedelta(minutes=1))
    again = Visit.objects.get(kind=VisitKind.SHORT_NOTICE, draw=with_days, state=VisitState.PLANNED)
    days = days_of(with_days, 1)
    assert days.index(again.planned_from) > days.index(first.planned_from)
    assert [stamp(first.planned_from), "monitoring.notice"] in again.passed


def test_a_drawn_visit_keeps_its_day_when_its_inspector_falls_out(people, with_days):
    run()
    before = Visit.objects.get(kind=VisitKind.SHORT_NOTICE)
    gone = before.team.first().designation
    end_designation(designation=gone, by=make.officer(gone.body), at=NOON + timedelta(minutes=30))
    run(NOON + timedelta(hours=1))
    after = Visit.objects.get(kind=VisitKind.SHORT_NOTICE, state=VisitState.PLANNED)
    assert (after.planned_from, after.draw, after.pk == before.pk) == (before.planned_from, with_days, False)
    with pytest.raises(IntegrityError, match="visit_once_a_place"), transaction.atomic():
        Visit.objects.filter(pk=before.pk).update(state=VisitState.PLANNED)


def test_what_cannot_be_placed_is_on_record_with_the_provisions_that_clash(people, recorded):
    for one in people:
        if one.body.key != "ivb":
            one.valid_until = NOON + timedelta(minutes=1)
            one.save()
    run()
    [(_, payload)] = recorded()
    assert [one["facility"] for one in payload["missed"]] == ["aster-1", "borealis-1"]
    assert "monitoring.designation_validity" in payload["missed"][0]["provisions"]
    assert (payload["visits"], Visit.objects.count()) == ([], 0)


def test_one_run_at_a_time_and_one_that_is_not_heard_of_is_ended(people):
    first = begin_run(at=NOON)
    assert begin_run(at=NOON + timedelta(minutes=1)) is None
    second = begin_run(at=NOON + timedelta(minutes=11))
    first.refresh_from_db()
    assert (first.outcome, second.outcome) == (RunOutcome.SILENT, RunOutcome.RUNNING)
    with pytest.raises(IntegrityError, match="schedule_one_run_at_a_time"), transaction.atomic():
        ScheduleRun.objects.create(began_at=NOON)


def test_a_run_is_sealed_once_and_not_at_all_when_the_world_has_moved(people, recorded):
    held = begin_run(at=NOON)
    given = inputs(NOON, lambda _below: 0)
    found = solve(given.frame, given.wanted, SMALL)
    stranger = replace(found, placed=tuple(replace(one, team=(one.team[0], "gone")) for one in found.placed))
    assert (
        seal_schedule(run=held, given=given, found=stranger, reasons={}, first={}, at=NOON).outcome
        == RunOutcome.OVERTAKEN
    )
    assert (recorded(), Visit.objects.count(), is_due(NOON)) == ([], 0, True)
    again = begin_run(at=NOON)
    for _ in range(2):
        assert (
            seal_schedule(run=again, given=given, found=found, reasons={}, first={}, at=NOON).outcome
            == RunOutcome.SEALED
        )
    assert len(recorded()) == 1


def test_a_solver_that_fails_leaves_a_line_in_the_log(people, monkeypatch, recorded):
    monkeypatch.setattr(schedules, "solve", lambda *_arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run()
    assert (ScheduleRun.objects.get().outcome, recorded()) == (RunOutcome.FAILED, [])
    assert not is_due(NOON + timedelta(minutes=9))
    assert is_due(NOON + timedelta(minutes=10))


def test_a_text_without_a_schedule_plans_none(people, monkeypatch):
    monkeypatch.setattr("inspections.queries.schedules.terms_at", lambda _at: None)
    assert run() is None
    assert not ScheduleRun.objects.exists()
