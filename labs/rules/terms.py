"""What laboratories' pages need of the treaty text; `treaty`, which knows the text, makes it."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.durations import Duration
from labs.rules.inventories import Covered


@dataclass(frozen=True)
class Terms:
    """Numbers of the text in force at the instant that a page shows."""

    covered: Covered
    significant_flop: Decimal  # what conversion time is computed for
    utilisation: Fraction  # share of the peak that a training run reaches
    overdue_after: Duration
    long_overdue_after: Duration
