from datetime import timedelta

import pytest

from core.canonical import parse
from labs.actions.declarations import ask_declaration, file_declaration
from labs.models import Declaration
from labs.queries.tasks import tasks_for
from labs.rules.declarations import DeclarationKind
from ledger.models import Entry
from tests.factories import LONG_AGO, NOON, laboratory, party, representative, suspension, text
from treaty.actions.declarations import ask_due, mark_late
from treaty.models import Party

pytestmark = pytest.mark.django_db

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
INITIAL_DUE = NOON + 45 * DAY


@pytest.fixture
def aster():
    """A party that the treaty binds since noon."""
    return party(laboratory("aster"), bound_at=NOON).organisation


def kinds():
    return [entry["kind"] for entry in map(payload, Entry.objects.order_by("pk"))]


def payload(entry):
    return parse(bytes(entry.data))


def rows():
    return [(row.kind, row.due_at) for row in Declaration.objects.order_by("due_at")]


def test_every_party_is_asked_once_whatever_the_number_of_sweeps(aster):
    party(laboratory("borealis"), bound_at=NOON)
    assert [ask_due(at=NOON), ask_due(at=NOON), ask_due(at=NOON + DAY)] == [4, 0, 0]
    assert kinds() == ["declaration.asked"] * 4
    assert Declaration.objects.filter(organisation=aster).count() == 2


def test_nothing_is_asked_before_the_treaty_binds(aster):
    assert ask_due(at=NOON - TICK) == 0
    assert kinds() == []
    assert ask_due(at=NOON) == 2


def test_without_a_text_nothing_is_asked_and_nothing_is_late(db):
    assert ask_due(at=NOON) == 0
    assert mark_late(at=NOON) == 0


def test_a_signatory_is_not_asked(db):
    party(laboratory("aster"), ratified_at=None, bound_at=None)
    assert ask_due(at=NOON) == 0


def test_a_sweep_that_comes_late_asks_for_all_that_it_missed_with_the_dates_of_the_text(aster):
    late = NOON + 200 * DAY
    ask_due(at=late)
    assert rows() == [
        (DeclarationKind.INITIAL, INITIAL_DUE),
        (DeclarationKind.CHIP_REGISTER, NOON + 90 * DAY),
        (DeclarationKind.CHIP_REGISTER, NOON + 180 * DAY),
        (DeclarationKind.UPDATE, NOON.replace(year=2027, month=5) + 30 * DAY),
        (DeclarationKind.CHIP_REGISTER, NOON + 270 * DAY),
    ]


def test_a_sweep_that_comes_late_asks_for_the_same_as_one_that_is_always_there(aster):
    for days in range(0, 400, 7):
        ask_due(at=NOON + days * DAY)
    steady = rows()
    late = party(laboratory("borealis"), bound_at=NOON).organisation
    ask_due(at=NOON + 399 * DAY)
    assert [(row.kind, row.due_at) for row in late.declarations.order_by("due_at")] == steady


def test_a_suspended_party_is_asked_as_well(aster):
    suspension("aster", from_at=NOON)
    assert ask_due(at=NOON) == 2


def test_a_party_that_has_left_is_asked_for_what_was_due_before(aster):
    Party.objects.update(withdrawal_noticed_at=NOON, withdrawal_effective_at=NOON + 60 * DAY)
    ask_due(at=NOON + 100 * DAY)
    assert rows() == [(DeclarationKind.INITIAL, INITIAL_DUE)]


def test_what_is_not_filed_is_overdue_at_its_instant_and_entered_once(aster):
    ask_due(at=NOON)
    assert mark_late(at=INITIAL_DUE - TICK) == 0
    assert [mark_late(at=INITIAL_DUE), mark_late(at=INITIAL_DUE + DAY)] == [1, 0]
    assert kinds().count("declaration.overdue") == 1


def test_a_nil_return_in_time_is_never_overdue(aster):
    ask_due(at=NOON)
    ada = representative(aster)
    asked = Declaration.objects.get(kind=DeclarationKind.INITIAL)
    file_declaration(declaration=asked, nil=True, by=ada, at=INITIAL_DUE - TICK)
    assert mark_late(at=INITIAL_DUE + DAY) == 0
    assert Declaration.objects.get(pk=asked.pk).nil is True


def test_what_is_asked_is_a_task_of_the_laboratorys_people_until_it_is_filed(aster):
    ada, rival = representative(aster), representative(laboratory("borealis"))
    ask_due(at=NOON)
    found = tasks_for(ada, NOON)
    assert [task.due for task in found] == [INITIAL_DUE, NOON + 90 * DAY]
    assert "Initial declaration of Aster Institute" in found[0].title
    assert tasks_for(rival, NOON) == []
    file_declaration(declaration=Declaration.objects.earliest("due_at"), nil=True, by=ada, at=NOON)
    assert [task.due for task in tasks_for(ada, NOON)] == [NOON + 90 * DAY]


def test_the_task_is_late_from_the_due_instant_on(aster):
    ada = representative(aster)
    ask_due(at=NOON)
    assert not tasks_for(ada, INITIAL_DUE - TICK)[0].late
    assert tasks_for(ada, INITIAL_DUE)[0].late


def test_one_party_that_cannot_be_asked_does_not_stop_the_others(aster, monkeypatch):
    party(laboratory("borealis"), bound_at=NOON)

    def refuse(*, organisation, **rest):
        if organisation == aster:
            raise RuntimeError("the row is held")
        return ask_declaration(organisation=organisation, **rest)

    monkeypatch.setattr("treaty.actions.declarations.ask_declaration", refuse)
    assert ask_due(at=NOON) == 2


def test_the_number_of_queries_of_an_idle_sweep_does_not_grow_with_the_parties(django_assert_num_queries):
    for key in ("aster", "borealis", "cobalt"):
        party(laboratory(key), bound_at=LONG_AGO)
    text()
    ask_due(at=NOON)
    with django_assert_num_queries(3):
        ask_due(at=NOON)
