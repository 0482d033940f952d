"""All that conditions are judged by at an instant, in few queries."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from accounts.models import Affiliation
from labs.queries.readings import Wanted, last_values, values, values_since
from labs.rules.readings import ReadingValue
from treaty.models import Party
from treaty.queries.texts import earlier_indicators
from treaty.rules.conditions import AnyCondition, Comparison, walk
from treaty.rules.evaluation import DeterminationValue, World
from treaty.rules.spans import needed_since
from treaty.rules.text import Text


def surroundings(rules: Text, at: datetime) -> World:
    """Return all of a world but its readings and determinations, in three queries: one page judges by it again and again."""
    pairs = Affiliation.objects.in_force(at).values_list("organisation__key", "affiliate__key")
    return World(
        readings=[],
        indicators=rules.indicators,
        labs=frozenset(Party.objects.bound(at).values_list("organisation__key", flat=True)),
        affiliations=frozenset(frozenset(pair) for pair in pairs),
        earlier=earlier_indicators(rules.version),
    )


def world(
    conditions: Iterable[AnyCondition],
    rules: Text,
    at: datetime,
    determinations: tuple[DeterminationValue, ...] = (),
    *,
    whole: bool = False,
    around: World | None = None,
) -> World:
    """Return what the conditions are judged by as known at `at`: readings, indicators, bound labs, affiliations; five queries, two with `around`.

    Of the readings those that can count at `at`, and of who has none the last one; all of them where the `whole` is asked for.
    `around` is `surroundings` of the same text and instant; what it has of another text is left aside.
    """
    compared = [part for condition in conditions for part in walk(condition) if isinstance(part, Comparison)]
    if around is None or around.indicators is not rules.indicators:
        around = surroundings(rules, at)
    if whole:
        keys = {part.indicator for part in compared}
        readings = values(indicators=keys, received_by=at) if keys else []
    else:
        readings = _readings(compared, around, at)
    return replace(around, readings=readings, determinations=determinations, judged={})


def _readings(compared: Iterable[Comparison], around: World, at: datetime) -> list[ReadingValue]:
    """Return the readings that can count; of each lab that has none, the last one says since when it is missing."""
    known = [(part, around.indicators[part.indicator]) for part in compared if part.indicator in around.indicators]
    since: dict[str, datetime] = {}
    for part, indicator in known:
        start = needed_since(part, indicator, at, around.validities(part.indicator))
        since[part.indicator] = min(since.get(part.indicator, start), start)
    readings = values_since(since, received_by=at) if since else []
    seen = {(one.indicator, one.source, one.lab) for one in readings}
    labs = around.labs.union(*around.affiliations)
    missing = {
        Wanted(part.indicator, sources, silent if indicator.about == "lab" else None)
        for part, indicator in known
        for sources in [part.sources or indicator.sources]
        for silent in [frozenset(lab for lab in labs if not _any(seen, part.indicator, sources, lab))]
        if (silent if indicator.about == "lab" else not _any(seen, part.indicator, sources, None))
    }
    return [*readings, *last_values(missing, received_by=at)] if missing else readings


def _any(
    seen: Collection[tuple[str, str, str | None]], indicator: str, sources: Iterable[str], lab: str | None
) -> bool:
    return any((indicator, source, lab) in seen for source in sources)
