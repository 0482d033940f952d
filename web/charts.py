"""The geometry of a chart over time: numbers in, places in a drawing out. Pure; `components/chart_line.html` draws it.

The plot is 1000 units wide and stretches to any width; what must not stretch (labels, dots) is placed in per cent.
Floats are right here: a chart shows, it decides nothing.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from web.languages import instant

type Number = int | float | Decimal | Fraction

WIDTH: Final = 1000
SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
MOST_TICKS: Final = 5
LONG: Final = 500  # points
LARGE: Final = 1e6
SMALLEST: Final = 1e-300  # what a logarithmic scale can hold


@dataclass(frozen=True)
class Point:
    """One value of a series; a `value` of None is a gap. `low` and `high` bound what is not certain."""

    at: datetime
    value: Number | None
    low: Number | None = None
    high: Number | None = None
    label: str = ""
    projected: bool = False


@dataclass(frozen=True)
class Threshold:
    """A line across the chart, with its words."""

    value: Number
    label: str


@dataclass(frozen=True)
class Tick:
    """A label on an axis: `place` in per cent of the width, or in pixels from the top."""

    place: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Dot:
    """A single value: `x` in per cent, `y` in pixels, and what it says."""

    x: float
    y: float
    words: str
    projected: bool


@dataclass(frozen=True)
class Gap:
    """Where data are missing, in per cent of the width."""

    x: float
    width: float


@dataclass(frozen=True)
class Row:
    """A point as words, for the table beside the chart."""

    at: datetime
    value: str
    low: str
    high: str
    label: str


@dataclass(frozen=True)
class Chart:
    """Everything that a template needs to draw a chart and to say it in words."""

    title: str
    description: str
    unit: str
    height: int
    lines: tuple[str, ...]
    projections: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[Dot, ...]
    gaps: tuple[Gap, ...]
    limits: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    thresholds: tuple[Threshold, ...]
    log: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """The points as words."""
        return tuple(_row(point) for point in self.points)

    @property
    def full_height(self) -> int:
        """The height with the labels of the time axis, in pixels."""
        return self.height + 24

    @property
    def is_long(self) -> bool:
        """Whether it has more points than a picture can show apart, so that zooming tells more."""
        return len(self.points) > LONG

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to draw."""
        return not self.dots and not self.lines and not self.projections

    @property
    def has_bounds(self) -> bool:
        """Whether any value has its uncertainty stated."""
        return bool(self.bands)

    @property
    def has_labels(self) -> bool:
        """Whether any value is named, as a training run is."""
        return any(point.label for point in self.points)


@dataclass(frozen=True)
class _Scale:
    """Maps instants to 0…1000 and values to pixels from the top."""

    start: datetime
    end: datetime
    bottom: float
    top: float
    height: int
    log: bool

    def x(self, at: datetime) -> float:
        length = (self.end - self.start).total_seconds() or 1.0
        return round((at - self.start).total_seconds() / length * WIDTH, 1)

    def y(self, value: float) -> float:
        bottom, top, here = (self._level(number) for number in (self.bottom, self.top, max(value, self.bottom)))
        return round(self.height * (1 - (here - bottom) / (top - bottom)), 1)

    def _level(self, value: float) -> float:
        return math.log10(value) if self.log else value


def line_chart(
    points: Iterable[Point],
    *,
    title: str,
    unit: str = "",
    thresholds: Sequence[Threshold] = (),
    log: bool = False,
    joined: bool = True,
    height: int = 150,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Chart:
    """Lay out a series. `joined=False` draws values apart (training runs); on a log scale a value of zero or less is a gap."""
    series = sorted(points, key=lambda point: point.at)
    limits = [limit for limit in thresholds if _drawable(limit.value, log=log)]
    known = [point for point in series if _drawable(point.value, log=log)]
    description = _describe(series, known, limits, unit, log=log)
    if not known:
        return Chart(
            title, description, unit, height, (), (), (), (), (), (), (), (), tuple(series), tuple(thresholds), log
        )
    scale = _scale(series, known, limits, height=height, start=start, end=end, log=log, joined=joined)
    return Chart(
        title=title,
        description=description,
        unit=unit,
        height=height,
        lines=tuple(_lines(series, scale, projected=False)) if joined else (),
        projections=tuple(_lines(series, scale, projected=True)) if joined else (),
        bands=tuple(_bands(series, scale)),
        dots=tuple(_dots(series, scale, unit, joined=joined)),
        gaps=tuple(_gaps(series, scale)) if joined else (),
        limits=tuple(Tick(scale.y(float(limit.value)), limit.label, "start") for limit in limits),
        x_ticks=tuple(_x_ticks(scale)),
        y_ticks=tuple(Tick(scale.y(value), written(value), "end") for value in _y_ticks(scale)),
        points=tuple(series),
        thresholds=tuple(thresholds),
        log=log,
    )


def as_decimal(value: object) -> Decimal:
    """Return a number as a decimal: a fraction that no decimal equals to 28 digits, all else exactly. Raises InvalidOperation for what is no number."""
    return Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else Decimal(str(value))


def written(value: Number | None) -> str:
    """Write a value shortly in plain text: 83, 0.5, 3.2×10²⁵; an em dash for None."""
    if value is None or not math.isfinite(float(value)):
        return "—"
    number = float(value)
    if abs(number) < LARGE:
        return f"{number:,.4g}" if abs(number) < 1000 else f"{number:,.0f}"
    power = math.floor(math.log10(abs(number)))
    factor = f"{number / 10**power:.3g}"
    if factor == "10":
        factor, power = "1", power + 1
    return ("" if factor == "1" else f"{factor}×") + "10" + str(power).translate(SUPERSCRIPTS)


def _drawable(value: Number | None, *, log: bool) -> bool:
    return value is not None and math.isfinite(float(value)) and (not log or value > SMALLEST)


def _scale(
    series: Sequence[Point],
    known: Sequence[Point],
    limits: Sequence[Threshold],
    *,
    height: int,
    start: datetime | None,
    end: datetime | None,
    log: bool,
    joined: bool,
) -> _Scale:
    values = [float(limit.value) for limit in limits]
    for point in known:
        values += [
            float(number)
            for number in (point.value, point.low, point.high)
            if number is not None and _drawable(number, log=log)
        ]
    bottom, top = _padded(min(values), max(values), log=log)
    start, end = start or series[0].at, end or series[-1].at
    if start >= end:
        start, end = start - timedelta(days=1), start + timedelta(days=1)
    if not joined:  # no dot on the frame
        start, end = start - (end - start) * 0.03, end + (end - start) * 0.03
    return _Scale(start, end, bottom, top, height, log)


def _padded(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Leave room above and below; a series that starts near zero starts at zero."""
    if log:
        room = max((math.log10(high) - math.log10(low)) * 0.12, 0.15)
        return 10 ** (math.log10(low) - room), 10 ** (math.log10(high) + room)
    room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
    floor = 0.0 if 0 <= low <= (high - low) * 0.6 else low - room
    return floor, high + room


def _stretches(series: Sequence[Point], scale: _Scale) -> Iterator[list[Point]]:
    """Yield the runs of points between gaps."""
    run: list[Point] = []
    for point in series:
        if _drawable(point.value, log=scale.log):
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _path(places: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places)


def _place(point: Point, scale: _Scale) -> tuple[float, float]:
    value = math.nan if point.value is None else float(point.value)  # a run holds values only
    return scale.x(point.at), scale.y(value)


def _lines(series: Sequence[Point], scale: _Scale, *, projected: bool) -> Iterator[str]:
    for run in _stretches(series, scale):
        part: list[tuple[float, float]] = []
        for before, after in pairwise(run):
            if after.projected is projected:
                part = part or [_place(before, scale)]
                part.append(_place(after, scale))
            elif part:
                yield _path(part)
                part = []
        if part:
            yield _path(part)


def _bands(series: Sequence[Point], scale: _Scale) -> Iterator[str]:
    for run in _stretches(series, scale):
        bounded = [
            (scale.x(point.at), point.low, point.high)
            for point in run
            if point.low is not None and point.high is not None
        ]
        if not bounded:
            continue
        if len(bounded) == 1:  # an interval by itself is drawn as a narrow bar
            x, low, high = bounded[0]
            bounded = [(x - 4, low, high), (x + 4, low, high)]
        above = [(x, scale.y(float(high))) for x, _low, high in bounded]
        below = [(x, scale.y(float(low))) for x, low, _high in reversed(bounded)]
        yield _path([*above, *below]) + "Z"


def _dots(series: Sequence[Point], scale: _Scale, unit: str, *, joined: bool) -> Iterator[Dot]:
    """Every value where values stand apart; otherwise the ones alone between gaps, and the newest."""
    for run in _stretches(series, scale):
        for point in run:
            if not joined or len(run) == 1 or point is series[-1]:
                x, y = _place(point, scale)
                words = f"{point.label} {written(point.value)} {unit}, {instant(point.at, 'shortday')}"
                yield Dot(round(x / WIDTH * 100, 2), y, words.strip(), point.projected)


def _gaps(series: Sequence[Point], scale: _Scale) -> Iterator[Gap]:
    runs = list(_stretches(series, scale))
    edges = [(before[-1].at, after[0].at) for before, after in pairwise(runs)]
    if runs and runs[-1][-1] is not series[-1]:
        edges.append((runs[-1][-1].at, series[-1].at))
    for left, right in edges:
        x = scale.x(left) / WIDTH * 100
        yield Gap(round(x, 2), round(scale.x(right) / WIDTH * 100 - x, 2))


def _y_ticks(scale: _Scale) -> list[float]:
    if scale.log:
        return _decades(scale.bottom, scale.top)
    rough = (scale.top - scale.bottom) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    first = math.ceil(scale.bottom / step - 1e-9)
    count = math.floor((scale.top - first * step) / step + 1e-9) + 1
    return [float(f"{(first + at) * step:.10g}") for at in range(count)]


def _decades(bottom: float, top: float) -> list[float]:
    first, last = math.ceil(math.log10(bottom) - 1e-9), math.floor(math.log10(top) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / MOST_TICKS))
    powers = [10.0**power for power in range(first, last + 1, step)]
    if len(powers) > 1:
        return powers
    between = [factor * 10.0**power for power in range(first - 1, last + 1) for factor in (1, 2, 5)]
    return [value for value in between if bottom <= value <= top]


def _x_ticks(scale: _Scale) -> Iterator[Tick]:
    for at, label in _calendar(scale.start.astimezone(UTC), scale.end.astimezone(UTC)):
        place = round(scale.x(at) / WIDTH * 100, 2)
        anchor = "start" if place < 4 else "end" if place > 96 else "middle"
        yield Tick(place, label, anchor)


def _calendar(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Return at most five round instants with short labels: hours, days, months or years apart."""
    for hours in (1, 3, 6, 12, 24, 48, 168, 336):
        if (end - start) / timedelta(hours=hours) < MOST_TICKS:
            return [(at, instant(at, "time" if at.hour else "daymonth")) for at in _hours(start, end, hours)]
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 600):
        ticks = _months(start, end, months)
        if len(ticks) <= MOST_TICKS:
            return [(at, _month(at, ticks[0], months)) for at in ticks]
    return []


def _month(at: datetime, first: datetime, months: int) -> str:
    """Write the year once: with the first tick, and with each January."""
    if months >= 12:  # ticks a year or more apart
        return date_format(at, "Y")
    return instant(at, "month") if at == first or at.month == 1 else date_format(at, "M")


def _hours(start: datetime, end: datetime, hours: int) -> list[datetime]:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    step = timedelta(hours=hours)
    first = midnight + step * math.ceil((start - midnight) / step)
    return [first + step * at for at in range(int((end - first) / step) + 1)] if first <= end else []


def _months(start: datetime, end: datetime, months: int) -> list[datetime]:
    ticks = []
    for count in range((start.year * 12 + start.month - 1) // months * months, end.year * 12 + end.month, months):
        at = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
        if start <= at <= end:
            ticks.append(at)
    return ticks


def _row(point: Point) -> Row:
    return Row(point.at, written(point.value), written(point.low), written(point.high), point.label)


def _describe(
    series: Sequence[Point], known: Sequence[Point], limits: Sequence[Threshold], unit: str, *, log: bool
) -> str:
    """Say the chart in words, for those who do not see it."""
    if not known:
        return _("No data.")
    first, last = known[0], known[-1]
    words = [
        _("%(count)s values, from %(first)s %(unit)s on %(start)s to %(last)s %(unit)s on %(end)s.")
        % {
            "count": len(known),
            "first": written(first.value),
            "last": written(last.value),
            "unit": unit,
            "start": instant(first.at, "day"),
            "end": instant(last.at, "day"),
        }
    ]
    words += [
        _("%(label)s: the newest value is %(where)s it.")
        % {"label": limit.label[:1].upper() + limit.label[1:], "where": _side(last, limit)}
        for limit in limits
    ]
    missing = len(series) - len(known)
    if missing:
        words.append(
            ngettext(
                "One value is missing and shown as a gap.", "%(count)s values are missing and shown as gaps.", missing
            )
            % {"count": missing}
        )
    if log:
        words.append(_("Logarithmic scale."))
    return " ".join(words).replace("  ", " ")


def _side(point: Point, limit: Threshold) -> str:
    value = Fraction(str(point.value)) if not isinstance(point.value, Fraction) else point.value
    bound = Fraction(str(limit.value)) if not isinstance(limit.value, Fraction) else limit.value
    return _("at") if value == bound else _("above") if value > bound else _("below")
