"""A treaty text as a page shows it: articles beside the numbers they govern, annexes, decisions in words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from treaty.models import TreatyText
from treaty.queries.texts import lines, rules_of, source
from treaty.rules import articles as rules
from treaty.rules.articles import Governed
from treaty.rules.text import Article, Text
from treaty.rules.words import profile_in_words, value_in_words
from treaty.rules.words_conditions import condition_in_words

QUANTITY_FROM = 6  # powers of ten: from a million on a quantity is written with its power
LINES_A_PAGE: Final = 400  # of the YAML
REFERENCE: Final = re.compile(r"\b(Article|Annex) ([1-9][0-9]?[a-z]?)\b")


@dataclass(frozen=True)
class Shown:
    """A number of the text: in words, its quantity where it is a large one, and the line of the YAML that states it."""

    path: str
    label: str
    words: str
    quantity: Decimal | None
    line: int

    @property
    def page(self) -> int:
        """The page of the YAML on which the line is."""
        return page_of(self.line)


@dataclass(frozen=True)
class Piece:
    """Prose, a number in it, or a reference to another part of the text: its address below the text's own."""

    text: str
    shown: Shown | None = None
    refers: str = ""


@dataclass(frozen=True)
class ArticleShown:
    """An article with its paragraphs filled in."""

    number: str
    title: str
    paragraphs: tuple[tuple[Piece, ...], ...]
    commentary: str | None
    source: str | None
    governs: tuple[Shown, ...]
    line: int


@dataclass(frozen=True)
class ProvisionShown:
    """A keyed provision of an annex in words: a trigger, a criterion, a vote profile."""

    key: str
    title: str
    words: tuple[str, ...]
    comment: str | None
    source: str
    line: int
    reset: str = ""
    opens: str = ""
    level: str = ""
    decisions: tuple[str, ...] = ()

    @property
    def page(self) -> int:
        """The page of the YAML on which the line is."""
        return page_of(self.line)


@dataclass(frozen=True)
class LayerShown:
    """A verification layer and how long its evidence stands."""

    key: str
    title: str
    validity: str


@dataclass(frozen=True)
class AnnexShown:
    """An annex, and those of its provisions that have a name: where each stands on the annex's page, and its title."""

    number: str
    provisions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Document:
    """Everything that the pages of a text show."""

    rules: Text
    articles: tuple[ArticleShown, ...]
    annexes: tuple[AnnexShown, ...]
    triggers: tuple[ProvisionShown, ...]
    criteria: tuple[ProvisionShown, ...]
    profiles: tuple[ProvisionShown, ...]
    layers: tuple[LayerShown, ...]


@dataclass(frozen=True)
class Line:
    """A line of the YAML."""

    number: int
    label: str  # the number, as wide as the last line's
    text: str


def page_of(line: int) -> int:
    """Return the page of the YAML on which a line is; the bytes never change, so it stays there."""
    return (line - 1) // LINES_A_PAGE + 1


def document(text: TreatyText) -> Document:
    """Return the text as a page shows it. It is made once for a hash: the bytes say all of it."""
    return _document(text.sha256)


@lru_cache(maxsize=8)
def _document(sha256: str) -> Document:
    text = TreatyText.objects.defer("source").get(sha256=sha256)
    stated, at = rules_of(text), lines(sha256)
    titles = {
        **{key: it.title for key, it in stated.indicators.items()},
        **{key: it.title for key, it in stated.resumption.criteria.items()},
    }
    return Document(
        rules=stated,
        articles=tuple(_article(index, it, stated, at) for index, it in enumerate(stated.articles)),
        annexes=tuple(_annexes(stated)),
        triggers=tuple(_triggers(stated, titles, at)),
        criteria=tuple(_criteria(stated, titles, at)),
        profiles=tuple(_profiles(stated, at)),
        layers=tuple(
            LayerShown(key, title, value_in_words(stated.monitoring.evidence_validity[key]))
            for key, title in stated.monitoring.layers.items()
        ),
    )


def source_lines(text: TreatyText) -> list[Line]:
    """Return the YAML line by line."""
    found = source(text.sha256).decode().splitlines()
    width = len(str(len(found)))
    return [Line(number, f"{number:>{width}}", line) for number, line in enumerate(found, 1)]


def _article(index: int, article: Article, stated: Text, at: dict[str, int]) -> ArticleShown:
    return ArticleShown(
        number=article.number,
        title=article.title,
        paragraphs=tuple(tuple(_pieces(prose, stated, at)) for prose in article.body),
        commentary=article.commentary,
        source=article.source,
        governs=tuple(_shown(it, at) for it in rules.governed(article, stated)),
        line=at.get(f"articles.{index}", 1),
    )


def _pieces(prose: str, stated: Text, at: dict[str, int]) -> Iterator[Piece]:
    """Yield a paragraph's prose, with its numbers and its references to other parts apart."""
    parts = {"Article": {it.number for it in stated.articles}, "Annex": {it.number for it in _annexes(stated)}}
    for part in rules.paragraph(prose, stated):
        if part.governed:
            yield Piece(part.text, _shown(part.governed, at))
            continue
        end = 0
        for found in REFERENCE.finditer(part.text):
            if found[2] in parts[found[1]]:
                address = f"articles/{found[2]}/" if found[1] == "Article" else f"annexes/{found[2]}/"
                yield from (Piece(part.text[end : found.start()]), Piece(found[0], refers=address))
                end = found.end()
        yield Piece(part.text[end:])


def _annexes(stated: Text) -> Iterator[AnnexShown]:
    yield AnnexShown("1")
    yield AnnexShown("2")
    yield AnnexShown("3", tuple((f"indicator-{key}", it.title) for key, it in stated.indicators.items()))
    yield AnnexShown("4", tuple((f"trigger-{key}", it.title) for key, it in stated.triggers.items()))
    yield AnnexShown("5", tuple((f"level-{key}", it.title) for key, it in stated.levels.items()))
    yield AnnexShown("6")
    yield AnnexShown("7", tuple((f"criterion-{key}", it.title) for key, it in stated.resumption.criteria.items()))
    yield AnnexShown("8")
    yield AnnexShown("9", tuple((f"profile-{key}", it.title) for key, it in stated.profiles.items()))
    if stated.amendment.submissions:
        yield AnnexShown("10")


def _shown(it: Governed, at: dict[str, int]) -> Shown:
    power = _power(it.value)
    return Shown(
        path=it.path,
        label=it.label,
        words=value_in_words(it.value),
        quantity=power,
        line=at.get(it.path, 1),
    )


def _power(value: object) -> Decimal | None:
    """Return a large quantity that three digits state exactly; the others are written as the document has them."""
    if not isinstance(value, Decimal) or value.adjusted() < QUANTITY_FROM:
        return None
    return value if len(value.normalize().as_tuple().digits) <= 3 else None


def _triggers(stated: Text, titles: dict[str, str], at: dict[str, int]) -> list[ProvisionShown]:
    return [
        ProvisionShown(
            key=key,
            title=it.title,
            words=(condition_in_words(it.condition, titles),),
            comment=it.comment,
            source=it.source,
            line=at.get(f"triggers.{key}", 1),
            reset=condition_in_words(it.reset_when, titles) if it.reset_when else "",
            opens=stated.profiles[stated.decisions[it.opens]].title,
            level=stated.levels[it.level].title,
        )
        for key, it in stated.triggers.items()
    ]


def _criteria(stated: Text, titles: dict[str, str], at: dict[str, int]) -> list[ProvisionShown]:
    return [
        ProvisionShown(
            key=key,
            title=it.title,
            words=(condition_in_words(it.condition, titles),),
            comment=it.comment,
            source=it.source,
            line=at.get(f"resumption.criteria.{key}", 1),
        )
        for key, it in stated.resumption.criteria.items()
    ]


def _profiles(stated: Text, at: dict[str, int]) -> list[ProvisionShown]:
    return [
        ProvisionShown(
            key=key,
            title=it.title,
            words=tuple(profile_in_words(it)),
            comment=it.comment,
            source=it.source,
            line=at.get(f"profiles.{key}", 1),
            decisions=tuple(decision for decision, profile in stated.decisions.items() if profile == key),
        )
        for key, it in stated.profiles.items()
    ]
