"""The nightly bundle: every list of the API as CSV and JSON lines and every figure as CSV, with the head of the record that it belongs to.

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
from dashboard.views.figures import FIGURES, every
from ledger import published
from ledger.queries import position
from ledger.queries.entries import entry_at
from ledger.rules.checkpoints import Head
from web import figures
from web.exports import csv_bytes, safe

KEPT: Final = 30
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # the date of every file in the archive: the first that a ZIP can hold
LOCK: Final = 6220_0026
PROGRESS: Final = "data:progress"
LICENCE: Final = "CC-BY-4.0"
# Frictionless Table Schema's names for the types of JSON Schema.
TYPES: Final = {"integer": "integer", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}
FIGURE_TYPES: Final = {
    figures.Type.WHOLE: "integer",
    figures.Type.NUMBER: "number",
    figures.Type.DAY: "date",
    figures.Type.INSTANT: "datetime",
    figures.Type.TRUTH: "boolean",
}


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


@dataclass(frozen=True)
class Part:
    """A file of a bundle: a list of the API or a figure (`key`) in one form."""

    key: str
    form: str
    title: str
    fields: list[dict[str, str]]
    data: bytes
    rows: int

    @property
    def path(self) -> str:
        """Its name in the archive."""
        return f"{self.key}.{self.form}"


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
        parts = list(_parts(as_of))
    signed = Head(head.origin, size, published.tree(head.size).root_at(size)).text.encode()
    package = _json(_package(size, stamp(as_of), signed, parts))
    data = _archive({part.path: part.data for part in parts} | {"head.txt": signed, "datapackage.json": package})
    rows = {part.key: part.rows for part in parts}
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


def _parts(as_of: datetime) -> Iterator[Part]:
    """Yield every list of the API, as CSV and as JSON lines, and every figure, as CSV."""
    lists, found_figures = tables(), [found for figure in FIGURES for found in every(figure, as_of)]
    total = len(lists) + len(found_figures)
    for done, table in enumerate(lists):
        _tell({"done": done, "of": total, "table": table.key})
        rows = list(rows_of(table, as_of))
        fields = [_field(column) for column in table.columns]
        yield Part(table.key, "csv", table.means, fields, _csv(table, rows), len(rows))
        yield Part(table.key, "jsonl", table.means, fields, b"".join(_line(row) for row in rows), len(rows))
    for done, found in enumerate(found_figures, start=len(lists)):
        key = f"figures/{found.name}"
        _tell({"done": done, "of": total, "table": key})
        cells = found.rows()
        described = [_described(column) for column in found.figure.columns]
        yield Part(key, "csv", found.title, described, csv_bytes(found.figure.names, cells), len(cells))


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


def _package(size: int, as_of: str, head: bytes, parts: list[Part]) -> dict[str, object]:
    """Describe the bundle as a Frictionless Data Package: what each column means, and the hash of each file."""
    return {
        "name": "fermata",
        "title": "Fermata: all public tables",
        "version": str(size),
        "created": as_of,
        "licenses": [{"name": LICENCE, "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "ledger": {"position": size, "head": "head.txt", "hash": _hash(head)},
        "resources": [
            {
                "name": f"{part.key}-{part.form}".replace("/", "-"),
                "title": part.title,
                "path": part.path,
                "format": part.form,
                "mediatype": {"csv": "text/csv", "jsonl": "application/x-ndjson"}[part.form],
                "encoding": "utf-8",
                "hash": _hash(part.data),
                "bytes": len(part.data),
                "schema": {"fields": part.fields},
            }
            for part in parts
        ],
    }


def _described(column: figures.Column) -> dict[str, str]:
    found = {"name": column.name, "type": FIGURE_TYPES.get(column.type, "string"), "description": str(column.means)}
    return found | ({"unit": str(column.unit)} if column.unit else {})


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
