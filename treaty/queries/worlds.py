"""All that conditions are judged by at an instant, in few queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Affiliation
from labs.queries.readings import Wanted, last_values, values, values_since
from labs.rules.readings import ReadingValue
from treaty.models import Party
from treaty.queries.texts import earlier_indicators
from treaty.rules.conditions import AnyCondition, Comparison, walk
from treaty.rules.evaluation import DeterminationValue, World
from treaty.rules.spans import needed_since
from treaty.rules.text import Text
from treaty.rules.triggers import conditions_of
from web.prepared import prepared


@dataclass(frozen=True)
class Surroundings:
    """What a text's triggers and criteria are judged by at an instant, read once for a page that judges several of them.

    `world` has the readings that can count for each comparison of `compared`, and no determinations.
    """

    rules: Text
    world: World
    compared: frozenset[Comparison]


def surroundings(rules: Text, at: datetime) -> Surroundings:
    """Return all that the triggers and the resumption criteria of a text are judged by at `at`; five queries."""
    judged = [*conditions_of(rules.triggers.values()), *(one.condition for one in rules.resumption.criteria.values())]
    compared = _compared(judged)
    around = _around(rules, at)
    return Surroundings(rules, replace(around, readings=_readings(compared, around, at)), frozenset(compared))


def world(
    conditions: Iterable[AnyCondition],
    rules: Text,
    at: datetime,
    determinations: tuple[DeterminationValue, ...] = (),
    *,
    disputed: Mapping[str, datetime] | None = None,
    whole: bool = False,
    around: Surroundings | None = None,
) -> World:
    """Return what the conditions are judged by as known at `at`: readings, indicators, bound labs, affiliations; five queries.

    Of the readings those that can count at `at`, and of who has none the last one; all of them where the `whole` is asked for.
    What `around` has of the same text at `at` is not read again.
    """
    compared = _compared(conditions)
    known = around if around and around.rules is rules else None
    if known and not whole and known.compared.issuperset(compared):
        # What is found of a comparison is found for all.
        return replace(known.world, determinations=determinations, disputed=disputed or {})
    found = known.world if known else _around(rules, at)
    if whole:
        keys = {part.indicator for part in compared}
        readings = values(indicators=keys, received_by=at) if keys else []
    else:
        readings = _readings(compared, found, at)
    return replace(found, readings=readings, determinations=determinations, disputed=disputed or {}, judged={})


def _compared(conditions: Iterable[AnyCondition]) -> list[Comparison]:
    return [part for condition in conditions for part in walk(condition) if isinstance(part, Comparison)]


def _around(rules: Text, at: datetime) -> World:
    return World(
        readings=[],
        indicators=rules.indicators,
        labs=frozenset(_bound(at)),
        affiliations=frozenset(map(frozenset, _affiliated(at))),
        earlier=earlier_indicators(rules.version),
    )


@prepared
def _bound(at: datetime) -> QuerySet[Party, str]:
    return Party.objects.bound(at).values_list("organisation__key", flat=True)


@prepared
def _affiliated(at: datetime) -> QuerySet[Affiliation, tuple[str, str]]:
    return Affiliation.objects.in_force(at).values_list("organisation__key", "affiliate__key")


def _readings(compared: Iterable[Comparison], around: World, at: datetime) -> list[ReadingValue]:
    """Return the readings that can count; of each lab that has none, the last one says since when it is missing."""
    known = [(part, around.indicators[part.indicator]) for part in compared if part.indicator in around.indicators]
    since: dict[str, datetime] = {}
    for part, indicator in known:
        start = needed_since(part, indicator, at, around.validities(part.indicator))
        since[part.indicator] = min(since.get(part.indicator, start), start)
    readings = values_since(since, received_by=at) if since else []
    heard: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for one in readings:
        heard[one.indicator, one.source].add(one.lab)
    labs, missing = around.labs.union(*around.affiliations), set[Wanted]()
    for part, indicator in known:
        sources = part.sources or indicator.sources
        told = set[str | None]().union(*(heard[part.indicator, source] for source in sources))
        if indicator.about != "lab" and None not in told:
            missing.add(Wanted(part.indicator, sources, None))
        elif indicator.about == "lab" and not labs <= told:
            missing.add(Wanted(part.indicator, sources, labs - told))
    return [*readings, *last_values(missing, received_by=at)] if missing else readings
