"""`fermata evaluate`: a condition judged over a file of readings, with the same rules and the same words as the site."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, RootModel

from core.canonical import Json
from core.durations import Duration
from core.errors import Malformed
from core.times import stamp
from core.truth import Truth
from labs.rules.readings import IndicatorRule, ReadingRefused, ReadingValue, check_reading
from treaty.rules.conditions import AnyCondition, Comparison, Condition, InLabs, walk
from treaty.rules.evaluation import DeterminationValue, Evaluation, Measured, World, evaluate
from treaty.rules.reading import read_model, read_text, read_yaml
from treaty.rules.readings import ReadingRow, RowError, RowRefused, moment, read_csv
from treaty.rules.text import Text
from treaty.rules.values import Key, Length, Provision
from treaty.rules.words_conditions import condition_in_words, evaluation_in_words, owed_in_words

EXIT = {Truth.TRUE: 0, Truth.FALSE: 1, Truth.UNKNOWN: 69}
REFUSED = 65
BEYOND_ANY_WINDOW = Duration.parse("50 y")

type Source = Literal["verified", "observed", "declared"]


class FileIndicator(Provision):
    """What a condition file says of an indicator: what evaluation needs, and no more."""

    title: str = ""
    unit: str = ""
    about: Literal["world", "lab"] = "world"
    validity: Length = BEYOND_ANY_WINDOW
    sources: tuple[Source, ...] = ("verified", "observed", "declared")
    owed_by: Literal["labs", "bodies", "secretariat"] = "labs"


class FileDetermination(Provision):
    """A body's determination, in instants of RFC 3339."""

    criterion: Key
    body: Key
    met: bool
    determined_at: str
    expires_at: str


class ConditionFile(Provision):
    """A condition with what it is judged by besides readings."""

    condition: Condition
    indicators: dict[Key, FileIndicator] = Field(default_factory=dict)
    labs: tuple[Key, ...] = ()
    affiliations: tuple[tuple[Key, Key], ...] = ()
    determinations: tuple[FileDetermination, ...] = ()


class Bare(RootModel[Condition]):
    """A file that holds a condition and nothing else."""


def add_arguments(parser: ArgumentParser) -> None:
    """Say what can be asked."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--condition", type=Path, metavar="C.yaml", help="a condition, alone or with its indicators")
    what.add_argument("--trigger", metavar="KEY", help="the condition of this trigger of --text")
    parser.add_argument("--text", type=Path, metavar="T.yaml", help="a treaty text, for its indicators and triggers")
    parser.add_argument(
        "--readings", type=Path, required=True, metavar="R.csv", help="plain CSV (docs/readings-csv.md)"
    )
    parser.add_argument("--at", required=True, metavar="INSTANT", help="such as 2026-11-22T12:00:00Z, or a day")
    parser.add_argument("--labs", metavar="A,B", help="the bound laboratories (default: all that the readings name)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace) -> int:
    """Print the finding and why; answer 0 (true), 1 (false), 69 (unknown) or 65 (something cannot be read)."""
    try:
        condition, world, titles = _asked(options)
        found = evaluate(condition, world, moment(options.at, "--at"))
    except (Malformed, ReadingRefused, RowError, OSError) as error:
        print(f"fermata evaluate: {getattr(error, 'detail', error)}", file=sys.stderr)  # noqa: T201 - a command answers on its streams
        return REFUSED
    print(json.dumps(as_json(found, world)) if options.json else "\n".join(as_lines(found, titles)))  # noqa: T201 - as above
    return EXIT[found.truth]


def _asked(options: Namespace) -> tuple[AnyCondition, World, Mapping[str, str]]:
    text = read_text(options.text.read_bytes()) if options.text else None
    asked = _from_text(text, options.trigger) if options.trigger else read_condition(options.condition.read_bytes())
    rows = read_rows(options.readings.read_bytes())
    indicators = _indicators(asked, text, rows)
    named = options.labs.split(",") if options.labs else asked.labs or {row.lab for row in rows if row.lab}
    world = World(
        readings=as_values(rows, indicators),
        indicators=indicators,
        labs=frozenset(named),
        affiliations=frozenset(frozenset(pair) for pair in asked.affiliations),
        determinations=tuple(_determination(one) for one in asked.determinations),
    )
    return asked.condition, world, {key: one.title for key, one in indicators.items() if one.title}


def _from_text(text: Text | None, key: str) -> ConditionFile:
    if text is None:
        raise Malformed("A trigger stands in a text: give --text as well.")
    if key not in text.triggers:
        raise Malformed(f"The text has no trigger {key!r}; it has {', '.join(sorted(text.triggers))}.")
    return ConditionFile(condition=text.triggers[key].condition)


def read_condition(source: bytes) -> ConditionFile:
    """Return a condition file, or a bare condition as one; raise TextInvalid with line and field."""
    value = read_yaml(source).value
    if isinstance(value, dict) and "condition" in value:
        return read_model(source, ConditionFile)
    return ConditionFile(condition=read_model(source, Bare).root)


def read_rows(data: bytes) -> list[ReadingRow]:
    """Return the rows of a plain CSV; raise Malformed for the first that cannot be read: nothing is judged by halves."""
    rows = []
    for row in read_csv(data):
        if isinstance(row, RowRefused):
            raise Malformed(f"Line {row.line}: {row.why}.")
        if isinstance(row, ReadingRow):
            rows.append(row)
    return rows


def _indicators(asked: ConditionFile, text: Text | None, rows: Sequence[ReadingRow]) -> dict[str, Measured]:
    """Return what is measured: as the file says, else as the text says, else as the condition itself implies."""
    found: dict[str, Measured] = {**(text.indicators if text else {}), **asked.indicators}
    in_labs = {part.indicator for node in walk(asked.condition) if isinstance(node, InLabs) for part in _compared(node)}
    for part in _compared(asked.condition):
        if part.indicator not in found:
            if part.window is None:
                raise Malformed(
                    f"How long is a reading of {part.indicator} valid? Give a window, indicators, or --text."
                )
            units = {row.unit for row in rows if row.indicator == part.indicator and row.unit}
            unit = units.pop() if len(units) == 1 else ""
            found[part.indicator] = FileIndicator(unit=unit, about="lab" if part.indicator in in_labs else "world")
    return found


def _compared(condition: AnyCondition) -> Iterator[Comparison]:
    return (part for part in walk(condition) if isinstance(part, Comparison))


def as_values(rows: Sequence[ReadingRow], indicators: Mapping[str, Measured]) -> list[ReadingValue]:
    """Return rows as readings; raise ReadingRefused, Malformed for the first that does not fit its indicator.

    Without received_at a reading was received when it was observed; without version a later line is the next version.
    """
    values, versions = [], dict[tuple[str, str | None, str], int]()
    for row in rows:
        datum = (row.indicator, row.lab, row.series)
        versions[datum] = row.version or versions.get(datum, 0) + 1
        value = ReadingValue(
            id=row.line,
            indicator=row.indicator,
            lab=row.lab,
            value=row.value,
            low=row.low,
            high=row.high,
            observed_at=row.observed_at,
            received_at=row.received_at or row.observed_at,
            source=row.source,
            series=row.series,
            version=versions[datum],
        )
        _check(value, row, indicators.get(row.indicator))
        values.append(value)
    return values


def _check(value: ReadingValue, row: ReadingRow, indicator: Measured | None) -> None:
    if indicator is None:
        return
    unit = indicator.unit if row.unit is None else row.unit
    rule = IndicatorRule(
        key=row.indicator,
        unit=indicator.unit,
        about=indicator.about,
        minimum=getattr(indicator, "minimum", None),
        maximum=getattr(indicator, "maximum", None),
    )
    try:
        check_reading(value, rule, unit=unit)
    except ReadingRefused as refused:
        raise Malformed(f"Line {row.line}: {refused.detail}") from None


def _determination(one: FileDetermination) -> DeterminationValue:
    since, until = moment(one.determined_at, "determined_at"), moment(one.expires_at, "expires_at")
    return DeterminationValue(one.criterion, one.body, one.met, since, until)


def as_json(found: Evaluation, world: World) -> dict[str, Json]:
    """Return the finding, its tree and what is owed; numbers are exact strings."""
    owed: list[Json] = [one.to_json() for one in found.owed]
    return {
        "at": stamp(found.at),
        "truth": found.truth.value,
        "words": found.words,
        "labs": sorted(world.labs),
        "holds_until": stamp(found.holds_until) if found.holds_until else None,
        "owed": owed,
        "tree": found.to_json(),
    }


def as_lines(found: Evaluation, titles: Mapping[str, str]) -> Iterator[str]:
    """Yield the finding as lines for people: the answer, the tree, what is missing."""
    yield f"{stamp(found.at)}: {found.truth.value.upper()}"
    yield from _branch(found, titles, "  ")
    for owed in found.owed:
        yield f"owed by {owed_in_words(owed, titles)}"
    if found.holds_until:
        yield f"Without new data nothing changes before {stamp(found.holds_until)}."


def _branch(found: Evaluation, titles: Mapping[str, str], indent: str) -> Iterator[str]:
    who = f"{', '.join(found.labs)}: " if found.labs else ""
    asks = condition_in_words(found.condition, titles)
    yield f"{indent}[{found.truth.value}] {who}{asks}"
    yield f"{indent}        {evaluation_in_words(found, titles)}"
    for part in found.parts:
        yield from _branch(part, titles, indent + "    ")
