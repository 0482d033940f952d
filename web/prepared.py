"""Queries whose SQL is written once in each process: building and compiling a statement costs Django more than PostgreSQL takes to answer it.

A public page asks the same fifty statements each time; they differ in the instant, and in a key or two. Nothing that is read is kept.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Lookup, Model, Prefetch, QuerySet
from django.db.models.sql.compiler import SQLCompiler

# Two samples of each type of argument, by its place: what a statement makes of them shows where each argument goes.
SAMPLES: Final[dict[type, Callable[[int, int], Any]]] = {
    datetime: lambda place, which: datetime(1970, 1, 1 + place, which, tzinfo=UTC),
    str: lambda place, which: f"sample {place} {which}",
    int: lambda place, which: 1_970_010_100 + 10 * place + which,
    Decimal: lambda place, which: Decimal(1_970_010_100 + 10 * place + which),
    list: lambda place, which: [f"sample {place} {which}"],
}


class NotPreparable(TypeError):
    """The statement is not the same for all arguments, or does more with one than to pass it on."""


@Field.register_lookup
class Among(Lookup[Any]):
    """`pk__among=[…]`: one of many, in a statement that is the same however many there are."""

    lookup_name = "among"

    def get_prep_lookup(self) -> list[Any]:
        """Take them as they are: keys of the column's own type."""
        return list(self.rhs)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Write it as PostgreSQL has it."""
        column, first = self.process_lhs(compiler, connection)
        keys, then = self.process_rhs(compiler, connection)
        return f"{column} = ANY({keys})", (*first, *then)


@dataclass(frozen=True)
class _Statement[T]:
    """A statement with its parameters; `places` has which argument each of them is, None for what is always the same."""

    queryset: QuerySet[Any, T]
    compiler: SQLCompiler
    sql: str
    fixed: Sequence[Any]
    places: Sequence[int | None]

    def rows(self, arguments: Sequence[Any]) -> list[T]:
        parameters = tuple(
            one if place is None else arguments[place] for one, place in zip(self.fixed, self.places, strict=True)
        )
        found = self.queryset.all()
        compiler = copy(self.compiler)
        compiler.using, compiler.connection = found.db, connections[found.db]
        compiler.as_sql = lambda *_args, **_kwargs: (self.sql, parameters)  # type: ignore[method-assign] # of this copy alone
        found.query.get_compiler = lambda *_args, **_kwargs: compiler  # type: ignore[method-assign] # as above
        return list(found)


def prepared[**P, T](build: Callable[P, QuerySet[Any, T]]) -> Callable[P, list[T]]:
    """Let a function that builds a queryset from its arguments return the rows, and write the SQL at its first call only.

    What is given by position is passed to the database each time; their number, and what is given by name, shape the statement.
    Raises NotPreparable at the first call where an argument is changed on the way, or rows are fetched along by a queryset.
    """
    written: dict[tuple[object, ...], _Statement[T]] = {}

    @wraps(build)
    def rows(*arguments: P.args, **shape: P.kwargs) -> list[T]:
        key = len(arguments), *shape.items()
        statement = written.get(key)
        if statement is None:
            statement = written[key] = _write(build, arguments, shape)
        return statement.rows(arguments)

    rows.is_prepared = True  # type: ignore[attr-defined] # a test finds them all by it
    return rows


def at_hand(owners: Mapping[int, Model], name: str, rows: Iterable[Model], owner: str) -> None:
    """Give each of `owners` its rows of the relation `name`, in their order, as though they had been fetched along; `owner` is the column of its key."""
    held: dict[int, list[Model]] = defaultdict(list)
    for row in rows:
        held[getattr(row, owner)].append(row)
    for key, one in owners.items():
        found = getattr(one, name).all()
        found._result_cache, found._prefetch_done = held[key], True  # noqa: SLF001 - Django has no other way for rows that are at hand
        vars(one).setdefault("_prefetched_objects_cache", {})[name] = found


def _write[T](build: Callable[..., QuerySet[Any, T]], arguments: Sequence[Any], shape: dict[str, Any]) -> _Statement[T]:
    """Write the statement twice, for two samples of the arguments: where both differ, an argument goes."""
    kinds = [next(kind for kind in SAMPLES if isinstance(one, kind)) for one in arguments]
    one, other = ([SAMPLES[kind](place, which) for place, kind in enumerate(kinds)] for which in (1, 2))
    queryset = build(*one, **shape)
    along = queryset._prefetch_related_lookups  # type: ignore[attr-defined] # noqa: SLF001 - to be looked at, not changed
    if any(isinstance(lookup, Prefetch) and lookup.queryset is not None for lookup in along):  # of the samples
        raise NotPreparable(build.__name__)
    compiler = queryset.query.get_compiler(using=queryset.db)
    sql, parameters = compiler.as_sql()
    again, others = build(*other, **shape).query.get_compiler(using=queryset.db).as_sql()
    if sql != again or len(parameters) != len(others):
        raise NotPreparable(build.__name__)
    places = [
        None if first == second else _place(one, other, (first, second), build.__name__)
        for first, second in zip(parameters, others, strict=True)
    ]
    return _Statement(queryset, compiler, sql, parameters, places)


def _place(one: Sequence[Any], other: Sequence[Any], found: tuple[Any, Any], name: str) -> int:
    place = next((place for place, pair in enumerate(zip(one, other, strict=True)) if pair == found), None)
    if place is None:
        raise NotPreparable(name)
    return place
