"""Answers described in few words, where no serializer makes them: JSON schemas with a meaning for each member."""

from typing import Any

from web.api.pages import page_schema

type Shape = dict[str, Any]


def text(words: str, *values: str) -> Shape:
    """Describe a text, or one of few."""
    return {"type": "string", "description": words} | ({"enum": list(values)} if values else {})


def whole(words: str) -> Shape:
    """Describe an integer."""
    return {"type": "integer", "description": words}


def number(words: str) -> Shape:
    """Describe a number that statistics made."""
    return {"type": "number", "description": words}


def truth(words: str) -> Shape:
    """Describe yes or no."""
    return {"type": "boolean", "description": words}


def instant(words: str) -> Shape:
    """Describe an instant in UTC."""
    return {"type": "string", "format": "date-time", "description": words}


def maybe(shape: Shape) -> Shape:
    """Describe what may be null."""
    return shape | {"type": [shape["type"], "null"]}


def many(items: Shape, words: str) -> Shape:
    """Describe a list."""
    return {"type": "array", "items": items, "description": words}


def thing(words: str = "", /, **members: Shape) -> Shape:
    """Describe an object that always has these members, and perhaps further ones later."""
    return {"type": "object", "description": words, "properties": members, "required": list(members)}


def by_key(values: Shape, words: str) -> Shape:
    """Describe an object whose keys are data."""
    return {"type": "object", "additionalProperties": values, "description": words}


def free(words: str) -> Shape:
    """Describe an object whose members another paper describes."""
    return {"type": "object", "additionalProperties": True, "description": words}


def page(row: Shape) -> Shape:
    """Describe a page of rows."""
    return page_schema({"type": "array", "items": row})
