"""Reading a treaty text: YAML in a strict subset, with the line and the field of everything that is refused.

The subset has one meaning for every reader: UTF-8, one document, block or flow collections, no anchor, alias, tag, merge
key or repeated key. A plain scalar is null, true, false or an integer where it is written so, and text otherwise; there
are no binary floats, so `0.8` and `1e24` keep every digit.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import Malformed
from treaty.rules.text import Text

LARGEST = 1_000_000
DEEPEST = 32
MOST_NODES = 100_000
MOST_PROBLEMS = 50
PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}

type Place = tuple[str | int, ...]
type Tree = bool | int | str | list["Tree"] | dict[str, "Tree"] | None


@dataclass(frozen=True)
class Problem:
    """One thing to put right: where it stands and what it is. `line` counts from 1; `path` is dotted, "" for the whole."""

    line: int
    path: str
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}{', ' if self.path else ''}{self.path}: {self.detail}"


class TextInvalid(Malformed):
    """The document is not a valid treaty text."""

    code = "text_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Marked:
    """A YAML document as plain values, and the line of every key and item."""

    value: Tree = None
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, path: Place) -> int:
        """Return the line of `path`, or of the nearest part above it that the document has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@lru_cache(maxsize=16)  # reading one takes 50 ms, and what it says never changes
def read_text(source: bytes) -> Text:
    """Return the treaty text; raise TextInvalid with every problem that was found."""
    return read_model(source, Text)


def read_model[Shape: BaseModel](source: bytes, shape: type[Shape]) -> Shape:
    """Return `source` as a `shape` (a text, a vote profile, a condition); raise TextInvalid."""
    marked = read_yaml(source)
    try:
        return shape.model_validate(marked.value)
    except ValidationError as error:
        problems = [problem for item in error.errors() for problem in _problems(item, marked, shape)]
        raise TextInvalid(sorted(set(problems), key=lambda it: (it.line, it.path))[:MOST_PROBLEMS]) from None


def field_lines(source: bytes) -> dict[str, int]:
    """Return the line of every dotted path, such as "declarations.initial_due"."""
    return {_dotted(path): line for path, line in read_yaml(source).lines.items()}


def read_yaml(source: bytes) -> Marked:
    """Read the strict subset of YAML; raise TextInvalid for what has no single meaning."""
    if len(source) > LARGEST:
        raise TextInvalid([Problem(1, "", f"the document has {len(source):,} bytes; {LARGEST:,} are allowed")])
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise TextInvalid([Problem(line, "", "this is not UTF-8")]) from None
    try:
        return _Reader(text).read()
    except yaml.MarkedYAMLError as error:
        raise TextInvalid([_yaml_problem(error, text)]) from None
    except yaml.YAMLError as error:
        raise TextInvalid([Problem(1, "", f"this is not YAML: {error}".splitlines()[0])]) from None


def _yaml_problem(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    if re.match(r"\s*\t", here):
        return Problem(line + 1, "", "a tab stands in the indentation: indent with spaces")
    return Problem(line + 1, "", f"this is not YAML: {error.problem or error.context}")


class _Reader:
    """Builds values from YAML events, so that nothing is expanded and nothing is guessed."""

    def __init__(self, text: str) -> None:
        self.events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.marked = Marked()
        self.nodes = 0

    def read(self) -> Marked:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.marked.value = self.node(next(self.events), ())
                next(self.events)
                after = next(self.events)
                if not isinstance(after, yaml.StreamEndEvent):
                    raise self.refusal(after, (), "a second document begins here: a text is one document")
                return self.marked
        raise TextInvalid([Problem(1, "", "the document is empty")])

    def node(self, event: yaml.Event, path: Place) -> Tree:
        self.marked.lines.setdefault(path, _line(event))
        self.nodes += 1
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            raise self.refusal(
                event,
                path,
                f"the document is nested deeper than {DEEPEST} levels or has more than {MOST_NODES:,} parts",
            )
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.refusal(event, path, "anchors and aliases are not allowed: write it out")
        if getattr(event, "tag", None):
            raise self.refusal(event, path, f"the tag {event.tag!r} is not allowed")  # type: ignore[attr-defined] # only events with a tag come here
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.scalar(event, path)

    def mapping(self, path: Place) -> dict[str, Tree]:
        value: dict[str, Tree] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
                raise self.refusal(event, path, "a key is plain text")
            key = str(event.value)
            if key in value:
                raise self.refusal(
                    event,
                    (*path, key),
                    f"the key {key!r} appears twice (first on line {self.marked.lines[*path, key]})",
                )
            self.marked.lines[*path, key] = _line(event)
            value[key] = self.node(next(self.events), (*path, key))
        return value

    def sequence(self, path: Place) -> list[Tree]:
        value: list[Tree] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            value.append(self.node(event, (*path, len(value))))
        return value

    def scalar(self, event: Any, path: Place) -> bool | int | str | None:
        if not event.implicit[0]:
            return str(event.value)
        text: str = event.value
        if text in PLAIN:
            return PLAIN[text]
        if re.fullmatch(r"-?(0|[1-9][0-9]*)", text, re.ASCII):
            if len(text) > 16:
                raise self.refusal(event, path, "an integer has at most 15 digits: write a longer number in quotes")
            return int(text)
        return text

    def refusal(self, event: yaml.Event, path: Place, detail: str) -> TextInvalid:
        return TextInvalid([Problem(_line(event), _dotted(path), detail)])


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _problems(error: Any, marked: Marked, shape: type[BaseModel]) -> Iterator[Problem]:
    path = _present(error["loc"], marked)
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        yield Problem(marked.line(path), _dotted(path), f"there is no such field{_meant(path, marked, shape)}")
    elif error["type"] == "missing":
        yield Problem(marked.line(path), _dotted((*path, error["loc"][-1])), "this field is missing")
    elif not path and "error" in context:
        for line in str(context["error"]).splitlines():
            where, _, detail = line.partition(": ")
            found = _parsed(where, marked)
            yield Problem(marked.line(found), where if detail else "", detail or line)
    else:
        yield Problem(marked.line(path), _dotted(path), _plain(error))


def _plain(error: Any) -> str:
    given = error.get("input")
    shown = f" (it is {given!r})" if isinstance(given, str | int | bool) and len(str(given)) < 60 else ""
    detail: str = error["msg"].removeprefix("Value error, ")
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        detail = f"say which kind it is: one of {error['ctx'].get('expected_tags', 'those in the schema')}"
    elif error["type"] == "literal_error":
        detail = f"write {error['ctx']['expected']}"
    elif error["type"] == "string_pattern_mismatch":
        detail = f"this does not fit the pattern {error['ctx']['pattern']}"
    return detail[:1].lower() + detail[1:] + ("" if error["type"] == "value_error" and str(given) in detail else shown)


def _present(location: Sequence[str | int], marked: Marked) -> Place:
    """Return the part of pydantic's location that the document has: without the names of a union's branches."""
    path: Place = ()
    for part in location:
        if (*path, part) in marked.lines:
            path = (*path, part)
    return path


def _parsed(dotted: str, marked: Marked) -> Place:
    path: Place = ()
    for part in dotted.split("."):
        step = int(part) if part.isdecimal() and (*path, part) not in marked.lines else part
        path = (*path, step)
    return path


def _dotted(path: Place) -> str:
    return ".".join(map(str, path))


def _meant(path: Place, marked: Marked, shape: type[BaseModel]) -> str:
    names = _fields_at(path[:-1], marked, shape)
    close = get_close_matches(str(path[-1]), names, n=1, cutoff=0.6)
    if close:
        return f": did you mean {close[0]!r}?"
    return f": it is one of {', '.join(sorted(names))}" if names else ""


def _fields_at(path: Place, marked: Marked, shape: type[BaseModel]) -> list[str]:
    schema = json_schema(shape)
    here, value = schema, marked.value
    for part in path:
        here = _step(_resolved(here, value, schema), part)
        value = value[part]  # type: ignore[index] # the path is one that the document has
    return list(_resolved(here, value, schema).get("properties", {}))


def _resolved(here: dict[str, Any], value: Tree, schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references and choose the branch of a union that fits `value`."""
    while True:
        if "$ref" in here:
            here = schema["$defs"][here["$ref"].rsplit("/", 1)[1]]
        elif "discriminator" in here:
            kind = value.get("kind") if isinstance(value, dict) else None
            here = {"$ref": here["discriminator"]["mapping"][kind]} if kind in here["discriminator"]["mapping"] else {}
        elif "anyOf" in here or len(here.get("allOf", ())) == 1:
            branches = here.get("anyOf") or here["allOf"]
            here = next((it for it in branches if it.get("type") not in {"null", "string", "integer"}), {})
        else:
            return here


def _step(here: dict[str, Any], part: str | int) -> dict[str, Any]:
    if isinstance(part, int):
        step = here.get("items", {})
    else:
        step = here.get("properties", {}).get(part) or here.get("additionalProperties", {})
    return step if isinstance(step, dict) else {}


@cache
def json_schema(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of `shape`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema()}
