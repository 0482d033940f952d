"""How many visits a year, per site and per party. A year is any twelve months, so December and January cannot be played off.

Visits that verify a pause, special visits and challenge inspections are not counted (Art. 15).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.durations import Duration, Unit
from inspections.rules.visits import VisitKind
from treaty.rules.text import Monitoring

YEAR = Duration(1, Unit.YEARS)
NOT_COUNTED: Final = frozenset({VisitKind.PAUSE_VERIFICATION, VisitKind.CHALLENGE, VisitKind.SPECIAL})


@dataclass(frozen=True)
class QuotaUse:
    """How much of a quota is used in the fullest twelve months that contain an instant."""

    provision: str
    used: int
    allowed: int

    @property
    def is_used_up(self) -> bool:
        """Whether no further visit fits."""
        return self.used >= self.allowed


def fullest_year(starts: Collection[datetime], at: datetime) -> int:
    """Return the largest number of `starts` in any half-open twelve months that contain `at`."""
    earliest = YEAR.before(at)
    latest = YEAR.after(at)
    near = sorted(start for start in starts if earliest < start < latest)
    windows = [start for start in near if start <= at] + [at]
    return max(_in_window(near, opens) for opens in windows)


def _in_window(starts: Sequence[datetime], opens: datetime) -> int:
    closes = YEAR.after(opens)
    return sum(opens <= start < closes for start in starts)


def site_use(site_starts: Collection[datetime], at: datetime, monitoring: Monitoring) -> QuotaUse:
    """Return the use of the site's yearly quota around `at`."""
    return QuotaUse(
        "monitoring.visits_per_site_per_year", fullest_year(site_starts, at), monitoring.visits_per_site_per_year
    )


def party_use(party_starts: Collection[datetime], at: datetime, monitoring: Monitoring) -> QuotaUse:
    """Return the use of the party's yearly quota around `at`."""
    return QuotaUse(
        "monitoring.visits_per_party_per_year", fullest_year(party_starts, at), monitoring.visits_per_party_per_year
    )
