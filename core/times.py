"""Instants and periods: UTC, half-open, RFC 3339 with Z."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.errors import Malformed

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)


def stamp(at: datetime) -> str:
    """Return `at` as RFC 3339 in UTC with Z; microseconds only where there are any."""
    if at.tzinfo is None:
        raise Malformed("An instant needs its time zone.")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Parse RFC 3339 ending in Z; refuse naive instants, 24:00 and second 60."""
    if not _INSTANT.fullmatch(text):
        raise Malformed(f"{text[:40]!r} is not an instant: write 2026-11-22T12:00:00Z.")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"{text!r} is not an instant: {error}") from None


def known_at(happened_at: datetime | None, at: datetime) -> datetime | None:
    """Return when something happened as it was known at `at`: None where that was still to come."""
    return happened_at if happened_at is not None and happened_at <= at else None


class Period(NamedTuple):
    """The half-open time from `start` up to, not including, `end`; an `end` of None is open."""

    start: datetime
    end: datetime | None = None

    def __contains__(self, at: datetime) -> bool:  # type: ignore[override] # an instant is in a period; nothing else is asked for
        return self.start <= at and (self.end is None or at < self.end)

    def overlaps(self, other: "Period") -> bool:
        """Whether any instant lies in both."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    @property
    def length(self) -> timedelta | None:
        """How long it is; None while it is open."""
        return None if self.end is None else self.end - self.start
