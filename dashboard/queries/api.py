"""The interface for programs as a readable page: what its OpenAPI schema says, one operation after the other."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator

from web.api.samples import resolved

METHODS: Final = ("get", "post", "put", "patch", "delete")
EXAMPLES: Final = {"integer": "0", "string": "KEY", "boolean": "true", "number": "1"}
DEEPEST: Final = 3  # a reference within a reference within an answer

type Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Member:
    """A parameter, or a member of a body or an answer. `place` is path or query, empty for members."""

    name: str
    type: str
    words: str
    required: bool = False
    place: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer: its status, what it means, its members and an example."""

    status: str
    words: str
    members: tuple[Member, ...]
    example: str


@dataclass(frozen=True)
class Operation:
    """One address and method. `needs_token` says whether only people who are signed in may use it; a body may be signed instead."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: tuple[Member, ...]
    body: tuple[Member, ...]
    sent: str  # an example of the body
    answers: tuple[Answer, ...]
    refusals: tuple[Answer, ...]  # all of them are problem documents
    curl: str
    needs_token: bool
    is_deprecated: bool


@dataclass(frozen=True)
class Group:
    """The operations on one noun. `key` is the noun in an address."""

    key: str
    operations: tuple[Operation, ...]

    @property
    def name(self) -> str:
        """The noun in words."""
        return self.key.replace("_", " ")


@dataclass(frozen=True)
class Reference:
    """The whole interface."""

    version: str
    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        """How many operations there are."""
        return sum(len(group.operations) for group in self.groups)


@lru_cache(maxsize=4)
def reference(address: str) -> Reference:
    """Return the reference; `address` is the site's, for examples. The schema is made once: code alone changes it."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # the package has no type here
    found = sorted(
        _operations(schema, address), key=lambda one: (_noun(one.path), one.path, METHODS.index(one.method.lower()))
    )
    groups = (Group(noun, tuple(operations)) for noun, operations in groupby(found, key=lambda one: _noun(one.path)))
    return Reference(str(schema["info"]["version"]), tuple(groups))


def _noun(path: str) -> str:
    """Return what the operations of a path are about: the part after /api/v1/."""
    parts = [part for part in path.split("/") if part]
    return parts[2] if len(parts) > 2 else parts[-1]


def _operations(schema: Schema, address: str) -> Iterator[Operation]:
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                yield _operation(schema, address, path, method, methods[method])


def _operation(schema: Schema, address: str, path: str, method: str, found: Schema) -> Operation:
    parameters = tuple(_parameter(schema, one) for one in found.get("parameters", ()))
    held = found.get("requestBody", {})
    answers = [_answer(schema, status, one) for status, one in found["responses"].items()]
    return Operation(
        id=str(found["operationId"]).replace("_", "-"),
        method=method.upper(),
        path=path,
        summary=str(found["summary"]),
        words=str(found["description"]),
        parameters=tuple(sorted(parameters, key=lambda one: (one.place != "path", not one.required, one.name))),
        body=_members(schema, _content(held)),
        sent=_example(held),
        answers=tuple(one for one in answers if one.status.startswith("2")),
        refusals=tuple(one for one in answers if not one.status.startswith("2")),
        curl=_curl(address, path, method, parameters),
        needs_token={} not in found.get("security", [{}]),
        is_deprecated=bool(found.get("deprecated")),
    )


def _answer(schema: Schema, status: str, found: Schema) -> Answer:
    members = _members(schema, _content(found)) if status.startswith("2") else ()
    return Answer(status, str(found.get("description", "")), members, _example(found))


def _example(holder: Schema) -> str:
    """Return the example of a body or an answer, as text."""
    found = [one["example"] for one in holder.get("content", {}).values() if "example" in one]
    return json.dumps(found[0], indent=2, ensure_ascii=False) if found else ""


def _parameter(schema: Schema, found: Schema) -> Member:
    return Member(
        found["name"],
        _type(schema, found.get("schema", {})),
        _prose(found.get("description", "")),
        bool(found.get("required")),
        found["in"],
    )


def _prose(description: str) -> str:
    """Return a description without its marks and without the list of values that the type says already."""
    return description.partition("* `")[0].replace("`", "").strip()


def _content(holder: Schema) -> Schema:
    """Return the schema of a body or an answer: that of its first media type."""
    schemas: list[Schema] = [one.get("schema", {}) for one in holder.get("content", {}).values()]
    return schemas[0] if schemas else {}


def _members(schema: Schema, found: Schema, prefix: str = "", depth: int = 0) -> tuple[Member, ...]:
    """Return the members of an object, those of objects in it with their path: "results[].hash"."""
    whole = resolved(schema, found)
    if whole.get("type") == "array":
        return _members(schema, whole.get("items", {}), f"{prefix}[].", depth + 1)
    required, members = set(whole.get("required", ())), list[Member]()
    for name, part in whole.get("properties", {}).items():
        members.append(
            Member(f"{prefix}{name}", _type(schema, part), _prose(part.get("description", "")), name in required)
        )
        if depth < DEEPEST:
            inner = resolved(schema, part)
            ahead = f"{prefix}{name}" if inner.get("type") == "array" else f"{prefix}{name}."
            members += _members(schema, inner, ahead, depth + 1)
    return tuple(members)


def _type(schema: Schema, found: Schema) -> str:
    """Return a type in words: "integer", "list of string", "date-time or null", "adopted | rejected"."""
    found = resolved(schema, found)
    if "enum" in found:
        return " | ".join("null" if value is None else str(value) for value in found["enum"])
    choices = found.get("oneOf") or found.get("anyOf")
    if choices:
        return " | ".join(dict.fromkeys(_type(schema, one) for one in choices))
    names = found.get("type", "any")
    kinds = [names] if isinstance(names, str) else list(names)
    if "array" in kinds:
        return f"list of {_type(schema, found.get('items', {}))}"
    return " or ".join(str(found.get("format", kind)) if kind == "string" else kind for kind in kinds)


def _curl(address: str, path: str, method: str, parameters: tuple[Member, ...]) -> str:
    for one in parameters:
        path = path.replace("{" + one.name + "}", EXAMPLES.get(one.type, one.name.upper()))
    if method == "get":
        asked = "&".join(
            f"{one.name}={one.name.upper()}" for one in parameters if one.required and one.place == "query"
        )
        return f"curl '{address}{path}?{asked}'" if asked else f"curl {address}{path}"
    return f"curl -X {method.upper()} -H 'Authorization: Token …' -H 'Content-Type: application/json' -d @body.json {address}{path}"
