"""How many items to look at: hypergeometric detection, exact."""

from fractions import Fraction
from math import comb

from core.errors import Malformed


def detection_probability(population: int, false_items: int, sample: int) -> Fraction:
    """Return the chance that a random sample contains at least one of the false items."""
    if not 0 <= sample <= population or not 0 <= false_items <= population:
        raise Malformed("The sample and the false items lie between 0 and the population.")
    return 1 - Fraction(comb(population - false_items, sample), comb(population, sample))


def sample_size(population: int, false_items: int, detection: Fraction) -> int:
    """Return the smallest sample that finds one of `false_items` among `population` with at least probability `detection`."""
    if not 0 < false_items <= population:
        raise Malformed("Say how many false items the sample must find: at least one, at most all.")
    low, high = 0, population - false_items + 1  # that many cannot miss them all
    while low < high:
        middle = (low + high) // 2
        if detection_probability(population, false_items, middle) >= detection:
            high = middle
        else:
            low = middle + 1
    return low
