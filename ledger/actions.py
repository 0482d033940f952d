"""Writing to the record."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from core.canonical import Json, canonical
from core.times import stamp
from ledger.models import Entry

# Keys of a payload whose values an entry can be searched by, as "vote:17".
SUBJECT_KEYS = frozenset({"lab", "body", "organisation", "vote", "pause", "trigger", "facility", "visit", "report", "text", "indicator", "case", "drill", "run"})


class Actor(Protocol):
    """Somebody who acts: known to the record by a pseudonym, never by a name."""

    @property
    def handle(self) -> str:
        """The pseudonym, such as "aster/7f3a"."""


def record(*, kind: str, payload: Mapping[str, Json], by: Actor | None, at: datetime) -> Entry:
    """Append an entry in the caller's transaction; its position is given at COMMIT.

    `kind` is noun.past-participle (docs/ledger-entries.md lists all); `payload` holds ids and values enough to check the
    decision, no person's name and no secret. `by` is None for the clock.
    """
    data = canonical({"v": 1, "kind": kind, "at": stamp(at), "by": by.handle if by else None, "payload": payload})
    return Entry.objects.create(kind=kind, at=at, data=data, subjects=_subjects(payload))


def entry_hash(entry: Entry) -> str:
    """Return the entry's RFC 6962 leaf hash in hex: the receipt that can be given before its position is known."""
    return sha256(b"\0" + bytes(entry.data)).hexdigest()


def _subjects(payload: Mapping[str, Json]) -> list[str]:
    return sorted(f"{key}:{value}"[:120] for key, value in payload.items() if key in SUBJECT_KEYS and isinstance(value, str | int))
