"""Queries whose SQL is written once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

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
from web.prepared import SAMPLES, NotPreparable, at_hand, prepared

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ROOT = Path(__file__).resolve().parents[2]


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


SHAPES: dict[
    str, list[tuple[int, dict[str, object]]]
] = {  # of those that take arguments by name or any number: how many, and which
    "ledger.queries.entries._newest": [(1, {"limit": 3}), (2, {"limit": 3})],
    "ledger.queries.entries._data": [(1, {"limits": ()}), (3, {"limits": ("at__gt", "at__lte")})],
    "labs.queries.readings._since": [(3, {"keys": ("one", "other")})],
    "labs.queries.readings._last": [(2, {"places": (("one", ("declared",), False), ("other", ("observed",), True))})],
    "treaty.queries.past._started": [(1, {"named": ()}), (2, {"named": ("key",)})],
    "treaty.queries.votes._decided": [(1, {"limit": 2})],
    "inspections.queries.visits._soonest": [(1, {"limit": 3})],
    "inspections.queries.reports._submitted": [(1, {"limit": 3})],
}


def test_every_statement_of_the_site_can_be_written() -> None:
    found = {}
    for path in ROOT.glob("*/queries/*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for one in vars(import_module(name)).values():
            if getattr(one, "is_prepared", False) and one.__module__ == name:
                found[f"{name}.{one.__name__}"] = one
    assert len(found) > 50
    assert SHAPES.keys() <= found.keys()
    for name, one in found.items():
        kinds = [get_origin(kind) or kind for kind in positional(one)]
        for number, shape in SHAPES.get(name, [(len(kinds), {})]):
            taken = [kinds[min(place, len(kinds) - 1)] for place in range(number)]
            samples = [[] if kind is list else SAMPLES[kind](place, 1) for place, kind in enumerate(taken)]
            one(*samples, **shape)


def positional(one: Callable[..., object]) -> list[Any]:
    """Return the types of what a function takes by position; of two the first."""
    hints = get_type_hints(one)
    taken = [it for it in signature(one).parameters.values() if it.kind is not Parameter.KEYWORD_ONLY]
    return [
        next(iter(get_args(hints[it.name])), hints[it.name])
        if get_origin(hints[it.name]) is UnionType
        else hints[it.name]
        for it in taken
    ]
