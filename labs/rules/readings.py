"""Readings: what a condition is evaluated over, and what a reading must not contradict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from core.errors import DomainError
from core.times import stamp

# No quantity here needs more; 1e308 and numbers of 5,000 digits are mistakes or attacks.
LARGEST_EXPONENT: Final = 60
SMALLEST_EXPONENT: Final = -30
MOST_DIGITS: Final = 40
EXACT: Final = Context(prec=2 * MOST_DIGITS)  # the default context would round to 28 digits


class Source(StrEnum):
    """Who vouches for a reading."""

    DECLARED = "declared"  # the lab itself
    OBSERVED = "observed"  # a third party
    VERIFIED = "verified"  # a monitoring body


class ReadingRefused(DomainError):
    """The reading does not fit its indicator."""

    code = "reading_refused"


@dataclass(frozen=True)
class IndicatorRule:
    """What the treaty text in force says of an indicator."""

    key: str
    unit: str
    about: Literal["world", "lab"]
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    largest_jump: Decimal | None = None  # factor above the largest earlier value that is physically possible
    part_of: str | None = None  # the indicator that this one is a part of
    parts: frozenset[str] = field(default_factory=frozenset)  # the indicators that are parts of this one
    one_at_a_time: bool = False  # a source has one value of an instant: a second series is the same datum twice

    @property
    def beside(self) -> frozenset[str]:
        """The indicators whose readings one of this must not contradict; none where the text names no relation."""
        related = self.one_at_a_time or self.largest_jump is not None or self.part_of or self.parts
        return frozenset({self.key, *self.parts, *filter(None, [self.part_of])}) if related else frozenset()


class ReadingValue(NamedTuple):
    """One version of one datum. `lab` is the organisation's key; None for a reading about the world."""

    id: int
    indicator: str
    lab: str | None
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    observed_at: datetime
    received_at: datetime
    source: str
    series: str
    version: int


def written(number: Decimal) -> str:
    """Return the one way a number is written in the record: no trailing zero, no exponent below 10^21, no plus sign."""
    if not number:
        return "0"
    plain = EXACT.normalize(number)
    return f"{plain:f}" if -12 < plain.adjusted() < 21 else f"{plain:E}".replace("E+", "e").replace("E", "e")


def check_reading(reading: ReadingValue, indicator: IndicatorRule, *, unit: str) -> None:
    """Raise ReadingRefused for what is wrong in itself: unit, subject, bounds, interval, an instant yet to come."""
    for name, number in (("value", reading.value), ("low", reading.low), ("high", reading.high)):
        if number is not None:
            _check_number(name, number, indicator)
    if unit != indicator.unit:
        raise _refused("unit", f"{indicator.key} is measured in {indicator.unit!r}, not in {unit[:40]!r}.")
    if (reading.lab is None) != (indicator.about == "world"):
        raise _refused(
            "organisation",
            "Say which laboratory this is about."
            if reading.lab is None
            else "This indicator is about the world, not about one laboratory.",
        )
    if reading.observed_at > reading.received_at:
        raise _refused(
            "observed_at", f"{stamp(reading.observed_at)} is in the future: a projection is not an observation."
        )
    if not _interval_holds(reading):
        raise _refused("low", "The interval does not hold the value: write low ≤ value ≤ high.")


def refusals(reading: ReadingValue, indicator: IndicatorRule, others: Sequence[ReadingValue]) -> list[str]:
    """Return why a reading cannot be taken beside what stands: a part above the newest total of the same lab."""
    total = _newest(
        other
        for other in others
        if other.indicator == indicator.part_of
        and other.lab == reading.lab
        and other.observed_at <= reading.observed_at
    )
    if total is None or _upper(total) >= reading.value:
        return []
    return [
        f"{written(reading.value)} is a part of {total.indicator}, which is {written(total.value)} (reading {total.id}): a part is not above its total."
    ]


def contradictions(reading: ReadingValue, indicator: IndicatorRule, others: Sequence[ReadingValue]) -> list[str]:
    """Return why a reading goes to quarantine: a duplicate, an impossible jump, or a total below a part that stands."""
    return [
        *_duplicates(reading, indicator, others),
        *_jumps(reading, indicator, others),
        *_parts_above(reading, indicator, others),
    ]


def _duplicates(reading: ReadingValue, indicator: IndicatorRule, others: Sequence[ReadingValue]) -> list[str]:
    """A source has one value of an instant; the same instant under another name would count twice."""
    if not indicator.one_at_a_time:
        return []
    names = ("indicator", "lab", "source", "observed_at")
    same = next(
        (
            other
            for other in others
            if other.series != reading.series and all(getattr(other, one) == getattr(reading, one) for one in names)
        ),
        None,
    )
    if same is None:
        return []
    return [
        f"{stamp(reading.observed_at)} is {written(same.value)} already by the same kind of source, as {same.series!r} (reading {same.id}): one datum does not count twice."
    ]


def _jumps(reading: ReadingValue, indicator: IndicatorRule, others: Sequence[ReadingValue]) -> list[str]:
    if indicator.largest_jump is None:
        return []
    earlier = [
        other
        for other in others
        if other.indicator == reading.indicator
        and other.lab == reading.lab
        and other.series != reading.series
        and other.observed_at < reading.observed_at
    ]
    largest = max(earlier, key=lambda other: other.value, default=None)
    if largest is None or largest.value <= 0 or reading.value <= largest.value * indicator.largest_jump:
        return []
    factor = written(Decimal(round(Fraction(reading.value) / Fraction(largest.value))))
    return [
        f"{written(reading.value)} is {factor} times the largest value before it ({written(largest.value)}, reading {largest.id}); the text takes at most {written(indicator.largest_jump)} for possible."
    ]


def _parts_above(reading: ReadingValue, indicator: IndicatorRule, others: Sequence[ReadingValue]) -> list[str]:
    parts = [
        other
        for other in others
        if other.indicator in indicator.parts and other.lab == reading.lab and other.observed_at >= reading.observed_at
    ]
    above = [part for part in parts if part.value > _upper(reading)]
    return [
        f"{written(reading.value)} is below its part {part.indicator} of {written(part.value)} (reading {part.id})."
        for part in above
    ]


def _newest(values: Iterable[ReadingValue]) -> ReadingValue | None:
    return max(values, key=lambda value: (value.observed_at, value.version), default=None)


def _upper(reading: ReadingValue) -> Decimal:
    return reading.value if reading.high is None else reading.high


def _interval_holds(reading: ReadingValue) -> bool:
    return (reading.low is None or reading.low <= reading.value) and (
        reading.high is None or reading.value <= reading.high
    )


def _check_number(name: str, number: Decimal, indicator: IndicatorRule) -> None:
    if not number.is_finite():
        raise _refused(name, "Write a finite number.")
    if number and not SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:
        raise _refused(name, f"No quantity here is beyond 10^{LARGEST_EXPONENT} or finer than 10^{SMALLEST_EXPONENT}.")
    if len(number.as_tuple().digits) > MOST_DIGITS:
        raise _refused(name, f"Write at most {MOST_DIGITS} digits.")
    if indicator.minimum is not None and number < indicator.minimum:
        raise _refused(
            name, f"{written(number)} is below {written(indicator.minimum)}, the least that {indicator.key} can be."
        )
    if indicator.maximum is not None and number > indicator.maximum:
        raise _refused(
            name, f"{written(number)} is above {written(indicator.maximum)}, the most that {indicator.key} can be."
        )


def _refused(field_name: str, detail: str) -> ReadingRefused:
    return ReadingRefused(detail, fields={field_name: detail})
