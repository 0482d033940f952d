"""Epoch AI's database of models: training compute as readings about the world, open weights as releases.

The snapshots differ in their columns (the model's name is "System" in 2024, "Model" in 2025); both are read. Estimates are
published as binary floats, whose last digits change without meaning ("1.1199999999999999e+25"): twelve digits are kept.
No laboratory of the file is taken for a party of the treaty.
"""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from treaty.rules.readings import (
    ReadingRow,
    ReleaseRow,
    Row,
    RowError,
    RowRefused,
    RowSkipped,
    csv_rows,
    day,
    label,
    maybe_number,
    midnight,
)

INDICATOR: Final = "training_compute"
PROVIDER: Final = "Epoch AI"
COMPUTE: Final = "Training compute (FLOP)"
MEANT_DIGITS: Final = Context(prec=12, rounding=ROUND_HALF_EVEN)
REQUIRED: Final = frozenset({COMPUTE, "Publication date", "Organization", "Model accessibility"})
OPEN: Final = "Open weights"
LONGEST_ADDRESS: Final = 500


def read_epoch(data: bytes) -> Iterator[Row]:
    """Yield the file's models: a release for open weights, and a reading where training compute is stated."""
    for line, row in csv_rows(data, required=REQUIRED):
        name = label(row.get("Model") or row.get("System") or "")
        try:
            yield from _model(line, name, row)
        except RowError as error:
            yield RowRefused(line, name, str(error))


def _model(line: int, name: str, row: dict[str, str]) -> Iterator[Row]:
    if "" in row:
        raise RowError(row[""])
    if not name:
        raise RowError("the model has no name")
    if row.get("Confidence", "").strip() == "Wrong":
        raise RowError("the source itself marks the entry as wrong")
    published = day(row["Publication date"], "Publication date")
    flop = _compute(row, COMPUTE)
    if row["Model accessibility"].startswith(OPEN):
        yield _release(line, name, row, published, flop)
    elif flop is None:
        yield RowSkipped(line, name, "no training compute is stated")
    if flop is None:
        return
    yield ReadingRow(
        line=line,
        indicator=INDICATOR,
        lab=None,
        value=flop,
        low=_compute(row, "Training compute lower bound"),
        high=_compute(row, "Training compute upper bound"),
        unit="FLOP",
        observed_at=midnight(published),
        source="observed",
        provider=PROVIDER,
        series=f"epoch:{name}",
        evidence_url=_address(row.get("Link", "")),
    )


def _release(line: int, name: str, row: dict[str, str], published: date, flop: Decimal | None) -> ReleaseRow:
    developer = label(row["Organization"])
    return ReleaseRow(line, name, developer, published, flop, PROVIDER, f"epoch:{name}")


def _compute(row: dict[str, str], column: str) -> Decimal | None:
    found = maybe_number(row.get(column, ""), column)
    return None if found is None else MEANT_DIGITS.plus(found)


def _address(text: str) -> str:
    """Return the first web address of a field that may hold several."""
    first = next((word for word in text.split() if word.startswith(("https://", "http://"))), "").rstrip(",;")
    return first if len(first) <= LONGEST_ADDRESS and first.isascii() else ""
