"""What an amendment changes: provision by provision, old and new, and the articles' prose word by word."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from core.canonical import Json
from core.errors import DomainError
from treaty.rules.articles import paragraph
from treaty.rules.text import Article, Text
from treaty.rules.words import value_in_words

# Compared as prose, or different in every version.
APART: Final = frozenset({"articles", "version"})
WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")

type Leaf = tuple[str, str]


class AmendmentRefused(DomainError):
    """This text cannot be proposed as an amendment now."""

    code = "amendment_refused"


@dataclass(frozen=True, order=True)
class ProvisionChange:
    """One provision: its dotted path, what it was and what it would be; None where there is none."""

    path: str
    old: str | None
    new: str | None

    def as_json(self) -> list[Json]:
        """Return it as the record has it: [path, old, new]."""
        return [self.path, self.old, self.new]


class Mark(StrEnum):
    """What becomes of a piece of prose."""

    SAME = "same"
    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class Piece:
    """Some words and what becomes of them."""

    mark: Mark
    text: str


@dataclass(frozen=True)
class Lines:
    """A paragraph before and after, in pieces; empty on the side where there is none."""

    old: tuple[Piece, ...]
    new: tuple[Piece, ...]


@dataclass(frozen=True)
class ArticleChange:
    """An article of which title, paragraphs, commentary or sources change, or which is added or removed."""

    number: str
    what: str  # added | removed | changed
    title: Lines
    body: tuple[Lines, ...]
    notes: tuple[Lines, ...]  # commentary, then sources

    def as_json(self) -> list[Json]:
        """Return it as the record has it: [number, what]."""
        return [self.number, self.what]


@dataclass(frozen=True)
class Changes:
    """All that an amendment changes."""

    provisions: tuple[ProvisionChange, ...]
    articles: tuple[ArticleChange, ...]

    def as_json(self) -> dict[str, Json]:
        """Return what is hashed and recorded: provisions with both values, articles by number."""
        return {
            "provisions": [one.as_json() for one in self.provisions],
            "articles": [one.as_json() for one in self.articles],
        }

    def __bool__(self) -> bool:
        return bool(self.provisions or self.articles)


def changes(old: Text, new: Text) -> Changes:
    """Compare two texts; numbers in the prose of articles are written out, so that they are seen to change there as well."""
    return Changes(tuple(sorted(_provisions(old, new))), tuple(_articles(old, new)))


def check_amendment(old: Text, new: Text) -> Changes:
    """Return what `new` changes of `old`; raise AmendmentRefused where it is not the next version or changes nothing."""
    if new.version != old.version + 1:
        raise AmendmentRefused(
            f"The text says version {new.version}; the amended text is version {old.version + 1}, which follows the one in force."
        )
    found = changes(old, new)
    if not found:
        raise AmendmentRefused("The text changes neither an article nor a provision of the one in force.")
    return found


def _provisions(old: Text, new: Text) -> Iterator[ProvisionChange]:
    before, after = dict(_leaves(old)), dict(_leaves(new))
    for path in before.keys() | after.keys():
        if before.get(path) != after.get(path):
            yield ProvisionChange(path, before.get(path), after.get(path))


def _leaves(text: Text) -> Iterator[Leaf]:
    for name, value in text.model_dump(mode="json").items():
        if name not in APART:
            yield from _below(name, value)


def _below(path: str, value: object) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _below(f"{path}.{key}", one)
    elif isinstance(value, list) and value:
        for number, one in enumerate(value):
            yield from _below(f"{path}.{_name(one, number)}", one)
    elif value is not None:
        yield path, "yes" if value is True else "no" if value is False else str(value)


def _name(one: object, number: int) -> str:
    """Name an item by its key where it has one, so that a removed line does not seem to change those after it."""
    return str(one["key"]) if isinstance(one, dict) and "key" in one else str(number)


def _articles(old: Text, new: Text) -> Iterator[ArticleChange]:
    before, after = ({article.number: article for article in text.articles} for text in (old, new))
    for number in sorted(before.keys() | after.keys(), key=_in_order):
        was, is_now = before.get(number), after.get(number)
        what = "added" if was is None else "removed" if is_now is None else "changed"
        change = ArticleChange(
            number,
            what,
            _words(was.title if was else "", is_now.title if is_now else ""),
            tuple(_paragraphs(_body(was, old), _body(is_now, new))),
            tuple(_words(one, other) for one, other in zip(_notes(was), _notes(is_now), strict=True) if one != other),
        )
        if what != "changed" or _differs(change):
            yield change


def _in_order(number: str) -> tuple[int, str]:
    digits = re.match(r"[0-9]+", number)
    return int(digits[0]) if digits else 0, number


def _body(article: Article | None, text: Text) -> list[str]:
    return [_prose(one, text) for one in article.body] if article else []


def _prose(body: str, text: Text) -> str:
    parts = paragraph(body, text)
    return "".join(part.text or (value_in_words(part.governed.value) if part.governed else "") for part in parts)


def _notes(article: Article | None) -> tuple[str, str]:
    return ((article.commentary or ""), (article.source or "")) if article else ("", "")


def _differs(change: ArticleChange) -> bool:
    lines = (change.title, *change.body)
    return bool(change.notes) or any(one.mark is not Mark.SAME for line in lines for one in (*line.old, *line.new))


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[Lines]:
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (_words(one, one) for one in old[i:j])
            continue
        length = max(j - i, m - k)
        yield from (
            _words(one, other) for one, other in zip(_filled(old[i:j], length), _filled(new[k:m], length), strict=True)
        )


def _filled(texts: Sequence[str], length: int) -> list[str]:
    return [*texts, *("" for _ in range(length - len(texts)))]


def _words(old: str, new: str) -> Lines:
    if old == new:
        same = _pieces([(Mark.SAME, old)])
        return Lines(same, same)
    before, after = WORDS.findall(old), WORDS.findall(new)
    codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    left = [(Mark.SAME if what == "equal" else Mark.OUT, "".join(before[i:j])) for what, i, j, _, _ in codes]
    right = [(Mark.SAME if what == "equal" else Mark.IN, "".join(after[k:m])) for what, _, _, k, m in codes]
    return Lines(_pieces(left), _pieces(right))


def _pieces(found: Iterable[tuple[Mark, str]]) -> tuple[Piece, ...]:
    return tuple(Piece(mark, text) for mark, text in found if text)
