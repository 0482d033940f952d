"""What a facility's accelerators amount to. Thresholds and the reference chip come from the treaty text, through the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

SECONDS_A_DAY: Final = 86_400
LONGEST: Final = timedelta(days=365_000)  # what is longer is no bound at all


@dataclass(frozen=True)
class Line:
    """So many accelerators of one model: memory in GB each, dense 8-bit operations per second each, watts each."""

    accelerator: str
    quantity: int
    memory_gb: Decimal
    ops_8bit: Decimal
    tdp_w: int


@dataclass(frozen=True)
class Covered:
    """What makes a cluster covered: more than either number."""

    h100_equivalents_above: Decimal
    memory_gb_above: Decimal
    h100_ops: Decimal  # dense 8-bit operations per second of one H100


def h100_equivalents(lines: Sequence[Line], h100_ops: Decimal) -> Fraction:
    """Return the 8-bit operations per second of all lines as a number of H100s."""
    return _h100_equivalents(tuple(lines), h100_ops)


@lru_cache(maxsize=4096)
def _h100_equivalents(lines: tuple[Line, ...], h100_ops: Decimal) -> Fraction:
    """Divide once for all sites that have the same, and for all figures of one page."""
    return operations_per_second(lines) / Fraction(h100_ops)


def operations_per_second(lines: Sequence[Line]) -> Fraction:
    """Return the dense 8-bit operations per second of all lines."""
    return sum((line.quantity * Fraction(line.ops_8bit) for line in lines), Fraction(0))


def memory_gb(lines: Sequence[Line]) -> Fraction:
    """Return the accelerator memory of all lines in GB."""
    return sum((line.quantity * Fraction(line.memory_gb) for line in lines), Fraction(0))


def power_w(lines: Sequence[Line]) -> int:
    """Return the accelerators' thermal design power in watts, cooling and hosts not counted."""
    return sum(line.quantity * line.tdp_w for line in lines)


def is_covered(lines: Sequence[Line], covered: Covered) -> bool:
    """Whether the cluster is above either threshold; exactly at one it is not."""
    return h100_equivalents(lines, covered.h100_ops) > Fraction(covered.h100_equivalents_above) or memory_gb(
        lines
    ) > Fraction(covered.memory_gb_above)


def flop_per_day(lines: Sequence[Line], utilisation: Fraction) -> Fraction:
    """Return the operations of a day at `utilisation`, a share of the peak between 0 and 1."""
    return operations_per_second(lines) * SECONDS_A_DAY * utilisation


def conversion_time(threshold_flop: Decimal, lines: Sequence[Line], utilisation: Fraction) -> timedelta | None:
    """Return how long the facility takes to do `threshold_flop`, rounded down to seconds; None if it never would."""
    daily = flop_per_day(lines, utilisation)
    if daily <= 0:
        return None
    seconds = int(Fraction(threshold_flop) / daily * SECONDS_A_DAY)
    return None if seconds > LONGEST.total_seconds() else timedelta(seconds=seconds)
