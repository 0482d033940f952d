"""How an operation is taken away: it is marked long before (RFC 9745), with the day of its end (RFC 8594) and what follows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http.response import HttpResponseBase
from django.utils.http import http_date

SHORTEST_NOTICE: Final = timedelta(days=365)  # between the first mark and the end


@dataclass(frozen=True)
class Deprecation:
    """Since when an operation is deprecated, when it ends, and the address of what to use instead."""

    since: datetime
    ends: datetime
    successor: str

    def __post_init__(self) -> None:
        if self.ends - self.since < SHORTEST_NOTICE:
            raise ValueError(f"An operation is marked {SHORTEST_NOTICE.days} days before it ends, or longer.")

    def mark(self, answer: HttpResponseBase) -> None:
        """Say so in the answer's headers."""
        answer.headers["Deprecation"] = f"@{int(self.since.timestamp())}"
        answer.headers["Sunset"] = http_date(self.ends.timestamp())
        links = [answer.headers[name] for name in ("Link",) if name in answer.headers]
        links += [f'<{self.successor}>; rel="successor-version"', '</data/policy/>; rel="deprecation"']
        answer.headers["Link"] = ", ".join(links)
