"""Pages as of a past instant: `?at=2026-03-01T00:00Z`, a day, or what a date field sends."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.errors import DomainError, Malformed
from core.times import stamp

PARAMETER: Final = "at"
# So long an instant is still the present: an entry of it may be on its way into the record.
SETTLED: Final = timedelta(minutes=5)
FOREVER: Final = "public, max-age=31536000, immutable"
_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?)?", re.ASCII)


class NotYet(DomainError):
    """The instant that is asked for lies in the future."""

    code = "instant_in_the_future"

    def __init__(self) -> None:
        super().__init__("This instant lies in the future: nothing is known of it yet.")


class BeforeRecord(DomainError):
    """The instant that is asked for lies before the first entry."""

    code = "instant_before_the_record"

    def __init__(self, founded: datetime | None) -> None:
        since = f" It begins on {founded:%Y-%m-%d} at {founded:%H:%M} UTC." if founded else " It is still empty."
        super().__init__(f"This instant lies before the record begins.{since}")


def past_instant(request: HttpRequest, *, now: datetime, founded: Callable[[], datetime | None]) -> datetime | None:
    """Return the instant that the address asks for, UTC; None where it asks for none. A day is its first instant.

    Raise Malformed, NotYet, or BeforeRecord where it lies before what `founded` answers, the record's first entry.
    """
    text = request.GET.get(PARAMETER, "").strip()
    if not text:
        return None
    at = _read(text)
    if at > now:
        raise NotYet
    first = founded()
    if first is None or at < first:
        raise BeforeRecord(first)
    return at


def query(past: datetime | None) -> str:
    """Return what follows an address to ask for that instant; nothing for now."""
    return f"?{PARAMETER}={stamp(past)}" if past else ""


def _read(text: str) -> datetime:
    try:
        if _FORM.fullmatch(text):
            return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        pass  # a month with 31 days that has 30
    raise Malformed(f"{text[:40]!r} is not an instant: write 2026-03-01T00:00Z.")


def keep_forever(response: HttpResponseBase, at: datetime | None, now: datetime) -> None:
    """Let whoever gets a page of the past keep it: nothing changes it any more."""
    if at is not None and at < now - SETTLED and response.status_code == 200:
        response.headers["Cache-Control"] = FOREVER
