"""Tables to take away: CSV whose cells no spreadsheet takes for a formula, and the same rows as JSON, open to every origin."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.http import HttpResponse, JsonResponse

from core.times import stamp

# What a spreadsheet may run when a cell begins with it; TAB and CR are those that libraries forget.
DANGEROUS: Final = ("=", "+", "-", "@", "|", "\t", "\r", "\n", "%", "＝", "＋", "－", "＠")

type Cell = str | int | bool | datetime | timedelta | Decimal | Fraction | None


def csv_answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Return the rows as the file `name` (RFC 4180, UTF-8, CRLF). Instants are RFC 3339, spans seconds, nothing is an empty cell."""
    response = HttpResponse(csv_bytes(columns, rows), content_type="text/csv; charset=utf-8; header=present")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return open_to_all(response)


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as CSV, below their columns."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def json_answer(payload: dict[str, object]) -> HttpResponse:
    """Return `payload`, with instants, spans and exact numbers written as in CSV."""
    return open_to_all(JsonResponse(payload, json_dumps_params={"default": plain, "ensure_ascii": False}))


def records(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> list[dict[str, object]]:
    """Return the rows as objects, for JSON."""
    return [{column: plain(cell) for column, cell in zip(columns, row, strict=True)} for row in rows]


def plain(cell: object) -> object:
    """Return a value as JSON can hold it: numbers that are not integers as strings, exact."""
    match cell:
        case datetime():
            return stamp(cell)
        case timedelta():
            return round(cell.total_seconds())
        case Decimal() | Fraction():
            return str(cell)
        case None | bool() | int() | str():
            return cell
        case _:
            return str(cell)


def word(cell: Cell) -> str:
    """Return the cell as a page shows it."""
    value = plain(cell)
    return "—" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)


def safe(cell: Cell) -> str:
    """Return the cell's text; one that a spreadsheet could run gets an apostrophe before it. Numbers stay numbers."""
    value = plain(cell)
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    is_number = isinstance(cell, int | Decimal | Fraction | timedelta)
    return f"'{text}" if text.startswith(DANGEROUS) and not is_number else text


def open_to_all(response: HttpResponse) -> HttpResponse:
    """Let pages of every origin read the answer and show it."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
