"""Words looked for in a treaty text: in which article or annex they stand, with what stands around them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from treaty.queries.articles import ArticleShown, Document, Piece, ProvisionShown
from treaty.rules.text import Text

AROUND: Final = 110  # characters before and after what was found
MOST: Final = 60


@dataclass(frozen=True)
class Passage:
    """Where the words stand: the part's address below the text's own, its name, and the passage around them."""

    address: str
    place: str
    before: str
    found: str
    after: str


def passages(document: Document, sought: str) -> list[Passage]:
    """Return the passages that have the words `sought`, in the order of the text, `MOST` at most."""
    words, found = " ".join(sought.split()), list[Passage]()
    for address, place, prose in _prose(document) if words else ():
        at = prose.lower().find(words.lower())
        if at >= 0 and len(found) < MOST:
            found.append(_passage(address, place, prose, at, at + len(words)))
    return found


def _passage(address: str, place: str, prose: str, start: int, end: int) -> Passage:
    before, after = prose[max(start - AROUND, 0) : start], prose[end : end + AROUND]
    return Passage(
        address=address,
        place=place,
        before=before if start <= AROUND else "… " + before.partition(" ")[2],
        found=prose[start:end],
        after=after if end + AROUND >= len(prose) else after.rpartition(" ")[0] + " …",
    )


def _prose(document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield (address, name of the part, prose) of everything that can be read."""
    for prose in document.rules.preamble:
        yield "#preamble", "Preamble", prose
    for article in document.articles:
        for prose in _of_article(article):
            yield f"articles/{article.number}/", f"Article {article.number}. {article.title}", prose
    for number, anchor, title, prose in _of_annexes(document.rules, document):
        yield f"annexes/{number}/{anchor}", f"Annex {number}. {title}" if title else f"Annex {number}", prose


def _of_article(article: ArticleShown) -> Iterator[str]:
    yield article.title
    yield from ("".join(_written(piece) for piece in paragraph) for paragraph in article.paragraphs)
    yield from (prose for prose in (article.commentary, article.source) if prose)


def _written(piece: Piece) -> str:
    return piece.shown.words if piece.shown else piece.text


def _of_annexes(stated: Text, document: Document) -> Iterator[tuple[int, str, str, str]]:
    """Yield (number, anchor, title, prose) of each provision of the annexes."""
    yield from ((1, "", "", f"{lab.name} ({lab.key}), {lab.jurisdiction}") for lab in stated.labs)
    yield from ((2, "", "", f"{body.name} ({body.key}), {body.jurisdiction or ''}") for body in stated.bodies)
    for key, it in stated.indicators.items():
        yield 3, f"#indicator-{key}", it.title, f"{it.title}. {it.unit}. {it.comment or ''} {it.source}"
    for number, kind, provisions in (
        (4, "trigger", document.triggers),
        (7, "criterion", document.criteria),
        (9, "profile", document.profiles),
    ):
        yield from ((number, f"#{kind}-{one.key}", one.title, _in_words(one)) for one in provisions)
    for key, level in stated.levels.items():
        yield 5, f"#level-{key}", level.title, f"{level.title}. {level.comment or ''} {level.source}"
    yield from ((6, "", key, purpose) for key, purpose in stated.exemptions.purposes.items())
    yield from ((8, "", one.key, one.title) for one in document.layers)
    for layer, items in stated.monitoring.protocols.items():
        yield from ((8, "", layer, f"{it.question} {it.method or ''} {it.comment or ''}") for it in items)


def _in_words(one: ProvisionShown) -> str:
    return " ".join([f"{one.title}:", *one.words, one.comment or "", one.source])
