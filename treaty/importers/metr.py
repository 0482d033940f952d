"""METR's time horizons: the length of task that a system completes half of the time, in minutes, with its interval.

A system counts from its release, which is what the file dates.
"""

from collections.abc import Iterator
from typing import Final

from treaty.rules.reading import Marked, TextInvalid, read_yaml
from treaty.rules.readings import (
    FileRefused,
    ReadingRow,
    Row,
    RowError,
    RowRefused,
    label,
    maybe_number,
    moment,
    number,
)

INDICATOR: Final = "time_horizon"
PROVIDER: Final = "METR"
MEASURE: Final = ("metrics", "p50_horizon_length")


def read_metr(data: bytes) -> Iterator[Row]:
    """Yield one reading for each system of a benchmark_results file."""
    try:
        marked = read_yaml(data)
    except TextInvalid as error:
        raise FileRefused(error.detail) from None
    results = _at(marked, "results")
    if not isinstance(results, dict) or not results:
        raise FileRefused("The file has no results: is it a benchmark_results file?")
    for key in results:
        line = marked.line(("results", key))
        try:
            yield _system(marked, key, line)
        except RowError as error:
            yield RowRefused(line, label(key), str(error))


def _system(marked: Marked, key: str, line: int) -> ReadingRow:
    measure = ("results", key, *MEASURE)
    return ReadingRow(
        line=line,
        indicator=INDICATOR,
        lab=None,
        value=number(_text(marked, *measure, "estimate"), "estimate"),
        low=maybe_number(_text(marked, *measure, "ci_low"), "ci_low"),
        high=maybe_number(_text(marked, *measure, "ci_high"), "ci_high"),
        unit="minute",
        observed_at=moment(_text(marked, "results", key, "release_date"), "release_date"),
        source="observed",
        provider=PROVIDER,
        series=f"metr:{label(key)}",
    )


def _text(marked: Marked, *path: str) -> str:
    value = _at(marked, *path)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _at(marked: Marked, *path: str) -> object:
    value: object = marked.value
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
