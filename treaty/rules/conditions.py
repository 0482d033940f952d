"""Conditions: small trees over readings that are true, false or unknown. No code, no regular expression, bounded depth.

A reading counts in a window from the instant it was observed until, not including, the instant that lies one window
later: at `at`, exactly those observed in (at - window, at]. `treaty.rules.evaluation` judges; this module is the shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal  # noqa: TC003 - pydantic reads annotations at run time
from enum import StrEnum
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from core.durations import Duration, Unit
from treaty.rules.values import Key, Length, Number, Prose, Provision, Share

DEEPEST = 8
MOST_NODES = 64
LONGEST_SPAN = {
    Unit.MINUTES: 525_600,
    Unit.HOURS: 87_600,
    Unit.DAYS: 18_300,
    Unit.WORKING_DAYS: 0,
    Unit.MONTHS: 600,
    Unit.YEARS: 50,
}


class Aggregate(StrEnum):
    """How the readings of a window become one value."""

    LATEST = "latest"  # the one observed last; of several, the one received last
    MEAN = "mean"  # the sum of the readings divided by their number, exactly
    MAX = "max"
    MIN = "min"
    SUM = "sum"
    COUNT = "count"  # how many readings there are
    RATE = "rate"  # (last - first) per day of 24 hours between them


class Edge(StrEnum):
    """Which edge of a reading's interval is compared. A reading that states no interval counts by its value."""

    VALUE = "value"
    LOW = "low"
    HIGH = "high"


class Comparison(Provision):
    """An aggregate of an indicator over a half-open window, against a value in the indicator's unit."""

    kind: Literal["compare"] = "compare"
    indicator: Key
    aggregate: Aggregate = Aggregate.LATEST
    window: Length | None = None  # None: as long as the indicator says that a reading is valid
    minimum_readings: int = Field(default=1, ge=0, le=100_000)  # fewer are unknown; 0 (sum, count): none is zero
    edge: Edge = Edge.VALUE
    sources: tuple[Literal["verified", "observed", "declared"], ...] = ()  # in order; () = the indicator's own order
    op: Literal[">", ">=", "<", "<="]
    value: Number
    unit: Prose | None = None  # where it is given, it has to be the indicator's
    sustained_for: Length | None = None  # true at every instant of that long, up to now

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        for problem in _unjudgeable(self):
            raise ValueError(problem)
        return self


def _unjudgeable(comparison: Comparison) -> Iterator[str]:
    for name in ("window", "sustained_for"):
        length: Duration | None = getattr(comparison, name)
        if length is not None and not 0 < length.amount <= LONGEST_SPAN[length.unit]:
            yield f"{name}: write a length of more than nothing, at most 50 years, in min, h, d, mo or y"
    if comparison.minimum_readings == 0 and comparison.aggregate not in {Aggregate.SUM, Aggregate.COUNT}:
        yield f"minimum_readings: 0 fits sum and count only: no reading has no {comparison.aggregate}"
    if len(set(comparison.sources)) < len(comparison.sources):
        yield "sources: each source is named once"


class Group(Provision):
    """What holds other conditions: bounded in depth and number, whatever is sent."""

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, data: object) -> object:
        _refuse_bombs(data)
        return data


def _refuse_bombs(data: object) -> None:
    """Raise ValueError for a tree of more than MOST_NODES conditions or DEEPEST levels, before any of it is built."""
    level: list[object] = [data]
    nodes = 0
    for depth in range(1, DEEPEST + 2):
        if not level:
            return
        nodes += len(level)
        if depth > DEEPEST:
            raise ValueError(f"a condition is nested at most {DEEPEST} levels deep")
        if nodes > MOST_NODES:
            raise ValueError(f"a condition has at most {MOST_NODES} parts")
        level = [part for node in level for part in _raw_parts(node)]


def _raw_parts(node: object) -> Sequence[object]:
    parts = node.get("of") if isinstance(node, Mapping) else getattr(node, "of", None)
    if isinstance(parts, list | tuple):
        return parts[: MOST_NODES + 1]
    return [] if parts is None else [parts]


class All(Group):
    """Every part is true."""

    kind: Literal["all"] = "all"
    of: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(Group):
    """At least one part is true."""

    kind: Literal["any"] = "any"
    of: tuple[Condition, ...] = Field(min_length=1)


class AtLeast(Group):
    """At least `n` parts are true."""

    kind: Literal["at_least"] = "at_least"
    n: int
    of: tuple[Condition, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not 1 <= self.n <= len(self.of):
            raise ValueError(f"n: {self.n} is not between 1 and the number of parts, {len(self.of)}")
        return self


class Not(Group):
    """The part is false."""

    kind: Literal["not"] = "not"
    of: Condition


class InLabs(Group):
    """`of`, judged for each bound lab by its own readings, is true in at least `n` labs or a share of them.

    With `affiliates_together`, labs that are affiliated to each other are judged as one, by all their readings.
    """

    kind: Literal["in_labs"] = "in_labs"
    n: int | None = Field(default=None, ge=1)
    share: Share | None = None
    affiliates_together: bool = False
    of: Condition

    @model_validator(mode="after")
    def _counts_labs(self) -> Self:
        if (self.n is None) == (self.share is None):
            raise ValueError("give either n or share")
        if self.share == 0:
            raise ValueError("share: a share of nothing is always reached")
        if any(isinstance(part, InLabs) for part in walk(self.of)):
            raise ValueError("of: in_labs stands in no other in_labs")
        return self


class Determined(Provision):
    """A monitoring body has determined it, and the determination has not expired.

    `undisputed`: it does not count as met while a body disputes the verified stand-down of a bound lab (`treaty.rules.standing.dispute`).
    """

    kind: Literal["determined"] = "determined"
    criterion: Key
    undisputed: Literal[True] | None = (
        None  # None, not False: an amendment's changes name no field that its text does not have
    )


type Condition = Annotated[Comparison | All | AnyOf | AtLeast | Not | InLabs | Determined, Field(discriminator="kind")]
type AnyCondition = Comparison | All | AnyOf | AtLeast | Not | InLabs | Determined

for _model in (All, AnyOf, AtLeast, Not, InLabs):
    _model.model_rebuild()


def parts_of(condition: AnyCondition) -> tuple[AnyCondition, ...]:
    """Return the conditions that `condition` is made of."""
    match condition:
        case All() | AnyOf() | AtLeast():
            return condition.of
        case Not() | InLabs():
            return (condition.of,)
        case _:
            return ()


def walk(condition: AnyCondition) -> Iterator[AnyCondition]:
    """Yield the condition and every part of it, each before its own parts."""
    yield condition
    for part in parts_of(condition):
        yield from walk(part)


def asks_for_no_dispute(conditions: Iterable[AnyCondition]) -> bool:
    """Whether a dispute over a verified stand-down can change what one of `conditions` is."""
    parts = (part for condition in conditions for part in walk(condition))
    return any(isinstance(part, Determined) and part.undisputed for part in parts)


def indicators_of(condition: AnyCondition) -> frozenset[str]:
    """Return the indicators that the condition is judged by."""
    return frozenset(part.indicator for part in walk(condition) if isinstance(part, Comparison))


def comparisons_of(condition: AnyCondition, indicator: str) -> tuple[Comparison, ...]:
    """Return the comparisons over `indicator`: the thresholds of a chart."""
    return tuple(part for part in walk(condition) if isinstance(part, Comparison) and part.indicator == indicator)


class Measure(Protocol):
    """What a condition has to know of an indicator of the text."""

    @property
    def unit(self) -> str:
        """The unit of its readings."""

    @property
    def about(self) -> Literal["world", "lab"]:
        """Whether its readings are about one lab each."""

    @property
    def minimum(self) -> Decimal | None:
        """The smallest value that a reading can have."""

    @property
    def maximum(self) -> Decimal | None:
        """The largest value that a reading can have."""


def unresolved(
    condition: AnyCondition, *, indicators: Mapping[str, Measure], criteria: frozenset[str], where: str
) -> list[str]:
    """Return what in `condition` does not fit the text: names, units, values out of range, labs asked for or missing."""
    return list(_unresolved(condition, indicators, criteria, where, in_labs=False))


def _unresolved(
    condition: AnyCondition, indicators: Mapping[str, Measure], criteria: frozenset[str], where: str, *, in_labs: bool
) -> Iterator[str]:
    match condition:
        case Comparison():
            yield from _misfits(condition, indicators, where, in_labs=in_labs)
        case Determined(criterion=criterion) if criterion not in criteria:
            yield f"{where}.criterion: there is no resumption criterion {criterion!r}"
        case Not() | InLabs():
            inside = in_labs or isinstance(condition, InLabs)
            yield from _unresolved(condition.of, indicators, criteria, f"{where}.of", in_labs=inside)
        case _:
            for place, part in enumerate(parts_of(condition)):
                yield from _unresolved(part, indicators, criteria, f"{where}.of.{place}", in_labs=in_labs)


def _misfits(comparison: Comparison, indicators: Mapping[str, Measure], where: str, *, in_labs: bool) -> Iterator[str]:
    indicator = indicators.get(comparison.indicator)
    if indicator is None:
        yield f"{where}.indicator: there is no indicator {comparison.indicator!r}"
        return
    if comparison.unit is not None and comparison.unit != indicator.unit:
        yield f"{where}.unit: {comparison.indicator} is measured in {indicator.unit!r}, not in {comparison.unit!r}"
    if indicator.about == "lab" and not in_labs:
        yield f"{where}: {comparison.indicator} is measured in each lab; put the comparison inside in_labs"
    if comparison.aggregate not in {Aggregate.SUM, Aggregate.COUNT, Aggregate.RATE} and not _reachable(
        comparison, indicator
    ):
        yield f"{where}.value: no {comparison.indicator} reaches {comparison.value} {indicator.unit}"


def _reachable(comparison: Comparison, indicator: Measure) -> bool:
    low, high = indicator.minimum, indicator.maximum
    return (low is None or comparison.value >= low) and (high is None or comparison.value <= high)
