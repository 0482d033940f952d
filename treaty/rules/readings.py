"""Files of readings as rows: what a parser yields, and the plain CSV of docs/readings-csv.md.

A parser is pure: bytes in, rows out, in the order of the file. It refuses what cannot be read, with the line; whether a
reading fits its indicator (unit, bounds, instants to come) is judged by `labs.rules.readings` when it is taken in.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation, localcontext
from io import StringIO
from typing import Final

from core.errors import Malformed
from core.times import instant

LARGEST_FILE: Final = 64_000_000
LONGEST_FIELD: Final = 1_000_000
LONGEST_SERIES: Final = 200
COLUMNS: Final = (
    "indicator",
    "lab",
    "value",
    "low",
    "high",
    "unit",
    "observed_at",
    "source",
    "provider",
    "series",
    "evidence_url",
    "received_at",
    "version",
)
REQUIRED: Final = frozenset({"indicator", "value", "observed_at", "source", "series"})
SOURCES: Final = frozenset({"verified", "observed", "declared"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class FileRefused(Malformed):
    """The file cannot be read at all."""

    code = "file_refused"


@dataclass(frozen=True)
class ReadingRow:
    """A reading that a file states. `line` counts from 1; `received_at` and `version` only where the file has them."""

    line: int
    indicator: str
    lab: str | None
    value: Decimal
    unit: str | None  # None: the file leaves it to the indicator
    observed_at: datetime
    source: str
    provider: str
    series: str
    low: Decimal | None = None
    high: Decimal | None = None
    evidence_url: str = ""
    received_at: datetime | None = None
    version: int | None = None


@dataclass(frozen=True)
class ReleaseRow:
    """A model whose weights anybody can download; `flop` is None where nobody has estimated it."""

    line: int
    name: str
    developer: str
    released_on: date
    flop: Decimal | None
    source: str
    source_key: str


@dataclass(frozen=True)
class RowRefused:
    """A row that is wrong, and why."""

    line: int
    what: str
    why: str


@dataclass(frozen=True)
class RowSkipped:
    """A row that is in order but holds no reading, and why."""

    line: int
    what: str
    why: str


type Row = ReadingRow | ReleaseRow | RowRefused | RowSkipped


class RowError(ValueError):
    """One field of a row cannot be read."""


def text_of(data: bytes) -> str:
    """Return the file as text; raise FileRefused unless it is UTF-8 without NUL of at most 64 MB."""
    if len(data) > LARGEST_FILE:
        raise FileRefused(f"The file has {len(data):,} bytes; {LARGEST_FILE:,} are allowed.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(f"Line {data[: error.start].count(b'\n') + 1} is not UTF-8.") from None
    if "\0" in text:
        raise FileRefused(f"Line {text[: text.index('\0')].count('\n') + 1} holds a NUL character.")
    return text


def csv_rows(data: bytes, *, required: frozenset[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a CSV with a heading as (its first line, its fields); raise FileRefused.

    Fields may hold line breaks. A row with too few or too many fields is given with the key "" telling so.
    """
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(StringIO(text_of(data), newline=""), strict=True)
    try:
        heading = [name.strip() for name in next(reader, [])]
        _check_heading(heading, required)
        line = reader.line_num + 1
        for fields in reader:
            if fields:
                row = dict(zip(heading, fields, strict=False))
                if len(fields) != len(heading):
                    row[""] = f"the row has {len(fields)} fields, the heading {len(heading)}"
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(f"Line {reader.line_num}: this is not CSV: {error}.") from None


def _check_heading(heading: list[str], required: frozenset[str]) -> None:
    if not heading:
        raise FileRefused("The file is empty.")
    if repeated := sorted({name for name in heading if heading.count(name) > 1}):
        raise FileRefused(f"Line 1: the column {repeated[0]!r} appears twice.")
    if missing := sorted(required - set(heading)):
        raise FileRefused(f"Line 1: the column {missing[0]!r} is missing; the file has {', '.join(heading)[:200]}.")


def number(text: str, name: str) -> Decimal:
    """Read a decimal number; raise RowError for NaN, infinity, separators and everything else."""
    if not _NUMBER.fullmatch(text.strip()):
        raise RowError(f"{name}: {text[:40]!r} is not a number")
    try:
        with localcontext(Context(prec=130)):
            return Decimal(text.strip())
    except InvalidOperation:
        raise RowError(f"{name}: {text[:40]!r} is not a number") from None


def maybe_number(text: str, name: str) -> Decimal | None:
    """Read a decimal number, or None for an empty field; raise RowError."""
    return number(text, name) if text.strip() else None


def day(text: str, name: str) -> date:
    """Read "2026-07-26"; raise RowError."""
    try:
        if _DAY.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise RowError(f"{name}: {text[:40]!r} is not a day such as 2026-07-26")


def moment(text: str, name: str) -> datetime:
    """Read an instant in UTC, or a day as its first instant; raise RowError."""
    if _DAY.fullmatch(text.strip()):
        return midnight(day(text, name))
    try:
        return instant(text.strip())
    except Malformed as error:
        raise RowError(f"{name}: {error.detail}") from None


def midnight(of: date) -> datetime:
    """Return the first instant of the day in UTC."""
    return datetime.combine(of, time(), UTC)


def label(text: str) -> str:
    """Return a name as one line in normal form C, without control and format characters, of at most 200 characters."""
    start = text[: 4 * LONGEST_SERIES]  # what is longer is cut anyway, and normalising a tower of marks takes long
    kept = "".join(" " if unicodedata.category(char).startswith(("C", "Z")) else char for char in start)
    return unicodedata.normalize("NFC", " ".join(kept.split()))[:LONGEST_SERIES].strip()


def read_csv(data: bytes) -> Iterator[Row]:
    """Yield the rows of the plain CSV (docs/readings-csv.md); raise FileRefused for a file that is none."""
    unknown: list[str] = []
    for line, row in csv_rows(data, required=REQUIRED):
        unknown = unknown or sorted(set(row) - set(COLUMNS) - {""})
        if unknown:
            raise FileRefused(f"Line 1: there is no column {unknown[0]!r}; there are {', '.join(COLUMNS)}.")
        try:
            yield _plain(line, row)
        except RowError as error:
            yield RowRefused(line, label(row.get("series", "")), str(error))


def _plain(line: int, row: dict[str, str]) -> ReadingRow:
    if "" in row:
        raise RowError(row[""])
    source = row["source"].strip()
    if source not in SOURCES:
        raise RowError(f"source: {source[:40]!r} is none of verified, observed, declared")
    version = row.get("version", "").strip()
    if version and not re.fullmatch(r"[1-9][0-9]{0,5}", version, re.ASCII):
        raise RowError(f"version: {version[:40]!r} is not a number from 1 on")
    received = row.get("received_at", "").strip()
    return ReadingRow(
        line=line,
        indicator=_name(row["indicator"], "indicator"),
        lab=row.get("lab", "").strip() or None,
        value=number(row["value"], "value"),
        low=maybe_number(row.get("low", ""), "low"),
        high=maybe_number(row.get("high", ""), "high"),
        unit=row.get("unit", "").strip() or None,
        observed_at=moment(row["observed_at"], "observed_at"),
        source=source,
        provider=label(row.get("provider", ""))[:120],
        series=_name(row["series"], "series"),
        evidence_url=row.get("evidence_url", "").strip(),
        received_at=moment(received, "received_at") if received else None,
        version=int(version) if version else None,
    )


def _name(text: str, column: str) -> str:
    found = label(text)
    if not found:
        raise RowError(f"{column}: it is empty")
    if found != text.strip():
        raise RowError(f"{column}: it holds characters that a name cannot have, or more than {LONGEST_SERIES}")
    return found
