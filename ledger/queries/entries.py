from collections.abc import Collection
from dataclasses import dataclass

from ledger.models import Entry, Head
from ledger.rules.entries import EntryValue, read_entry


@dataclass(frozen=True)
class Recorded:
    """An entry with its position; `index` is None until its transaction is committed."""

    index: int | None
    value: EntryValue
    data: bytes


def position() -> int:
    """Return how many entries have a position: the ETag and cache key of every public page."""
    return Head.objects.values_list("size", flat=True).first() or 0


def entries_about(subject: str, limit: int = 100) -> list[Recorded]:
    """Return the newest entries about `subject` ("vote:17", "lab:aster"), newest first."""
    found = Entry.objects.filter(subjects__contains=[subject]).with_position().order_by("-pk")[:limit]
    return [recorded(entry) for entry in found]


def newest_of(kinds: Collection[str], limit: int = 20) -> list[Recorded]:
    """Return the newest entries of these kinds, newest first."""
    found = Entry.objects.filter(kind__in=kinds).with_position().order_by("-pk")[:limit]
    return [recorded(entry) for entry in found]


def entry_at(index: int) -> Recorded | None:
    """Return the entry at a position of the log."""
    entry = Entry.objects.with_position().filter(leaf__index=index).first()
    return recorded(entry) if entry else None


def recorded(entry: Entry) -> Recorded:
    """Read a row that `with_position` has given its position."""
    data = bytes(entry.data)
    return Recorded(index=getattr(entry, "position", None), value=read_entry(data), data=data)
