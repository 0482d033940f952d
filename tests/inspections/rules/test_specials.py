from datetime import UTC, datetime, timedelta

import pytest

from inspections.rules.quotas import NOT_COUNTED
from inspections.rules.specials import Asked, Standing, needs_visit, obstacle, standing
from inspections.rules.visits import VisitKind, VisitState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BY = NOON + timedelta(hours=48)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("agrees", "visits", "at", "where"),
    [
        (None, (), BY - SECOND, Standing.ASKED),
        (None, (), BY, Standing.UNANSWERED),
        (False, (), NOON, Standing.REFUSED),
        (True, (), BY, Standing.AGREED),
        (True, (VisitState.CANCELLED, VisitState.NOTIFIED), BY, Standing.AGREED),
        (True, (VisitState.INCONCLUSIVE,), BY, Standing.INSPECTED),
    ],
)
def test_where_a_special_visit_is_follows_from_the_answer_and_its_visits(agrees, visits, at, where):
    assert standing(Asked(BY, agrees), visits, at) is where


def test_a_visit_is_planned_where_the_party_agreed_and_again_where_it_was_called_off():
    assert needs_visit(Asked(BY, agrees=True), [])
    assert needs_visit(Asked(BY, agrees=True), [VisitState.CANCELLED])
    assert not needs_visit(Asked(BY, agrees=True), [VisitState.CANCELLED, VisitState.PLANNED])
    assert not needs_visit(Asked(BY, agrees=False), [])
    assert not needs_visit(Asked(BY), [])


def test_special_visits_are_not_counted_as_routine_ones():
    assert VisitKind.SPECIAL in NOT_COUNTED


FREE = {"lab": "aster", "bound": {"aster"}, "in_use": True, "independent": True, "pending": False}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"bound": set()}, "not bound"),
        ({"in_use": False}, "not in use"),
        ({"independent": False}, "affiliated"),
        ({"pending": True}, "under way"),
    ],
)
def test_what_stands_in_the_way_is_said(changes, words):
    found = obstacle(**(FREE | changes))
    assert words in found
    assert bool(found) == bool(changes)
