"""The interface for programs as a readable page: what its OpenAPI schema says, one operation after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator

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
    """An answer: its status, what it means, and its members."""

    status: str
    words: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Operation:
    """One address and method. `needs_token` says whether it is for people who may act."""

    id: str
    method: str
    path: str
    words: str
    parameters: tuple[Member, ...]
    body: tuple[Member, ...]
    answers: tuple[Answer, ...]
    curl: str
    needs_token: bool


@dataclass(frozen=True)
class Group:
    """The operations on one noun."""

    name: str
    operations: tuple[Operation, ...]


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
    groups = (
        Group(name.replace("_", " "), tuple(operations))
        for name, operations in groupby(found, key=lambda one: _noun(one.path))
    )
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
    body = _members(schema, _content(found.get("requestBody", {})))
    return Operation(
        id=str(found["operationId"]).replace("_", "-"),
        method=method.upper(),
        path=path,
        words=str(found.get("summary") or found.get("description", "")).strip(),
        parameters=tuple(sorted(parameters, key=lambda one: (one.place != "path", not one.required, one.name))),
        body=body,
        answers=tuple(
            Answer(status, str(one.get("description", "")), _members(schema, _content(one)))
            for status, one in found["responses"].items()
        ),
        curl=_curl(address, path, method, parameters),
        needs_token=method != "get",
    )


def _parameter(schema: Schema, found: Schema) -> Member:
    return Member(
        found["name"],
        _type(schema, found.get("schema", {})),
        found.get("description", ""),
        bool(found.get("required")),
        found["in"],
    )


def _content(holder: Schema) -> Schema:
    """Return the schema of a body or an answer: that of its first media type."""
    schemas: list[Schema] = [one.get("schema", {}) for one in holder.get("content", {}).values()]
    return schemas[0] if schemas else {}


def _resolved(schema: Schema, found: Schema) -> Schema:
    if "$ref" in found:
        name = str(found["$ref"]).rsplit("/", 1)[-1]
        resolved: Schema = schema["components"]["schemas"][name]
        return resolved
    if len(found.get("allOf", ())) == 1:
        return _resolved(schema, found["allOf"][0])
    return found


def _members(schema: Schema, found: Schema, prefix: str = "", depth: int = 0) -> tuple[Member, ...]:
    """Return the members of an object, those of objects in it with their path: "results[].hash"."""
    whole = _resolved(schema, found)
    if whole.get("type") == "array":
        return _members(schema, whole.get("items", {}), f"{prefix}[].", depth + 1)
    required, members = set(whole.get("required", ())), list[Member]()
    for name, part in whole.get("properties", {}).items():
        members.append(
            Member(f"{prefix}{name}", _type(schema, part), str(part.get("description", "")), name in required)
        )
        if depth < DEEPEST:
            inner = _resolved(schema, part)
            ahead = f"{prefix}{name}" if inner.get("type") == "array" else f"{prefix}{name}."
            members += _members(schema, inner, ahead, depth + 1)
    return tuple(members)


def _type(schema: Schema, found: Schema) -> str:
    """Return a type in words: "integer", "list of string", "date-time or null", "adopted | rejected"."""
    found = _resolved(schema, found)
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
        return f"curl {address}{path}"
    return f"curl -X {method.upper()} -H 'Authorization: Token …' -H 'Content-Type: application/json' -d @body.json {address}{path}"
