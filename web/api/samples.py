"""An example of every body and answer, made from its schema: what a reader of the reference sees, and a program's mock may use."""

from collections.abc import Mapping
from typing import Any, Final

type Schema = Mapping[str, Any]

DEEPEST: Final = 5
NOON: Final = "2026-11-22T12:00:00Z"
HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WORDS: Final[Mapping[str, str]] = {
    "body": "ivb",
    "decision": "start_pause_ordinary",
    "delegate": "borealis",
    "facility": "aster-thunder-bay",
    "indicator": "ai_research_share",
    "key": "2026-07",
    "kind": "vote.closed",
    "lab": "aster",
    "layer": "power",
    "level": "pause",
    "name": "aster",
    "next": "https://fermata.example/api/v1/votes/?cursor=cD0xMTE%3D",
    "organisation": "aster",
    "source": "declared",
    "unit": "share",
    "value": "0.52",
    "vote": "2026-07",
}


def add_examples(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Give every body and every answer of the schema its example: a hook of drf-spectacular."""
    for methods in result["paths"].values():
        for operation in methods.values():
            answers = [one for code, one in operation["responses"].items() if code.startswith("2")]
            for holder in (operation.get("requestBody", {}), *answers):
                for content in holder.get("content", {}).values():
                    content.setdefault("example", sample(result, content.get("schema", {})))
    return result


def sample(schema: Schema, found: Schema, name: str = "", depth: int = 0) -> Any:
    """Return a value of the shape `found`; `name` is the member that it is for."""
    found = resolved(schema, found)
    if "example" in found or "default" in found:
        return found.get("example", found.get("default"))
    if found.get("enum"):
        return found["enum"][0]
    for choices in (found.get("oneOf"), found.get("anyOf"), found.get("allOf")):
        if choices:
            return sample(schema, choices[0], name, depth)
    kinds = found.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        members = found.get("properties", {}) if depth < DEEPEST else {}
        return {key: sample(schema, part, key, depth + 1) for key, part in members.items()}
    if kind == "array":
        return [sample(schema, found.get("items", {}), name.removesuffix("s"), depth + 1)] if depth < DEEPEST else []
    return {"integer": 1, "number": 0.5, "boolean": True}.get(kind, _text(found, name))


def resolved(schema: Schema, found: Schema) -> Schema:
    """Follow a reference."""
    if "$ref" in found:
        component: Schema = schema["components"]["schemas"][str(found["$ref"]).rsplit("/", 1)[-1]]
        return resolved(schema, component)
    if len(found.get("allOf", ())) == 1:
        return resolved(schema, found["allOf"][0])
    return found


def _text(found: Schema, name: str) -> Any:
    if "null" in found.get("type", ()) and name not in {"next", "unaccounted"}:
        return None
    if found.get("format") == "date-time" or name.endswith(("_at", "_by")) or name in {"at", "now"}:
        return NOON
    if "hash" in name or name in {"sha256", "root", "text", "commitment"}:
        return HASH
    return WORDS.get(name, "…")
