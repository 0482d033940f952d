from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import batched

from django.db.models import QuerySet

from ledger.models import Entry, Head, Leaf
from ledger.rules.entries import EntryValue, read_entry
from ledger.rules.tiles import WIDTH, Edge
from web.prepared import prepared


@dataclass(frozen=True)
class Recorded:
    """An entry with its position; `index` is None until its transaction is committed."""

    index: int | None
    value: EntryValue
    data: bytes


def position() -> int:
    """Return how many entries have a position: the ETag and cache key of every public page."""
    return next(iter(_sizes()), 0)


@prepared
def _sizes() -> QuerySet[Head, int]:
    return Head.objects.order_by("pk").values_list("size", flat=True)[:1]


def founded_at() -> datetime | None:
    """Return the instant of the first entry; None while the record is empty."""
    return Entry.objects.order_by("pk").values_list("at", flat=True).first()


def position_at(at: datetime) -> int:
    """Return how many entries the record had at `at`."""
    return Entry.objects.filter(at__lte=at).count()


def index_of(hash: str) -> int | None:  # noqa: A002 - what an entry calls its leaf hash
    """Return the position of the entry with this leaf hash (hex); None before its transaction is committed."""
    return Leaf.objects.filter(hash=bytes.fromhex(hash)).values_list("index", flat=True).first()


def root_at(size: int) -> bytes:
    """Return the root that the record's first `size` entries have: what a checkpoint of that size signs."""
    hashes = Leaf.objects.filter(index__lt=size).order_by("index").values_list("hash", flat=True)
    edge = Edge()
    for leaves in batched(hashes.iterator(), 64 * WIDTH, strict=False):
        edge, _full = edge.extend(b"".join(map(bytes, leaves)))
    return edge.root


def entries_about(subject: str, limit: int = 100) -> list[Recorded]:
    """Return the newest entries about `subject` ("vote:17", "lab:aster"), newest first."""
    found = Entry.objects.filter(subjects__contains=[subject]).with_position().order_by("-pk")[:limit]
    return [recorded(entry) for entry in found]


def indexes_of(kinds: Collection[str], subjects: Collection[str]) -> dict[str, dict[str, list[int]]]:
    """Return the positions of the entries of these kinds about each subject: subject → kind → positions, in order."""
    found: dict[str, dict[str, list[int]]] = {}
    rows = Entry.objects.filter(kind__in=kinds, subjects__overlap=list(subjects)).with_position().order_by("pk")
    for entry in rows.defer("data"):
        index: int | None = getattr(entry, "position", None)
        if index is None:
            continue
        for subject in set(entry.subjects) & set(subjects):
            found.setdefault(subject, {}).setdefault(entry.kind, []).append(index)
    return found


def newest_of(kinds: Collection[str], limit: int = 20, until: datetime | None = None) -> list[Recorded]:
    """Return the newest entries of these kinds, newest first; those of up to `until` where it is given."""
    limits = () if until is None else (until,)
    return [recorded(entry) for entry in _newest(list(kinds), *limits, limit=limit)]


@prepared
def _newest(kinds: list[str], until: datetime | None = None, *, limit: int) -> QuerySet[Entry]:
    found = Entry.objects.filter(kind__among=kinds)
    if until is not None:
        found = found.filter(at__lte=until)
    return found.with_position().order_by("-pk")[:limit]


def entries_of(
    kinds: Collection[str], *, after: datetime | None = None, until: datetime | None = None, about: str | None = None
) -> list[EntryValue]:
    """Return the entries of these kinds in order: those after `after`, up to `until`, about the subject `about`."""
    limits = {"at__gt": after, "at__lte": until, "subjects__contains": about}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return [_read(bytes(data)) for data in _data(list(kinds), *given.values(), limits=tuple(given))]


@prepared
def _data(kinds: list[str], *given: datetime | str, limits: tuple[str, ...]) -> QuerySet[Entry, bytes | memoryview]:
    wanted = {name: [one] if isinstance(one, str) else one for name, one in zip(limits, given, strict=True)}
    found = Entry.objects.filter(kind__among=kinds, **wanted)
    return found.order_by("pk").values_list("data", flat=True)


def entries_between(start: int, end: int) -> list[Recorded]:
    """Return the entries at the positions `start` up to but without `end`, in order."""
    found = Entry.objects.with_position().filter(leaf__index__gte=start, leaf__index__lt=end).order_by("leaf__index")
    return [recorded(entry) for entry in found]


def entry_at(index: int) -> Recorded | None:
    """Return the entry at a position of the log."""
    entry = Entry.objects.with_position().filter(leaf__index=index).first()
    return recorded(entry) if entry else None


def recorded(entry: Entry) -> Recorded:
    """Read a row that `with_position` has given its position."""
    data = bytes(entry.data)
    return Recorded(index=getattr(entry, "position", None), value=_read(data), data=data)


@lru_cache(maxsize=256)
def _read(data: bytes) -> EntryValue:
    """Read an entry's bytes once: the first page shows the newest ones again and again."""
    return read_entry(data)
