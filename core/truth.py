"""Three-valued truth (Kleene's strong logic): unknown is a value."""

from collections.abc import Iterable
from enum import Enum
from typing import Never


class Truth(Enum):
    """True, false or unknown. Compare by name; it has no bool, so unknown can never pass for false."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> Never:
        raise TypeError("a Truth has three values: compare it with Truth.TRUE, Truth.FALSE or Truth.UNKNOWN")

    @classmethod
    def of(cls, value: bool | None) -> "Truth":  # noqa: FBT001 - the conversion from bool itself
        """Return the truth of `value`; None is unknown."""
        if value is None:
            return cls.UNKNOWN
        return cls.TRUE if value else cls.FALSE


def negate(value: Truth) -> Truth:
    """Not; unknown stays unknown."""
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}[value]


def all_of(values: Iterable[Truth]) -> Truth:
    """And: false if any is false, else unknown if any is unknown. True for none."""
    seen = set(values)
    if Truth.FALSE in seen:
        return Truth.FALSE
    return Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.TRUE


def any_of(values: Iterable[Truth]) -> Truth:
    """Or: true if any is true, else unknown if any is unknown. False for none."""
    return negate(all_of(negate(value) for value in values))


def at_least(minimum: int, values: Iterable[Truth]) -> Truth:
    """True once `minimum` values are true; false once too few can still become true."""
    seen = list(values)
    true = seen.count(Truth.TRUE)
    if true >= minimum:
        return Truth.TRUE
    return Truth.UNKNOWN if true + seen.count(Truth.UNKNOWN) >= minimum else Truth.FALSE
