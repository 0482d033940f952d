"""What conditions are evaluated over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Max, Q, QuerySet

from accounts.models import Organisation
from labs.models import Reading
from labs.rules.readings import IndicatorRule, ReadingValue


@dataclass(frozen=True)
class Wanted:
    """Of what the newest reading is looked for; `labs` of None is the world."""

    indicator: str
    sources: tuple[str, ...]
    labs: frozenset[str] | None


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


def values(
    *, indicators: Collection[str], received_by: datetime, observed_from: datetime | None = None
) -> list[ReadingValue]:
    """Return the standing readings of `indicators` as known at `received_by`, oldest first, in one query."""
    readings = Reading.objects.standing(received_by).filter(indicator__in=indicators)
    if observed_from is not None:
        readings = readings.filter(observed_at__gte=observed_from)
    return as_values(readings.order_by("observed_at", "id"))


def values_since(since: Mapping[str, datetime], *, received_by: datetime) -> list[ReadingValue]:
    """Return the standing readings of each indicator that were observed after its instant, in one query."""
    readings = Reading.objects.standing(received_by).filter(
        reduce(or_, (Q(indicator=key, observed_at__gt=instant) for key, instant in since.items()))
    )
    return as_values(readings.order_by("observed_at", "id"))


def last_values(wanted: Collection[Wanted], *, received_by: datetime) -> list[ReadingValue]:
    """Return the newest standing reading of each indicator, lab and source that is wanted, in one query."""
    places = [
        Q(indicator=one.indicator, source__in=one.sources)
        & (Q(organisation=None) if one.labs is None else Q(organisation__key__in=one.labs))
        for one in wanted
    ]
    readings = Reading.objects.standing(received_by).filter(reduce(or_, places))
    by_place = ("indicator", "organisation_id", "source")
    return as_values(readings.order_by(*by_place, "-observed_at", "-id").distinct(*by_place))


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
