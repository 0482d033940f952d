"""How often a facility must be seen, and how many of its accelerators a visit must look at (Art. 13).

The time that matters is the conversion time: how long the facility takes to do the text's significant amount of computing. Where
visits come less often than that they are *not timely*, and something that watches in between is asked for. What a visit counts
is judged by the false items that matter: so many accelerators of one model that they alone do the significant amount between two visits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final

from inspections.rules.sampling import detection_probability, sample_size
from labs.rules.accelerators import SHARE_OF_8BIT, Precision
from labs.rules.inventories import Line, conversion_time
from treaty.rules.text import Monitoring

YEAR: Final = timedelta(days=365)


class Timeliness(StrEnum):
    """Whether visits can come as often as they would have to."""

    TIMELY = "timely"
    NOT_TIMELY = "not_timely"
    UNKNOWN = "unknown"  # no inventory is declared


@dataclass(frozen=True)
class Sample:
    """How many of a model's accelerators to look at. `false_items`: the fewest that make a significant quantity.

    `size` is None where all of them together do not.
    """

    accelerator: str
    population: int
    false_items: int
    size: int | None
    detection: Fraction | None


@dataclass(frozen=True)
class Frequency:
    """How often a facility must be seen. A conversion time of None is longer than any that matters."""

    timeliness: Timeliness
    cadence: timedelta | None  # between two visits, as often as the text allows; None where it allows none
    conversions: tuple[tuple[Precision, timedelta | None], ...]
    visits_needed: int | None  # a year; None where none is needed or nothing is known
    samples: tuple[Sample, ...]

    @property
    def conversion(self) -> timedelta | None:
        """The conversion time that decides: at the precision at which the chips are fastest."""
        return dict(self.conversions).get(Precision.EIGHT_BIT)


def frequency(lines: Sequence[Line] | None, monitoring: Monitoring) -> Frequency:
    """Return how often a facility with these accelerators must be seen; None is no inventory, and unknown."""
    allowed = monitoring.visits_per_site_per_year
    cadence = YEAR / allowed if allowed else None
    if lines is None:
        return Frequency(Timeliness.UNKNOWN, cadence, (), None, ())
    conversions = tuple(
        (one, conversion_time(monitoring.significant_flop, lines, monitoring.utilisation * share))
        for one, share in SHARE_OF_8BIT.items()
    )
    shortest = min((time for _, time in conversions if time is not None), default=None)
    late = shortest is not None and (cadence is None or cadence > shortest)
    return Frequency(
        Timeliness.NOT_TIMELY if late else Timeliness.TIMELY,
        cadence,
        conversions,
        None if not shortest else ceil(YEAR / shortest),
        tuple(_sample(line, monitoring, cadence or YEAR) for line in lines),
    )


def false_items(line: Line, monitoring: Monitoring, within: timedelta) -> int:
    """Return the fewest accelerators of this model that do the significant amount of computing within that time.

    Where the text counts on no use at all, no number does: one more than there are.
    """
    seconds = Fraction(within // timedelta(seconds=1))
    each = Fraction(line.ops_8bit) * monitoring.utilisation * seconds
    return ceil(Fraction(monitoring.significant_flop) / each) if each else line.quantity + 1


def _sample(line: Line, monitoring: Monitoring, within: timedelta) -> Sample:
    wanted = false_items(line, monitoring, within)
    if wanted > line.quantity:
        return Sample(line.accelerator, line.quantity, wanted, None, None)
    size = sample_size(line.quantity, wanted, monitoring.detection_probability)
    return Sample(line.accelerator, line.quantity, wanted, size, detection_probability(line.quantity, wanted, size))
