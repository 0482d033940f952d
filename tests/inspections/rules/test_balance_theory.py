"""The tests of the balance alarm as often as their theory says, within the error of a Monte-Carlo experiment. Seeds are fixed."""

from itertools import pairwise
from math import sqrt
from random import Random
from statistics import NormalDist, fmean

import pytest

from inspections.rules.balance import (
    Periods,
    RelativeError,
    cholesky,
    covariance,
    page_limit,
    pages_test,
    threshold,
    whiten,
)

ERRORS = {
    "input": RelativeError(0.02, 0.01),
    "output": RelativeError(0.01, 0.005),
    "inventory": RelativeError(0.02, 0.01),
}
COUNT, DRAWS, FALSE_ALARM = 8, 4000, 0.05
COV = covariance(Periods((1000.0,) * COUNT, (980.0,) * COUNT, tuple(200.0 + 20 * t for t in range(COUNT + 1)), ERRORS))
LOWER = cholesky(COV)


def sequences(loss=(0.0,) * COUNT, seed=2026):
    """MUF sequences with the balance's own covariance, and what was diverted added."""
    random = Random(seed)
    for _draw in range(DRAWS):
        noise = [random.gauss() for _t in range(COUNT)]
        yield tuple(sum(LOWER[t][s] * noise[s] for s in range(t + 1)) + loss[t] for t in range(COUNT))


def margin(share):
    """Four standard errors of a share found in as many draws."""
    return 4 * sqrt(share * (1 - share) / DRAWS)


def test_sitmuf_of_a_quiet_site_is_independent_with_unit_variance_and_alarms_as_often_as_stated():
    found = [whiten(muf, COV) for muf in sequences()]
    limit = threshold(FALSE_ALARM)
    for t in range(COUNT):
        assert abs(fmean(one[t] > limit for one in found) - FALSE_ALARM) < margin(FALSE_ALARM)
        assert abs(fmean(one[t] ** 2 for one in found) - 1) < 4 * sqrt(2 / DRAWS)
    assert abs(fmean(one[0] * one[-1] for one in found)) < 4 / sqrt(DRAWS)


@pytest.mark.parametrize("sigmas", [1, 2, 3])
def test_sitmuf_detects_a_sudden_loss_as_often_as_theory_says(sigmas):
    lost = 5
    size = sigmas * sqrt(COV[lost][lost])
    loss = tuple(size if t == lost else 0.0 for t in range(COUNT))
    shift = whiten(loss, COV)[lost]
    expected = 1 - NormalDist().cdf(threshold(FALSE_ALARM) - shift)
    detected = fmean(whiten(muf, COV)[lost] > threshold(FALSE_ALARM) for muf in sequences(loss))
    assert abs(detected - expected) < margin(expected)


def run_length(k, limit, shift, seed, runs):
    """The mean number of periods until Page's statistic passes its limit."""
    random, total = Random(seed), 0
    for _run in range(runs):
        statistic, first = 0.0, True
        while statistic <= limit:
            value = random.gauss(shift)
            statistic = max(value, 0.0) if first else max(statistic + value - k, 0.0)
            first, total = False, total + 1
    return total / runs


def theory(k, limit, shift, states=60):
    """Brook and Evans (1972): the mean run length, the statistic cut into states of equal width; begun at k, as S1 = max(y1, 0) begins."""
    width, normal = 2 * limit / (2 * states - 1), NormalDist(shift - k)

    def step(at):
        edges = [normal.cdf((to + 0.5) * width - at) for to in range(states)]
        return [edges[0], *(high - low for low, high in pairwise(edges))]

    rows = [[(row == to) - p for to, p in enumerate(step(row * width))] + [1.0] for row in range(states)]
    for pivot in range(states):
        for row in rows[pivot + 1 :]:
            factor = row[pivot] / rows[pivot][pivot]
            row[pivot:] = [one - factor * other for one, other in zip(row[pivot:], rows[pivot][pivot:], strict=True)]
    lengths = [0.0] * states
    for at in reversed(range(states)):
        rest = rows[at][-1] - sum(rows[at][to] * lengths[to] for to in range(at + 1, states))
        lengths[at] = rest / rows[at][at]
    return 1 + sum(p * length for p, length in zip(step(k), lengths, strict=True))


@pytest.mark.parametrize("wanted", [60, 240])
def test_pages_limit_is_passed_once_in_the_stated_number_of_quiet_periods(wanted):
    assert abs(theory(0.5, page_limit(0.5, wanted), 0.0) - wanted) < 0.04 * wanted


@pytest.mark.parametrize(("shift", "runs"), [(0.0, 600), (0.5, 3000), (1.0, 6000), (2.0, 6000)])
def test_page_finds_a_loss_that_goes_on_in_as_many_periods_as_theory_says(shift, runs):
    """A run length is at most as spread as an exponential one, whose standard deviation is its mean."""
    limit = page_limit(0.5, 240)
    expected = theory(0.5, limit, shift)
    assert abs(run_length(0.5, limit, shift, seed=11, runs=runs) - expected) < 4 * expected / sqrt(runs)


def test_pages_statistic_here_is_that_of_the_rule():
    values = [0.3, 1.9, -0.4, 2.2, 0.1]
    statistic = []
    for number, value in enumerate(values):
        statistic.append(max(value, 0.0) if not number else max(statistic[-1] + value - 0.5, 0.0))
    assert pages_test(values, 0.5) == tuple(statistic)


def test_a_higher_run_length_asks_for_a_higher_limit():
    limits = [page_limit(0.5, length) for length in (2, 20, 200, 2000)]
    assert limits == sorted(limits)
    assert limits[0] >= 0
