"""How many items to look at: hypergeometric detection, exact."""

from fractions import Fraction
from functools import lru_cache
from math import comb

from core.errors import Malformed


def detection_probability(population: int, false_items: int, sample: int) -> Fraction:
    """Return the chance that a random sample contains at least one of the false items."""
    if not 0 <= sample <= population or not 0 <= false_items <= population:
        raise Malformed("The sample and the false items lie between 0 and the population.")
    few, many = sorted((false_items, sample))  # the same chance either way round, and fewer factors this one
    return 1 - Fraction(comb(population - many, few), comb(population, few))


@lru_cache(maxsize=1024)
def sample_size(population: int, false_items: int, detection: Fraction) -> int:
    """Return the smallest sample that finds one of `false_items` among `population` with at least probability `detection`."""
    if not 0 < false_items <= population:
        raise Malformed("Say how many false items the sample must find: at least one, at most all.")
    enough = population - false_items + 1  # that many cannot miss them all
    low, high = 0, 1
    while high < enough and detection_probability(population, false_items, high) < detection:
        low, high = high + 1, high * 2
    high = min(high, enough)
    while low < high:
        middle = (low + high) // 2
        if detection_probability(population, false_items, middle) >= detection:
            high = middle
        else:
            low = middle + 1
    return low
