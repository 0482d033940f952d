"""Compute material balance: declared against observed, with error bars, as nuclear safeguards do for material.

MUF_t = input_t - output_t - (inventory_t - inventory_{t-1}). Each stratum (input, output, inventory) has a random relative error,
independent from one measurement to the next, and a systematic one, the same for all. Floats: a statistic, good to about 1e-9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log, sqrt
from statistics import NormalDist
from typing import Final

from core.errors import Malformed

type Matrix = tuple[tuple[float, ...], ...]
STRATA = ("input", "output", "inventory")
OVERSHOOT: Final = 1.166  # twice the mean by which a normal walk passes a limit
HALVINGS: Final = 60


@dataclass(frozen=True)
class RelativeError:
    """Standard deviations relative to the quantity measured."""

    random: float
    systematic: float


@dataclass(frozen=True)
class Periods:
    """n balance periods: n inputs, n outputs, n + 1 inventories (the first one is the beginning), errors per stratum."""

    input: tuple[float, ...]
    output: tuple[float, ...]
    inventory: tuple[float, ...]
    err: Mapping[str, RelativeError]

    def __post_init__(self) -> None:
        """Refuse lengths that do not fit."""
        if not len(self.input) == len(self.output) == len(self.inventory) - 1 or not self.input:
            raise Malformed("Give as many inputs as outputs, at least one, and one inventory more than that.")
        if set(self.err) != set(STRATA):
            raise Malformed("Give the errors of input, output and inventory.")


@dataclass(frozen=True)
class Balance:
    """What the periods amount to. `page` is Page's statistic over `sitmuf`."""

    muf: tuple[float, ...]
    cumuf: tuple[float, ...]
    cov: Matrix
    sigma_muf: tuple[float, ...]
    sigma_cumuf: tuple[float, ...]
    sitmuf: tuple[float, ...]
    page: tuple[float, ...]


def balance(periods: Periods, *, k: float = 0.5) -> Balance:
    """Return every statistic of the periods; `k` is Page's reference value."""
    return statistics(material_unaccounted_for(periods), covariance(periods), k=k)


def statistics(muf: tuple[float, ...], cov: Matrix, *, k: float) -> Balance:
    """Return every statistic of a MUF sequence with this covariance; raise Malformed where a period has no uncertainty."""
    sitmuf = whiten(muf, cov)
    count = range(len(muf))
    return Balance(
        muf=muf,
        cumuf=tuple(fsum(muf[: t + 1]) for t in count),
        cov=cov,
        sigma_muf=tuple(sqrt(cov[t][t]) for t in count),
        sigma_cumuf=tuple(sqrt(fsum(cov[s][u] for s in range(t + 1) for u in range(t + 1))) for t in count),
        sitmuf=sitmuf,
        page=pages_test(sitmuf, k),
    )


def material_unaccounted_for(periods: Periods) -> tuple[float, ...]:
    """Return MUF of each period."""
    inventory = periods.inventory
    return tuple(
        given - taken - (inventory[t + 1] - inventory[t])
        for t, (given, taken) in enumerate(zip(periods.input, periods.output, strict=True))
    )


def covariance(periods: Periods) -> Matrix:
    """Return the covariance of the MUF sequence: random parts on and beside the diagonal, systematic parts everywhere.

    An ending inventory is the next period's beginning: its random error enters both, with opposite signs.
    """
    count = len(periods.input)
    change = tuple(periods.inventory[t + 1] - periods.inventory[t] for t in range(count))
    systematic = (("input", periods.input), ("output", periods.output), ("inventory", change))

    def entry(t: int, s: int) -> float:
        shared = [values[t] * values[s] * periods.err[stratum].systematic ** 2 for stratum, values in systematic]
        return fsum([*shared, *_random_part(periods, min(t, s), max(t, s))])

    return tuple(tuple(entry(t, s) for s in range(count)) for t in range(count))


def _random_part(periods: Periods, t: int, s: int) -> list[float]:
    inventory, error = periods.inventory, periods.err["inventory"].random ** 2
    if t == s:
        return [
            periods.input[t] ** 2 * periods.err["input"].random ** 2,
            periods.output[t] ** 2 * periods.err["output"].random ** 2,
            inventory[t] ** 2 * error,
            inventory[t + 1] ** 2 * error,
        ]
    return [-(inventory[s] ** 2) * error] if s == t + 1 else []


def cholesky(matrix: Matrix) -> Matrix:
    """Return the lower triangle L with L·Lᵀ = matrix; raise Malformed when it is not positive definite."""
    rows: list[list[float]] = []
    for i, given in enumerate(matrix):
        row: list[float] = []
        for j in range(i + 1):
            rest = given[j] - fsum(row[m] * (rows[j][m] if j < i else row[m]) for m in range(j))
            if j < i:
                row.append(rest / rows[j][j])
            elif rest > 0:
                row.append(sqrt(rest))
            else:
                raise Malformed("These errors leave a period without uncertainty: no standardised sequence exists.")
        rows.append(row)
    return tuple(tuple(row) for row in rows)


def whiten(sequence: Sequence[float], cov: Matrix) -> tuple[float, ...]:
    """Return SITMUF: the sequence made independent with unit variance, L⁻¹ · sequence."""
    lower = cholesky(cov)
    found: list[float] = []
    for i, value in enumerate(sequence):
        found.append((value - fsum(lower[i][j] * found[j] for j in range(i))) / lower[i][i])
    return tuple(found)


def pages_test(sequence: Sequence[float], k: float) -> tuple[float, ...]:
    """Return Page's one-sided statistic: S_1 = max(y_1, 0), then S = max(S + y - k, 0)."""
    sums: list[float] = []
    for value in sequence:
        sums.append(max(sums[-1] + value - k, 0.0) if sums else max(value, 0.0))
    return tuple(sums)


def threshold(false_alarm: float) -> float:
    """Return how many standard deviations a single standardised value exceeds with probability `false_alarm`."""
    return NormalDist().inv_cdf(1 - false_alarm)


def page_limit(k: float, run_length: int) -> float:
    """Return the limit that Page's statistic passes once in `run_length` quiet periods on average.

    Siegmund's approximation for standard normal values, good to 4 % of the run length =
    (exp(2·k·b) - 1 - 2·k·b) / (2·k²), b = limit + 1.166.
    """

    def quiet(limit: float) -> float:
        reach = 2 * k * (limit + OVERSHOOT)
        return (exp(reach) - 1 - reach) / (2 * k * k)

    low, high = 0.0, (log(run_length * 2 * k * k + 1) + 10) / k
    for _step in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if quiet(middle) < run_length else (low, middle)
    return high
