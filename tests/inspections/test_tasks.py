import pytest
import time_machine

from inspections.models import Visit
from inspections.rules.visits import VisitState
from inspections.tasks import plan_visits, sweep_visits
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_the_sweeps_plan_what_a_pause_asks_for_and_give_notice_in_time():
    make.pause_in_force(labs=("aster",))
    make.facility(make.laboratory("aster"))
    make.inspectors(each=1)
    with time_machine.travel(NOON, tick=False):
        plan_visits()
        plan_visits()
        sweep_visits()
    visit = Visit.objects.get()
    assert visit.state == VisitState.PLANNED
    with time_machine.travel(visit.notice_due_at, tick=False):
        sweep_visits()
        sweep_visits()
    visit.refresh_from_db()
    assert visit.state == VisitState.NOTIFIED


def test_one_bad_row_does_not_stop_the_rest(monkeypatch, caplog):
    people = make.inspectors(each=2)
    for number in range(2):
        make.visit(
            make.facility(key=f"s{number}"),
            team=people[2 * number : 2 * number + 2],
            planned_from=NOON,
            notice_due_at=NOON.replace(day=20, hour=11),
        )
    from inspections import tasks

    real, failed = tasks.plan.give_notice, []

    def fails_once(*, visit, at):
        if not failed:
            failed.append(visit)
            raise RuntimeError("a bad row")
        return real(visit=visit, at=at)

    monkeypatch.setattr(tasks.plan, "give_notice", fails_once)
    with time_machine.travel(NOON.replace(day=20), tick=False):
        sweep_visits()
    assert sorted(Visit.objects.values_list("state", flat=True)) == [VisitState.NOTIFIED, VisitState.PLANNED]
    assert "a bad row" in caplog.text
