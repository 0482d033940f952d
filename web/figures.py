"""Figures: the charts and tables of the site, each declared once and to be had at stable addresses as SVG, CSV, JSON and metadata.

An app lists its own in `views/figures.py`; `dashboard/views/figures.py` serves all of them. `docs/figures.md` says how to add one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.safestring import mark_safe

from web.charts import Chart, Number
from web.exports import Cell, plain, word
from web.past import query

FORMS: Final = ("svg", "csv", "json", "metadata.json")
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
CSVW: Final = "http://www.w3.org/ns/csvw"

type Words = str | Promise
type Rows = Iterable[Sequence[Cell]]


class Type(StrEnum):
    """What a column holds, by the name that CSV on the Web has for it."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    DAY = "date"
    INSTANT = "dateTime"
    TRUTH = "boolean"
    ADDRESS = "anyURI"


@dataclass(frozen=True)
class Column:
    """A column: its name in files, what it means, and its unit (as UCUM writes it, or in words)."""

    name: str
    means: Words
    type: Type = Type.TEXT
    unit: Words = ""


@dataclass(frozen=True)
class Figure:
    """A table, perhaps with a chart of it. `rows` and `chart` take an instant and a subject.

    A figure with `subjects` is a family: one figure for each of them, as `indicator/training_compute`. It raises Http404 for others.
    One that `has_past` takes any instant since the record began, and tells nothing that came later; others take the present only.
    """

    key: str
    title: Words
    description: Words
    source: Words
    columns: tuple[Column, ...]
    rows: Callable[[datetime, str], Rows]
    page: Callable[[str], str]
    chart: Callable[[datetime, str], Chart | None] | None = None
    titled: Callable[[datetime, str], Words] | None = None  # the title of one of a family
    subjects: Callable[[datetime], Iterable[str]] | None = None
    has_past: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)


def place(key: str, subject: str = "") -> str:
    """Return the name of a figure: its key, and its subject in a family."""
    return f"{key}/{subject}" if subject else key


def address(name: str, form: str = "", past: datetime | None = None) -> str:
    """Return the path of a figure's file; without a form that of the page about it. Either may be as of a past instant."""
    return (f"/figures/{name}.{form}" if form else f"/figures/{name}/") + query(past)


def metadata(
    figure: Figure, name: str, title: str, *, site: str, position: int, at: datetime, page: str, past: datetime | None
) -> dict[str, object]:
    """Return what CSV on the Web (W3C, 2015) says of a table: columns with type and unit, source, licence, of which state it is."""
    return {
        "@context": CSVW,
        "@id": f"{site}{address(name, 'metadata.json', past)}",
        "url": f"{site}{address(name, 'csv', past)}",
        "dc:title": title,
        "dc:description": str(figure.description),
        "dc:source": str(figure.source),
        "dc:license": {"@id": LICENCE},
        "dc:publisher": "Fermata",
        "dc:created": plain(at),
        "schema:version": str(position),
        "schema:isBasedOn": {"@id": f"{site}/tlog/checkpoint"},
        "schema:mainEntityOfPage": {"@id": f"{site}{page}"},
        "dialect": {"header": True, "encoding": "utf-8", "lineTerminators": ["\r\n", "\n"]},
        "tableSchema": {"columns": [_column(column) for column in figure.columns]},
    }


def _column(column: Column) -> dict[str, object]:
    found: dict[str, object] = {
        "name": column.name,
        "titles": column.name,
        "datatype": column.type.value,
        "dc:description": str(column.means),
    }
    return found | ({"schema:unitText": str(column.unit)} if column.unit else {})


def line_data(chart: Chart) -> dict[str, object]:
    """Return a chart's numbers for programs that draw it: each point is its instant in seconds since 1970, value, low and high."""
    return {
        "title": chart.title,
        "unit": chart.unit,
        "log": chart.log,
        "points": [
            [point.at.timestamp(), *map(_number, (point.value, point.low, point.high))] for point in chart.points
        ],
        "thresholds": [{"value": _number(one.value), "label": one.label} for one in chart.thresholds],
    }


def _number(value: Number | None) -> float | None:
    return None if value is None else float(value)


@dataclass(frozen=True)
class Written:
    """A cell of a table drawn as SVG: its words, cut to what fits, and where they begin."""

    x: int
    words: str


@dataclass(frozen=True)
class Drawing:
    """A table as a drawing: the heads, the lines with their places from the top, and how many lines it leaves out."""

    width: int
    height: int
    heads: tuple[Written, ...]
    lines: tuple[tuple[int, tuple[Written, ...]], ...]
    omitted: int

    @property
    def right(self) -> int:
        """Where the lines end."""
        return self.width - 16

    @property
    def foot(self) -> int:
        """Where the last line of words stands."""
        return self.height - 16

    @property
    def rest(self) -> int:
        """Where it is said how many lines are left out."""
        return self.height - 16 - LINE


MOST_LINES: Final = 24
MOST_LETTERS: Final = 24
LETTER: Final = 7  # pixels, of a fixed-width face of 11 px
LINE: Final = 20
TOP: Final = 64


def drawing(columns: Sequence[str], rows: Rows) -> Drawing:
    """Lay out a table of plain words in columns as wide as what they hold."""
    every = [[_word(cell) for cell in row] for row in rows]
    shown = every[:MOST_LINES]
    widths = [
        max(len(words) for words in (_word(name), *column)) for name, *column in zip(columns, *shown, strict=True)
    ]
    starts = [16 + sum(width + 2 for width in widths[:at]) * LETTER for at in range(len(widths))]

    def line(words: Iterable[str]) -> tuple[Written, ...]:
        return tuple(Written(*each) for each in zip(starts, words, strict=True))

    omitted = len(every) - len(shown)
    return Drawing(
        width=max(480, 32 + sum(width + 2 for width in widths) * LETTER),
        height=TOP + LINE * (len(shown) + 2 + bool(omitted)) + 4,
        heads=line(map(_word, columns)),
        lines=tuple((TOP + LINE * (at + 1), line(words)) for at, words in enumerate(shown)),
        omitted=omitted,
    )


def _word(cell: Cell) -> str:
    words = word(cell)
    return words if len(words) <= MOST_LETTERS else f"{words[: MOST_LETTERS - 1]}…"


# The colours and strokes of a chart as attributes, for a file of its own: no style sheet reaches it, and no inline style is let in.
INK: Final = {
    name: mark_safe(f" {attributes}")  # noqa: S308 - constants
    for name, attributes in {
        "gap": 'fill="#565f6b" opacity="0.09"',
        "axis": 'stroke="#e0ddd3" fill="none"',
        "band": 'fill="#0b5a8a" opacity="0.16"',
        "line": 'fill="none" stroke="#0b5a8a" stroke-width="2" stroke-linejoin="round"',
        "projected": 'stroke-dasharray="2 4"',
        "limit": 'stroke="#a4430d" stroke-width="1.5" stroke-dasharray="6 4"',
        "limitlabel": 'fill="#a4430d"',
        "dots": 'fill="#0b5a8a" stroke="#fff"',
        "open": 'fill="#fff" stroke="#0b5a8a" stroke-width="2"',
    }.items()
}
