"""Daily commits on public GitHub, in all and by AI agent: the share of a day's commits that agents made.

A day's share is known when the day is over, so it is observed at the first instant of the next. Agents that the counts take
up later add to the days that have them. The share is rounded to nine decimals, half to even.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from treaty.rules.readings import ReadingRow, Row, RowError, RowRefused, csv_rows, day, label, midnight

INDICATOR: Final = "ai_commit_share"
PROVIDER: Final = "Public GitHub commit counts by agent"
TOTAL: Final = "total"
REQUIRED: Final = frozenset({"date", "query", "count"})
SHARE: Final = Decimal("1e-9")
WIDE: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
MOST_COMMITS: Final = 10**12


@dataclass
class _Day:
    """A day's counts by query, and the first thing that is wrong with them."""

    line: int
    counts: dict[str, int] = field(default_factory=dict)
    wrong: str = ""


def read_commits(data: bytes) -> Iterator[Row]:
    """Yield one reading a day; a day whose counts are incomplete or contradict themselves is refused as a whole."""
    days: dict[date, _Day] = {}
    for line, row in csv_rows(data, required=REQUIRED):
        try:
            _add(days, line, row)
        except RowError as error:
            yield RowRefused(line, label(row.get("date", "")), str(error))
    for on, counted in sorted(days.items()):
        try:
            yield _reading(on, counted)
        except RowError as error:
            yield RowRefused(counted.line, on.isoformat(), str(error))


def _add(days: dict[date, _Day], line: int, row: dict[str, str]) -> None:
    on = day(row.get("date", ""), "date")
    counted = days.setdefault(on, _Day(line))
    text, query = row.get("count", "").strip(), label(row.get("query", ""))
    if "" in row:
        counted.wrong = counted.wrong or f"line {line}: {row['']}"
    elif not text.isascii() or not text.isdecimal() or int(text[:20]) > MOST_COMMITS:
        counted.wrong = counted.wrong or f"line {line}: {text[:40]!r} is not a number of commits"
    elif query in counted.counts:
        counted.wrong = counted.wrong or f"line {line}: {query!r} is counted twice"
    else:
        counted.counts[query] = int(text)


def _reading(on: date, counted: _Day) -> ReadingRow:
    if counted.wrong:
        raise RowError(counted.wrong)
    total = counted.counts.get(TOTAL, 0)
    if not total:
        raise RowError("the day has no total")
    agents = sum(count for query, count in counted.counts.items() if query != TOTAL)
    if agents > total:
        raise RowError(f"the agents' {agents:,} commits are a part of {total:,}: a part is not above its total")
    share = WIDE.divide(Decimal(agents), Decimal(total)).quantize(SHARE, context=WIDE)
    return ReadingRow(
        line=counted.line,
        indicator=INDICATOR,
        lab=None,
        value=share,
        unit="share",
        observed_at=midnight(on + timedelta(days=1)),
        source="observed",
        provider=PROVIDER,
        series=f"commits:{on.isoformat()}",
    )
