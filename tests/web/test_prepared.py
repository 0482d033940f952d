"""Queries whose SQL is written once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from accounts.models import Affiliation, Organisation
from accounts.rules.organisations import Kind
from ledger.actions import open_log, record
from ledger.queries.entries import entries_of, newest_of
from tests.factories import NOON, affiliation, laboratory
from web.prepared import NotPreparable, at_hand, prepared

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@prepared
def joined(by: datetime, kind: str) -> QuerySet[Organisation]:
    return Organisation.objects.filter(joined_at__lte=by, kind=kind).order_by("key")


@prepared
def named(keys: list[str]) -> QuerySet[Organisation, str]:
    return Organisation.objects.filter(key__among=keys).order_by("key").values_list("name", flat=True)


@pytest.fixture
def labs() -> list[Organisation]:
    return [laboratory(f"lab-{day}", joined_at=NOON + day * DAY) for day in range(3)]


def test_each_call_is_answered_for_its_own_arguments(labs: list[Organisation]) -> None:
    found = [joined(NOON + days * DAY, Kind.LABORATORY.value) for days in (-1, 0, 2)]
    assert found == [[], labs[:1], labs]
    assert joined(NOON + 2 * DAY, Kind.BODY.value) == []
    assert named([labs[0].key, labs[2].key]) == [labs[0].name, labs[2].name]
    assert named([]) == []


def test_nothing_that_was_read_is_kept(labs: list[Organisation]) -> None:
    assert named([labs[0].key]) == [labs[0].name]
    Organisation.objects.filter(pk=labs[0].pk).update(name="Another name")
    assert named([labs[0].key]) == ["Another name"]


def test_the_statement_is_compiled_at_the_first_call_only(
    labs: list[Organisation], monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(NOON, Kind.LABORATORY.value)
    monkeypatch.setattr(SQLCompiler, "as_sql", None)
    with CaptureQueriesContext(connection) as asked:
        assert joined(NOON + DAY, Kind.LABORATORY.value) == labs[:2]
    assert len(asked) == 1


def test_what_is_given_by_name_shapes_a_statement_of_its_own(labs: list[Organisation]) -> None:
    @prepared
    def newest(by: datetime, *, limit: int) -> QuerySet[Organisation]:
        return Organisation.objects.filter(joined_at__lte=by, key__startswith="lab-").order_by("-joined_at")[:limit]

    assert newest(NOON + 2 * DAY, limit=1) == [labs[2]]
    assert newest(NOON + 2 * DAY, limit=2) == [labs[2], labs[1]]
    assert newest(NOON, limit=2) == [labs[0]]


def test_an_argument_that_is_changed_on_the_way_is_refused() -> None:
    @prepared
    def earlier(by: datetime) -> QuerySet[Organisation]:
        return Organisation.objects.filter(joined_at__lte=by - DAY)

    @prepared
    def first(number: int) -> QuerySet[Organisation]:
        return Organisation.objects.all()[:number]

    with pytest.raises(NotPreparable):
        earlier(NOON)
    with pytest.raises(NotPreparable):
        first(2)


def test_rows_that_a_queryset_would_fetch_along_are_refused() -> None:
    @prepared
    def with_affiliations(at: datetime) -> QuerySet[Organisation]:
        return Organisation.objects.prefetch_related(Prefetch("affiliations", Affiliation.objects.in_force(at)))

    with pytest.raises(NotPreparable):
        with_affiliations(NOON)


def test_rows_at_hand_are_not_read_again(labs: list[Organisation]) -> None:
    one = affiliation(labs[0], labs[1])
    owners = {lab.pk: lab for lab in labs}
    at_hand(owners, "affiliations", [one], "organisation_id")
    with CaptureQueriesContext(connection) as asked:
        assert [list(lab.affiliations.all()) for lab in labs] == [[one], [], []]
    assert len(asked) == 0


def test_entries_are_found_by_every_limit() -> None:
    open_log(at=NOON)
    for number, lab in enumerate(("aster", "borealis")):
        record(kind="treaty.signed", payload={"lab": lab}, by=None, at=NOON + number * DAY)
    kinds = ("treaty.signed", "treaty.ratified")

    def labs(**limits: Any) -> list[Any]:
        return [entry.payload["lab"] for entry in entries_of(kinds, **limits)]

    assert labs() == ["aster", "borealis"]
    assert [labs(after=NOON), labs(until=NOON)] == [["borealis"], ["aster"]]
    assert [
        labs(about="lab:borealis"),
        labs(about="lab:borealis", until=NOON),
        labs(about="lab:aster", until=NOON),
    ] == [["borealis"], [], ["aster"]]
    assert [one.value.payload["lab"] for one in newest_of(kinds, 1, until=NOON)] == ["aster"]
