"""Lengths of time as a treaty states them: hours, days, working days, months and years are different things."""

import re
from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from core.errors import Malformed

_DURATION = re.compile(r"(0|[1-9][0-9]{0,5}) (min|h|d|wd|mo|y)", re.ASCII)
SATURDAY = 5


class Unit(StrEnum):
    """How a duration counts."""

    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    WORKING_DAYS = "wd"
    MONTHS = "mo"
    YEARS = "y"


EXACT = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1), Unit.DAYS: timedelta(days=1)}


@dataclass(frozen=True)
class Duration:
    """`amount` of `unit`, written "48 h", "30 d", "5 wd", "6 mo", "1 y" or "90 min"."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read "48 h"; raise Malformed for anything else."""
        found = _DURATION.fullmatch(text)
        if not found:
            raise Malformed(f"{text[:30]!r} is not a duration: write a number, a space and min, h, d, wd, mo or y.")
        return cls(int(found[1]), Unit(found[2]))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"

    @property
    def exact(self) -> timedelta | None:
        """The length where it is the same from every instant; None for working days, months and years."""
        unit = EXACT.get(self.unit)
        return None if unit is None else self.amount * unit

    def after(self, at: datetime, *, holidays: Collection[date] = ()) -> datetime:
        """Return the instant this long after `at`.

        A day is 24 hours (all instants are UTC). Working days skip Saturdays, Sundays and `holidays` and keep the
        time of day. Months and years keep the day of the month, or take its last day where that does not exist.
        """
        if exact := EXACT.get(self.unit):
            return at + self.amount * exact
        if self.unit is Unit.WORKING_DAYS:
            return _working_days_after(at, self.amount, holidays)
        return _months_after(at, self.amount * (12 if self.unit is Unit.YEARS else 1))

    def before(self, at: datetime) -> datetime:
        """Return the instant this long before `at`, for exact units and calendar months."""
        match self.unit:
            case Unit.MONTHS | Unit.YEARS:
                return _months_after(at, -self.amount * (12 if self.unit is Unit.YEARS else 1))
            case Unit.WORKING_DAYS:
                raise Malformed("A window that looks back is given in min, h, d, mo or y.")
            case _:
                return at - (self.after(at) - at)


def _working_days_after(at: datetime, amount: int, holidays: Collection[date]) -> datetime:
    while amount:
        at += timedelta(days=1)
        if at.weekday() < SATURDAY and at.date() not in holidays:
            amount -= 1
    return at


def _months_after(at: datetime, months: int) -> datetime:
    years, month = divmod(at.month - 1 + months, 12)
    year = at.year + years
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
