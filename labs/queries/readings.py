"""What conditions are evaluated over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Max, Q, QuerySet

from accounts.models import Organisation
from labs.models import Reading
from labs.rules.readings import IndicatorRule, ReadingValue
from web.prepared import prepared


@dataclass(frozen=True)
class Wanted:
    """Of what the newest reading is looked for; `labs` of None is the world."""

    indicator: str
    sources: tuple[str, ...]
    labs: frozenset[str] | None


type Row = tuple[Any, ...]
COLUMNS = (
    "id",
    "indicator",
    "organisation__key",
    "value",
    "low",
    "high",
    "observed_at",
    "received_at",
    "source",
    "series",
    "version",
)


def values(*, indicators: Collection[str], received_by: datetime) -> list[ReadingValue]:
    """Return the standing readings of `indicators` as known at `received_by`, oldest first, in one query."""
    return list(map(ReadingValue._make, _standing(received_by, list(indicators))))


@prepared
def _standing(received_by: datetime, indicators: list[str]) -> QuerySet[Reading, Row]:
    found = Reading.objects.standing(received_by).filter(indicator__among=indicators)
    return found.order_by("observed_at", "id").values_list(*COLUMNS)


def values_since(since: Mapping[str, datetime], *, received_by: datetime) -> list[ReadingValue]:
    """Return the standing readings of each indicator that were observed after its instant, in one query."""
    keys = sorted(since)
    return list(map(ReadingValue._make, _since(received_by, *(since[key] for key in keys), keys=tuple(keys))))


@prepared
def _since(received_by: datetime, *instants: datetime, keys: tuple[str, ...]) -> QuerySet[Reading, Row]:
    places = (Q(indicator=key, observed_at__gt=instant) for key, instant in zip(keys, instants, strict=True))
    found = Reading.objects.standing(received_by).filter(reduce(or_, places))
    return found.order_by("observed_at", "id").values_list(*COLUMNS)


def last_values(wanted: Collection[Wanted], *, received_by: datetime) -> list[ReadingValue]:
    """Return the newest standing reading of each indicator, lab and source that is wanted, in one query."""
    ordered = sorted(wanted, key=lambda one: (one.indicator, one.sources, one.labs is None))
    labs = (list(one.labs) for one in ordered if one.labs is not None)
    places = tuple((one.indicator, one.sources, one.labs is None) for one in ordered)
    return list(map(ReadingValue._make, _last(received_by, *labs, places=places)))


@prepared
def _last(
    received_by: datetime, *labs: list[str], places: tuple[tuple[str, tuple[str, ...], bool], ...]
) -> QuerySet[Reading, Row]:
    given = iter(labs)
    asked = (
        Q(indicator=indicator, source__in=sources)
        & (Q(organisation=None) if about_world else Q(organisation__key__among=next(given)))
        for indicator, sources, about_world in places
    )
    by_place = ("indicator", "organisation_id", "source")
    found = Reading.objects.standing(received_by).filter(reduce(or_, asked))
    return found.order_by(*by_place, "-observed_at", "-id").distinct(*by_place).values_list(*COLUMNS)


def as_values(readings: QuerySet[Reading]) -> list[ReadingValue]:
    """Return rows as the values that rules take."""
    return list(map(ReadingValue._make, readings.values_list(*COLUMNS)))


def newest_id() -> int:
    """Return the id of the newest reading, 0 without any. Readings are received one at a time, so ids follow commits."""
    return Reading.objects.aggregate(newest=Max("id"))["newest"] or 0


def beside(indicator: IndicatorRule, organisation: Organisation | None, at: datetime) -> list[ReadingValue]:
    """Return the standing readings that one of `indicator` must not contradict: the same indicator, its total, its parts."""
    standing = Reading.objects.standing(at).filter(indicator__in=indicator.beside, organisation=organisation)
    return as_values(standing)


def of_organisation(organisation: Organisation, at: datetime, limit: int = 50) -> list[Reading]:
    """Return the newest standing readings about `organisation`."""
    return list(Reading.objects.standing(at).filter(organisation=organisation).order_by("-observed_at", "-id")[:limit])
