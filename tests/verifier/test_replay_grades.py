"""Parity and grades in the record: the table made again from the entries about visits, and what would be forged."""

from datetime import timedelta

import pytest
from django.db import transaction

from inspections.actions.grades import publish_grades
from inspections.actions.visits import acknowledge_visit, delay_access, grant_access
from inspections.models import GradeTable, Visit
from inspections.queries.grades import grades
from tests.verifier.decisions import site_in_force
from tests.verifier.test_replay_challenges import inspected
from verifier.replay.grades import newest

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MONTH = timedelta(days=30)


def all_due(at):
    """How many tables were due by `at`, now published."""
    count = 0
    while publish_grades(at=at):
        count += 1
    return count


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """A site with a visit that was kept waiting at the gate, two published tables, and its record, made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        site = site_in_force()
        assert all_due(site.now) == 12  # one a month since the entry into force
        inspected(site)
        visit = Visit.objects.get()
        team = [one.designation.user for one in visit.team.all()]
        acknowledge_visit(visit=visit, by=site.person("fjord"), at=site.now)
        delay_access(visit=visit, reason="A key is missing.", by=team[0], at=visit.planned_from)
        grant_access(visit=visit, by=team[0], at=visit.planned_from + 3 * HOUR)
        at = visit.planned_from + 3 * HOUR + MONTH
        made = [publish_grades(at=at), publish_grades(at=at), publish_grades(at=at + MONTH)]
        record = site.record()
        now = grades(GradeTable.objects.latest("published_at").published_at)
        transaction.set_rollback(True)
    return record, made, now


def newest_table(record):
    return record.find("grades.published", last=True)


def test_the_tables_are_made_again_and_the_newest_is_that_of_the_site(told):
    record, made, now = told
    assert [table is None for table in made] == [False, True, False]
    [fjord] = [row for row in made[0].table["labs"] if row["lab"] == "fjord"]
    assert (fjord["visits"], fjord["delays"], fjord["access"]) == (1, 1, 3 * 3600)
    replay, problems = record.replay()
    assert (problems, replay.unreplayed) == ([], {})
    assert newest(replay).as_json() == now.as_json()


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("labs", lambda rows: rows[5].update(access=0)),
        ("bodies", lambda rows: rows[0].update(in_time=9)),
        ("spread", lambda spread: spread.update(refusals=4)),
    ],
)
def test_a_figure_that_does_not_follow_is_named(told, member, change):
    record = told[0].copy()
    change(record.entries[newest_table(record)]["payload"][member])
    assert [problem.code for problem in record.problems()] == ["grades"]


def test_a_delay_that_is_taken_out_of_the_record_is_missed_in_the_table(told):
    record = told[0].copy()
    record.drop("access.delayed")
    assert "grades" in {problem.code for problem in record.problems()}


def test_a_table_of_another_instant_is_named(told):
    record = told[0].copy()
    record.entries[newest_table(record)]["payload"]["as_of"] = "2026-12-01T00:00:00Z"
    assert record.problems()[0].code == "instant"
