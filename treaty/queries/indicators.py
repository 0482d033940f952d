"""Indicators for pages: what the text says of each, its readings, its chart, the triggers that are judged by it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Organisation
from core.durations import Duration
from labs.models import Quarantine, Reading
from labs.rules.readings import written
from treaty.queries.texts import rules_at, rules_of, text_at
from treaty.queries.triggers import TriggerStanding, standing, titles_of, voice
from treaty.queries.worlds import Surroundings, world
from treaty.rules.conditions import Aggregate, AnyCondition, Comparison, InLabs, comparisons_of, walk
from treaty.rules.evaluation import World, course
from treaty.rules.text import Indicator, Text
from treaty.rules.words_conditions import subject_in_words
from web.charts import Chart, Point, Threshold, line_chart
from web.charts import written as on_the_axis
from web.exports import Cell

MOST_POINTS = 160
MOST_ROWS = 40
WIDE_RANGE = 1000
SHOWN_TIME = timedelta(days=550)


def series(key: str, at: datetime, organisation: Organisation | None = None) -> QuerySet[Reading]:
    """Return the standing readings of an indicator at `at`, the newest first; about one laboratory where it is given."""
    readings = Reading.objects.standing(at).filter(indicator=key).select_related("organisation")
    if organisation is not None:
        readings = readings.filter(organisation=organisation)
    return readings.order_by("-observed_at", "-pk")


def all_versions(key: str, at: datetime) -> QuerySet[Reading]:
    """Return every version of every reading received by `at`, in order of receipt, with what it was quarantined for."""
    held = Prefetch("quarantines", queryset=Quarantine.objects.in_force(at), to_attr="holds")
    readings = Reading.objects.filter(indicator=key, received_at__lte=at).select_related("organisation")
    return readings.prefetch_related(held).order_by("pk")


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator in the list: its newest reading and the triggers on it."""

    key: str
    rule: Indicator
    newest: Reading | None
    triggers: tuple[TriggerStanding, ...]


def overview(at: datetime) -> list[IndicatorRow]:
    """Return every indicator of the text in force."""
    text = text_at(at)
    if text is None:
        return []
    found = standing(at)
    newest = {
        reading.indicator: reading
        for reading in Reading.objects.standing(at)
        .select_related("organisation")
        .distinct("indicator")
        .order_by("indicator", "-observed_at", "-pk")
    }
    return [
        IndicatorRow(key, rule, newest.get(key), tuple(_on(found, key)))
        for key, rule in rules_of(text).indicators.items()
    ]


def _on(found: Iterable[TriggerStanding], key: str) -> list[TriggerStanding]:
    return [row for row in found if comparisons_of(row.rule.condition, key)]


@dataclass(frozen=True)
class IndicatorDetail:
    """Everything that an indicator's page shows."""

    key: str
    rule: Indicator
    chart: Chart
    omitted: int
    readings: list[Reading]
    count: int
    quarantined: list[Reading]
    triggers: list[TriggerStanding]
    labs: list[Organisation]
    lab: Organisation | None


def detail(key: str, at: datetime, lab: str = "") -> IndicatorDetail | None:
    """Return the indicator `key` of the text in force at `at`; None where the text has none, or there is no such lab."""
    text = text_at(at)
    rules = rules_of(text) if text else None
    if rules is None or key not in rules.indicators:
        return None
    labs = (
        list(Organisation.objects.filter(readings__indicator=key).distinct())
        if rules.indicators[key].about == "lab"
        else []
    )
    chosen = next((one for one in labs if one.key == lab), None)
    if lab and chosen is None:
        return None
    standing_readings = list(series(key, at, chosen))
    triggers = _on(standing(at), key)
    chart, omitted = readings_chart(rules, key, standing_readings, triggers)
    held = Quarantine.objects.in_force(at).filter(reading__indicator=key).select_related("reading__organisation")
    return IndicatorDetail(
        key=key,
        rule=rules.indicators[key],
        chart=chart,
        omitted=omitted,
        readings=standing_readings[:MOST_ROWS],
        count=len(standing_readings),
        quarantined=[one.reading for one in held],
        triggers=triggers,
        labs=labs,
        lab=chosen,
    )


def readings_chart(
    rules: Text, key: str, readings: Sequence[Reading], triggers: Sequence[TriggerStanding]
) -> tuple[Chart, int]:
    """Return the chart of standing readings, and how many of them it leaves out."""
    rule = rules.indicators[key]
    comparisons = [part for row in triggers for part in comparisons_of(row.rule.condition, key)]
    several = len({reading.organisation_id for reading in readings}) > 1
    apart = several or any(part.aggregate in {Aggregate.MAX, Aggregate.MIN} for part in comparisons)
    shown = _thinned(readings, apart=apart)
    values = [reading.value for reading in shown if reading.value > 0]
    log = rule.maximum is None and bool(values) and max(values) / min(values) > WIDE_RANGE
    chart = line_chart(
        _points(shown, rule.validity, apart=apart),
        title=rule.title,
        unit=rule.unit,
        thresholds=thresholds(comparisons),
        log=log,
        joined=not apart,
        height=220,
    )
    return chart, len(readings) - len(shown) if apart else 0


def thresholds(comparisons: Iterable[Comparison]) -> list[Threshold]:
    """Return the lines across a chart, each value once."""
    return [
        Threshold(value, _("threshold %(value)s") % {"value": on_the_axis(value)})
        for value in sorted({part.value for part in comparisons})
    ]


def _thinned(readings: Sequence[Reading], *, apart: bool) -> list[Reading]:
    """Return what a chart can show: of values that stand apart the largest ones, of others all."""
    if not apart or len(readings) <= MOST_POINTS:
        return list(readings)
    return sorted(readings, key=lambda reading: reading.value, reverse=True)[:MOST_POINTS]


def _points(readings: Iterable[Reading], validity: Duration, *, apart: bool) -> list[Point]:
    """Return the points in order; where none was valid any more, a gap stands between.

    Uncertainty is drawn where every reading states it: a band between a few would say something of all.
    """
    ordered = sorted(readings, key=lambda reading: (reading.observed_at, reading.pk))
    bounded = all(reading.low is not None and reading.high is not None for reading in ordered)
    points = [
        Point(
            reading.observed_at,
            reading.value,
            reading.low if bounded else None,
            reading.high if bounded else None,
            label=_label(reading) if apart else "",
        )
        for reading in ordered
    ]
    if apart:
        return points
    lapses = [validity.after(one.at) for one, other in pairwise(points) if validity.after(one.at) < other.at]
    return sorted([*points, *(Point(at, None) for at in lapses)], key=lambda point: point.at)


def _label(reading: Reading) -> str:
    name = reading.series.partition(":")[2] or reading.series
    return f"{reading.organisation.name}, {name}" if reading.organisation else name


def trigger_chart(found: TriggerStanding, at: datetime) -> Chart | None:
    """Return what the trigger compares over time, against its threshold; None where it is judged lab by lab or by several."""
    return next((chart for _, chart in trigger_charts([found], at)), None)


def trigger_charts(
    triggers: Iterable[TriggerStanding], at: datetime, around: Surroundings | None = None
) -> Iterator[tuple[TriggerStanding, Chart]]:
    """Yield those of the triggers that one line can show with their charts, as `trigger_chart` does; their readings are read together.

    `around` are `surroundings`, where they are at hand.
    """
    compared = [(one, found) for one in triggers if (found := _one_line(one.rule.condition))]
    if not compared:
        return
    rules = around.rules if around else rules_at(at)
    judged = world([comparison for _, comparison in compared], rules, at, whole=True, around=around)
    for one, comparison in compared:
        yield one, _trigger_chart(comparison, rules, judged, at)


def _one_line(condition: AnyCondition) -> Comparison | None:
    """Return the only comparison of a condition that is not judged lab by lab."""
    comparisons = [part for part in walk(condition) if isinstance(part, Comparison)]
    if len(comparisons) != 1 or any(isinstance(part, InLabs) for part in walk(condition)):
        return None
    return comparisons[0]


def _trigger_chart(comparison: Comparison, rules: Text, judged: World, at: datetime) -> Chart:
    points = _course(comparison, judged, at)
    return line_chart(
        points,
        title=_capital(subject_in_words(comparison, titles_of(rules), voice())),
        unit=rules.indicators[comparison.indicator].unit if comparison.aggregate is not Aggregate.COUNT else "",
        thresholds=thresholds([comparison]),
        log=rules.indicators[comparison.indicator].maximum is None and _is_wide(points),
        height=220,
    )


def _course(comparison: Comparison, judged: World, at: datetime) -> list[Point]:
    """Return the value from shortly before the first reading, at most eighteen months back; a step is drawn as a step."""
    own = (reading.observed_at for reading in judged.readings if reading.indicator == comparison.indicator)
    first = min(own, default=at)
    changes = course(comparison, judged, max(first, at - SHOWN_TIME), at)
    points = [Point(instant, value) for instant, value in changes]
    if points:
        points.append(Point(at, points[-1].value))
    return points if comparison.aggregate is Aggregate.MEAN else _steps(points)


def _steps(points: Sequence[Point]) -> list[Point]:
    held = [Point(other.at - timedelta(microseconds=1), one.value) for one, other in pairwise(points)]
    return sorted([*points, *held], key=lambda point: point.at)


def _is_wide(points: Iterable[Point]) -> bool:
    values = [point.value for point in points if point.value]
    return bool(values) and float(max(values)) > WIDE_RANGE * float(min(values)) > 0


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def in_rows(readings: Iterable[Reading]) -> list[tuple[Cell, ...]]:
    """Return readings as rows to take away, in the columns of docs/readings-csv.md and with what each was quarantined for."""
    return [
        (
            reading.indicator,
            reading.organisation.key if reading.organisation else None,
            *(None if one is None else Decimal(written(one)) for one in (reading.value, reading.low, reading.high)),
            reading.unit,
            reading.observed_at,
            reading.source,
            reading.provider,
            reading.series,
            reading.evidence_url,
            reading.received_at,
            reading.version,
            "; ".join(reason for hold in getattr(reading, "holds", ()) for reason in hold.reasons),
        )
        for reading in readings
    ]
