from datetime import timedelta

import pytest

from core.canonical import parse
from core.durations import Duration
from core.errors import NotAllowed
from labs.actions.declarations import NilContradicted, ask_declaration, file_declaration, mark_overdue
from labs.models import Declaration
from labs.queries.declarations import owed_by
from labs.rules.declarations import DeclarationKind
from ledger.models import Entry
from tests.factories import NOON, declaration, facility, inventory, laboratory, training_run

FIVE_DAYS = Duration.parse("5 d")


def test_the_clock_asks_for_a_declaration_once(aster, entries):
    for _ in range(2):
        ask_declaration(organisation=aster, kind=DeclarationKind.INITIAL, due_at=NOON, at=NOON)
    assert [owed.kind for owed in owed_by(aster, NOON)] == [DeclarationKind.INITIAL]
    assert entries() == ["declaration.asked"]


def test_filing_names_the_inventories_and_runs_that_stand(aster, ada, entries):
    site = facility(aster)
    inventory(site)
    run = training_run(aster, facility=site)
    asked = declaration(aster)
    for _ in range(2):
        file_declaration(declaration=asked, nil=False, by=ada, at=NOON)
    payload = parse(bytes(Entry.objects.last().data))["payload"]
    assert payload["inventories"] == [{"facility": site.key, "version": 1}]
    assert payload["runs"] == [run.key]
    assert entries() == ["declaration.filed"]


def test_a_nil_return_is_taken_from_a_laboratory_with_nothing(aster, ada, entries):
    facility(aster)
    assert file_declaration(declaration=declaration(aster), nil=True, by=ada, at=NOON).nil is True
    assert entries() == ["declaration.filed"]


def test_a_nil_return_against_the_record_is_refused(aster, ada, entries):
    inventory(facility(aster))
    asked = declaration(aster)
    with pytest.raises(NilContradicted):
        file_declaration(declaration=asked, nil=True, by=ada, at=NOON)
    assert entries() == []
    assert not Declaration.objects.exclude(filed_at=None).exists()


def test_a_rival_cannot_file(aster, rival, entries):
    with pytest.raises(NotAllowed):
        file_declaration(declaration=declaration(aster), nil=False, by=rival, at=NOON)
    assert entries() == []


def test_what_is_overdue_is_entered_once_each_and_never_before_its_instant(aster, entries):
    declaration(aster, due_at=NOON)
    declaration(laboratory("borealis"), due_at=NOON, filed_at=NOON)
    assert mark_overdue(at=NOON + timedelta(days=5, microseconds=-1), overdue_after=FIVE_DAYS) == []
    assert len(mark_overdue(at=NOON + timedelta(days=5), overdue_after=FIVE_DAYS)) == 1
    assert mark_overdue(at=NOON + timedelta(days=6), overdue_after=FIVE_DAYS) == []
    assert entries() == ["declaration.overdue"]
