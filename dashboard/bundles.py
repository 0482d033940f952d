"""The nightly bundle: every public table as CSV and JSON lines, with the head of the record that it belongs to.

The tables are read in one snapshot of the database, as of the instant of the newest entry. So the same position gives the same
bytes, whoever makes it and whenever. A file appears under its name only when it is whole.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction
from redis.exceptions import RedisError

from core.times import instant, stamp
from dashboard.queries.tables import Column, Row, Table, rows_of, tables
from ledger import published
from ledger.queries import position
from ledger.queries.entries import entry_at
from ledger.rules.checkpoints import Head
from web.exports import safe

KEPT: Final = 30
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # the date of every file in the archive: the first that a ZIP can hold
LOCK: Final = 6220_0026
PROGRESS: Final = "data:progress"
LICENCE: Final = "CC-BY-4.0"
# Frictionless Table Schema's names for the types of JSON Schema.
TYPES: Final = {"integer": "integer", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}


@dataclass(frozen=True)
class Bundle:
    """A bundle that is kept: as of which position and instant, and what its bytes hash to."""

    name: str
    position: int
    as_of: str
    made_at: str
    sha256: str
    bytes: int
    rows: dict[str, int]

    @property
    def at(self) -> datetime:
        """The instant that it is as of."""
        return instant(self.as_of)

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return self.name.removesuffix(".zip")


def kept() -> list[Bundle]:
    """Return the bundles that are kept, the newest first."""
    store = storages["data"]
    try:
        names = store.listdir("")[1]
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        if name.endswith(".json") and not name.startswith("."):
            with store.open(name) as file:
                found.append(Bundle(**json.load(file)))
    return sorted(found, key=lambda one: one.position, reverse=True)


def progress() -> dict[str, Any] | None:
    """Return how far the bundle is that is being made; None while none is."""
    try:
        found: dict[str, Any] | None = cache.get(PROGRESS)
    except RedisError:
        return None
    return found


def _tell(value: dict[str, Any] | None) -> None:
    try:
        cache.set(PROGRESS, value, 300)
    except RedisError:
        return


def make_due(*, at: datetime) -> Bundle | None:
    """Make the day's bundle, unless it is made, somebody is making it, or no checkpoint covers the record yet."""
    with _alone() as is_alone:
        if not is_alone or any(one.made_at[:10] == stamp(at)[:10] for one in kept()):
            return None
        try:
            return make(at=at)
        finally:
            _tell(None)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process makes one: a lock of the session, which ends with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (is_alone,) = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def make(*, at: datetime) -> Bundle | None:
    """Make the bundle of the record's position; None where no checkpoint covers that yet, and it is tried again later."""
    with _snapshot():
        size = position()
        newest = entry_at(size - 1) if size else None
        head = published.head()
        if newest is None or head is None or head.size < size:
            return None
        as_of = newest.value.at
        files, rows = _files(as_of)
    files["head.txt"] = Head(head.origin, size, published.tree(head.size).root_at(size)).text.encode()
    files["datapackage.json"] = _json(_package(size, stamp(as_of), files))
    data = _archive(files)
    name = f"fermata-data-{size}.zip"
    made = Bundle(name, size, stamp(as_of), stamp(at), hashlib.sha256(data).hexdigest(), len(data), rows)
    store = storages["data"]
    store.save(name, ContentFile(data))
    store.save(f"fermata-data-{size}.json", ContentFile(_json(asdict(made))))
    for old in kept()[KEPT:]:
        store.delete(old.name)
        store.delete(old.name.replace(".zip", ".json"))
    return made


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read everything as of one instant of the database; within a test's transaction that is so already."""
    is_outer = not connection.in_atomic_block
    with transaction.atomic():
        if is_outer:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _files(as_of: datetime) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return the files of every table by name, and how many rows each has."""
    files, counts, every = dict[str, bytes](), dict[str, int](), tables()
    for number, table in enumerate(every):
        _tell({"done": number, "of": len(every), "table": table.key})
        rows = list(rows_of(table, as_of))
        counts[table.key] = len(rows)
        files[f"{table.key}.csv"] = _csv(table, rows)
        files[f"{table.key}.jsonl"] = b"".join(_line(row) for row in rows)
    return files, counts


def _csv(table: Table, rows: list[Row]) -> bytes:
    """Write rows as CSV; lists and objects stand in their cells as JSON."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    writer.writerows([[_cell(row.get(column.name)) for column in table.columns] for row in rows])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, list | dict | float):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return safe(value)


def _line(row: Row) -> bytes:
    return json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2).encode() + b"\n"


def _package(size: int, as_of: str, files: dict[str, bytes]) -> dict[str, object]:
    """Describe the bundle as a Frictionless Data Package: what each column means, and the hash of each file."""
    return {
        "name": "fermata",
        "title": "Fermata: all public tables",
        "version": str(size),
        "created": as_of,
        "licenses": [{"name": LICENCE, "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "ledger": {"position": size, "head": "head.txt", "hash": _hash(files["head.txt"])},
        "resources": [
            {
                "name": f"{table.key}-{form}",
                "title": table.means,
                "path": f"{table.key}.{form}",
                "format": form,
                "mediatype": {"csv": "text/csv", "jsonl": "application/x-ndjson"}[form],
                "encoding": "utf-8",
                "hash": _hash(files[f"{table.key}.{form}"]),
                "bytes": len(files[f"{table.key}.{form}"]),
                "schema": {"fields": [_field(column) for column in table.columns]},
            }
            for table in tables()
            for form in ("csv", "jsonl")
        ],
    }


def _hash(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _field(column: Column) -> dict[str, str]:
    kind = "datetime" if column.format == "date-time" else TYPES.get(column.types[0], "string")
    return {"name": column.name, "type": kind, "description": column.means}


def _archive(files: dict[str, bytes]) -> bytes:
    """Pack the files so that the same files give the same bytes."""
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = ZipInfo(name, EARLIEST)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()
