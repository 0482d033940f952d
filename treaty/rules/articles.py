"""Articles beside the values they govern: which numbers a text has, what governs them, and how a paragraph reads with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import BaseModel

from core.durations import Duration

if TYPE_CHECKING:  # the text checks its own references with `dangling`
    from treaty.rules.text import Article, Text

REFERENCE = re.compile(r"\{([a-z0-9_.-]+)\}")
# Above the annexes of numbers: names and prose.
PROSE = frozenset({"title", "version", "language", "preamble", "articles", "labs", "bodies"})

type Value = int | Decimal | Fraction | Duration


class NoSuchValue(LookupError):
    """The document has nothing at this path."""


@dataclass(frozen=True)
class Governed:
    """A number of the document: its dotted path and its value."""

    path: str
    value: Value

    @property
    def label(self) -> str:
        """The path in words: "resumption · electorates · labs"."""
        return " · ".join(part.replace("_", " ") for part in self.path.split("."))


@dataclass(frozen=True)
class Part:
    """A piece of a paragraph: prose, or a value that the document states elsewhere."""

    text: str = ""
    governed: Governed | None = None


def numbers(text: Text) -> list[Governed]:
    """Return every number below the annexes of names, with its path, in the order of the document."""
    return [
        found
        for name in type(text).model_fields
        if name not in PROSE
        for found in _numbers_in(getattr(text, name), name)
    ]


def governed(article: Article, text: Text) -> list[Governed]:
    """Return the numbers that `article` governs. A path governs all that lies below it."""
    return [found for path in article.governs for found in _numbers_in(value_at(text, path), path)]


def governing(path: str, text: Text) -> list[Article]:
    """Return the articles that govern the number at `path`."""
    return [article for article in text.articles if any(_covers(above, path) for above in article.governs)]


def ungoverned(text: Text) -> list[str]:
    """Return the paths of numbers that no article with a source governs."""
    sourced = [above for article in text.articles if article.source for above in article.governs]
    return [found.path for found in numbers(text) if not any(_covers(above, found.path) for above in sourced)]


def paragraph(prose: str, text: Text) -> list[Part]:
    """Return `prose` with each {path} replaced by the value there; raise NoSuchValue."""
    parts, end = [], 0
    for found in REFERENCE.finditer(prose):
        value = value_at(text, found[1])
        if not isinstance(value, int | Decimal | Fraction | Duration) or isinstance(value, bool):
            raise NoSuchValue(f"{found[1]} is not a number")
        parts += [Part(text=prose[end : found.start()]), Part(governed=Governed(found[1], value))]
        end = found.end()
    return [part for part in (*parts, Part(text=prose[end:])) if part.text or part.governed]


def value_at(text: Text, path: str) -> object:
    """Return what the document has at the dotted `path`; raise NoSuchValue."""
    here: object = text
    for part in path.split("."):
        here = _below(here, part, path)
    return here


def is_number(value: object) -> bool:
    """Whether `value` is one of the numbers of a treaty: a count, a quantity, a share or a length of time."""
    return isinstance(value, int | Decimal | Fraction | Duration) and not isinstance(value, bool)


def dangling(text: Text) -> list[str]:
    """Return "path: message" for every reference of an article that names nothing."""
    return [problem for index, article in enumerate(text.articles) for problem in _dangling_in(index, article, text)]


def _dangling_in(index: int, article: Article, text: Text) -> Iterator[str]:
    for place, path in enumerate(article.governs):
        if not _exists(text, path):
            yield f"articles.{index}.governs.{place}: the document has nothing at {path!r}"
    for place, prose in enumerate(article.body):
        for path in REFERENCE.findall(prose):
            if not (_exists(text, path) and is_number(value_at(text, path))):
                yield f"articles.{index}.body.{place}: the document has no number at {path!r}"


def _exists(text: Text, path: str) -> bool:
    try:
        value_at(text, path)
    except NoSuchValue:
        return False
    return True


def _below(here: object, part: str, path: str) -> object:
    if isinstance(here, BaseModel) and part in type(here).model_fields:
        return getattr(here, part)
    if isinstance(here, Mapping) and part in here:
        return here[part]
    if isinstance(here, tuple) and part.isdecimal() and int(part) < len(here):
        return here[int(part)]
    raise NoSuchValue(path)


def _numbers_in(value: object, path: str) -> Iterator[Governed]:
    if isinstance(value, int | Decimal | Fraction | Duration) and not isinstance(value, bool):
        yield Governed(path, value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _numbers_in(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers_in(item, f"{path}.{key}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _numbers_in(item, f"{path}.{index}")


def _covers(above: str, path: str) -> bool:
    return path == above or path.startswith(f"{above}.")
