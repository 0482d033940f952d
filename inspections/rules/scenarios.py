"""Scenarios for the simulator: what is really so over the years, and laboratories with their habits and their cheating."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.durations import Duration
from treaty.rules.commitments import AllOf, AnyOf, Named, PledgeCondition, Unconditional
from treaty.rules.reading import Problem, TextInvalid, field_lines, read_model
from treaty.rules.text import Indicator, Text
from treaty.rules.values import Key, Length, Number, Prose, Provision, Ratio, Share

LONGEST_YEARS = 50
MOST_READINGS = 200_000
MOST_LOOKS = 1_000_000


class Point(Provision):
    """What is really so at an instant."""

    after: Length  # the start of the scenario
    value: Number


type Points = Annotated[tuple[Point, ...], Field(min_length=1, max_length=200)]


class Series(Provision):
    """An indicator over the years: at every laboratory alike, or, where it has points of its own, as `labs` says."""

    every: Length
    shape: Literal["line", "steps"] = "line"  # between two points: straight, or as the earlier one
    points: Points
    labs: dict[Key, Points] = {}
    reports_after: Length = Duration.parse(
        "5 d"
    )  # for an indicator about the world; laboratories have a habit of their own


class Cheat(Provision):
    """What a laboratory hides: it states a `factor` of the truth, or it goes on training under a pause."""

    kind: Literal["under_reports", "keeps_training"]
    indicator: Key | None = None
    factor: Share | None = None
    after: Length
    lasts: Length | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Cheat":
        needed = self.kind == "under_reports"
        if (self.indicator is not None, self.factor is not None) != (needed, needed):
            raise ValueError("under_reports needs indicator and factor, keeps_training has neither")
        return self


class Lab(Provision):
    """A laboratory's habits. A stage that `stages` does not name takes half of the time that the text gives."""

    compute: Ratio | None = None
    pledge: PledgeCondition = Unconditional()
    confirms_after: Length = Duration.parse("6 h")
    vote: Literal["consent", "object", "abstain", "silent"] = "consent"
    votes_after: Length = Duration.parse("12 h")
    reports_after: Length = Duration.parse("5 d")
    misses: Share = Field(default="0", validate_default=True)  # the share of readings that are never stated
    stages: dict[Literal["acknowledge", "halt", "roll_back", "declare", "verify"], Length] = {}
    cheats: tuple[Cheat, ...] = ()


class Scenario(Provision):
    """The whole of what is played."""

    title: Prose
    seed: Annotated[int, Field(ge=0, le=2**32, strict=True)]
    starts: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    years: Annotated[int, Field(ge=1, le=LONGEST_YEARS, strict=True)]
    looks_every: Length = Duration.parse("1 d")
    determines_after: Length = Duration.parse("60 d")
    asks_every: Length = Duration.parse("30 d")
    detection: Share | None = None  # of one visit; without it the text's detection_probability
    labs: dict[Key, Lab] = Field(min_length=1, max_length=200)
    series: dict[Key, Series] = Field(min_length=1)

    @property
    def start(self) -> datetime:
        """The first instant."""
        return datetime.fromisoformat(self.starts).replace(tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant that is not played any more."""
        return Duration.parse(f"{self.years} y").after(self.start)


def read_scenario(source: bytes, text: Text) -> Scenario:
    """Return the scenario; raise TextInvalid with the line of each thing that is wrong in itself or unknown to the text."""
    scenario = read_model(source, Scenario)
    lines = field_lines(source)
    found = [Problem(_line(lines, path), path, detail) for path, detail in _problems(scenario, text)]
    if found:
        raise TextInvalid(sorted(found, key=lambda problem: (problem.line, problem.path)))
    return scenario


def _line(lines: dict[str, int], path: str) -> int:
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path, 1)


def _problems(scenario: Scenario, text: Text) -> Iterator[tuple[str, str]]:
    try:
        start, end = scenario.start, scenario.end
    except ValueError:
        yield "starts", f"{scenario.starts} and the years after it are not all in the calendar"
        return
    if not scenario.looks_every.amount:
        yield "looks_every", "write a length of more than nothing"
    elif _times(scenario.looks_every, start, end) > MOST_LOOKS:
        yield "looks_every", f"that is more than {MOST_LOOKS:,} looks"
    for key, series in scenario.series.items():
        yield from _about_series(key, series, scenario, text)
    for lab, habits in scenario.labs.items():
        for name in sorted(_named(habits.pledge) - scenario.labs.keys()):
            yield f"labs.{lab}.pledge", f"the scenario has no laboratory {name!r}"
        for place, cheat in enumerate(habits.cheats):
            if cheat.indicator is not None and cheat.indicator not in scenario.series:
                yield f"labs.{lab}.cheats.{place}.indicator", f"the scenario has no series {cheat.indicator!r}"


def _times(every: Duration, start: datetime, end: datetime) -> int:
    return (end - start) // (every.after(start) - start)


def _named(pledge: PledgeCondition) -> frozenset[str]:
    match pledge:
        case Named():
            return frozenset(pledge.labs)
        case AllOf() | AnyOf():
            return frozenset().union(*map(_named, pledge.of))
        case _:
            return frozenset()


def _about_series(key: str, series: Series, scenario: Scenario, text: Text) -> Iterator[tuple[str, str]]:
    path = f"series.{key}"
    indicator = text.indicators.get(key)
    if indicator is None:
        yield path, f"the text has no indicator {key!r}: it has {', '.join(sorted(text.indicators))}"
        return
    if not series.every.amount:
        yield f"{path}.every", "write a length of more than nothing"
    elif _times(series.every, scenario.start, scenario.end) * len(scenario.labs) > MOST_READINGS:
        yield f"{path}.every", f"that is more than {MOST_READINGS:,} readings"
    for lab in series.labs:
        if indicator.about == "world":
            yield f"{path}.labs.{lab}", "this indicator is about the world, not about a laboratory"
        elif lab not in scenario.labs:
            yield f"{path}.labs.{lab}", f"the scenario has no laboratory {lab!r}"
    for where, points in [("points", series.points), *((f"labs.{lab}", own) for lab, own in series.labs.items())]:
        yield from _about_points(f"{path}.{where}", points, indicator, scenario.start)


def _about_points(path: str, points: Points, indicator: Indicator, start: datetime) -> Iterator[tuple[str, str]]:
    instants = [one.after.after(start) for one in points]
    if instants != sorted(set(instants)):
        yield path, "points stand in order, one for each instant"
    for place, point in enumerate(points):
        low, high = indicator.minimum, indicator.maximum
        if (low is not None and point.value < low) or (high is not None and point.value > high):
            yield f"{path}.{place}.value", f"the indicator cannot be {point.value}"
