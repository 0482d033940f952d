"""Files of observations: what a body saw of many sites and periods at once, as the plain CSV of docs/observations-csv.md.

Pure: bytes in, rows out, in the order of the file. Whether an observation fits what is declared is judged when it is filed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from inspections.rules.accounting import MOST_HOURS, BalancePeriod
from treaty.rules.readings import FileRefused, RowError, RowRefused, csv_rows, label, moment

LARGEST_FILE: Final = 200_000
MOST_ROWS: Final = 500
COLUMNS: Final = ("facility", "from_at", "until_at", "measurement", "hours")


@dataclass(frozen=True)
class ObservationRow:
    """An observation that a file states; `line` counts from 1."""

    line: int
    facility: str
    period: BalancePeriod
    measurement: str
    hours: int

    @property
    def datum(self) -> tuple[str, str, BalancePeriod]:
        """What it is about: one number belongs to it."""
        return self.facility, self.measurement, self.period


def read_observations(data: bytes) -> Iterator[ObservationRow | RowRefused]:
    """Yield the rows of the file; raise FileRefused for one that is none, is too long or has no rows.

    A datum that is stated twice is refused the second time, with the line of the first.
    """
    if len(data) > LARGEST_FILE:
        raise FileRefused(f"The file has {len(data):,} bytes; {LARGEST_FILE:,} are allowed. Send it in parts.")
    rows = list(csv_rows(data, required=frozenset(COLUMNS)))
    if not rows:
        raise FileRefused("The file has a heading and no row.")
    if len(rows) > MOST_ROWS:
        raise FileRefused(f"The file has {len(rows):,} rows; {MOST_ROWS} are allowed. Send it in parts.")
    if unknown := sorted(set(rows[0][1]) - {*COLUMNS, ""}):
        raise FileRefused(f"Line 1: there is no column {unknown[0][:40]!r}; there are {', '.join(COLUMNS)}.")
    first: dict[tuple[str, str, BalancePeriod], int] = {}
    for line, fields in rows:
        try:
            yield _once(_row(line, fields), first)
        except RowError as error:
            yield RowRefused(line, label(f"{fields.get('facility', '')} {fields.get('measurement', '')}"), str(error))


def _once(row: ObservationRow, first: dict[tuple[str, str, BalancePeriod], int]) -> ObservationRow:
    if row.datum in first:
        raise RowError(f"line {first[row.datum]} has said this already")
    first[row.datum] = row.line
    return row


def _row(line: int, fields: dict[str, str]) -> ObservationRow:
    if "" in fields:
        raise RowError(fields[""])
    text = {name: fields[name].strip() for name in COLUMNS}
    if empty := next((name for name in COLUMNS if not text[name]), None):
        raise RowError(f"{empty}: it is empty")
    hours = text["hours"]
    if not hours.isascii() or not hours.isdecimal() or len(hours) > len(str(MOST_HOURS)):
        raise RowError(f"hours: {hours[:40]!r} is no whole number of H100-hours from 0 to {MOST_HOURS:,}")
    period = BalancePeriod(moment(text["from_at"], "from_at"), moment(text["until_at"], "until_at"))
    return ObservationRow(line, text["facility"][:80], period, text["measurement"][:64], int(hours))
