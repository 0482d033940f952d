"""The story of a pause or a case, from the record."""

from dataclasses import dataclass
from datetime import datetime

from ledger.queries import entries_about


@dataclass(frozen=True)
class Told:
    """One entry of the story: its kind, its instant, its position, and whom it concerns."""

    kind: str
    at: datetime
    entry: int | None
    lab: str
    payload: dict[str, object]


def story(subject: str, limit: int = 100) -> list[Told]:
    """Return the entries about `subject`, the newest first, in one query."""
    return [
        Told(
            one.value.kind,
            one.value.at,
            one.index,
            str(one.value.payload.get("lab") or one.value.payload.get("body") or ""),
            dict(one.value.payload),
        )
        for one in entries_about(subject, limit)
    ]
