"""What an entry says, as a sentence. A kind that nobody has written a sentence for is read from its name."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.canonical import Json
from ledger.rules.entries import EntryValue

SENTENCES: Final[Mapping[str, str | Promise]] = {
    "log.opened": gettext_lazy("The log %(origin)s was opened."),
}


def sentence(entry: EntryValue) -> str:
    """Return what the entry says in one sentence; values of the payload are filled in as they are."""
    template = SENTENCES.get(entry.kind)
    if template is not None:
        try:
            return str(template) % {key: text_of(value) for key, value in entry.payload.items()}
        except KeyError:  # an older entry of the kind has fewer members
            pass
    return (
        _("%(kind)s: %(values)s") % {"kind": name_of(entry.kind), "values": _short(entry.payload)}
        if entry.payload
        else name_of(entry.kind)
    )


def name_of(kind: str) -> str:
    """Return a kind as words: "vote.closed" as "Vote closed"."""
    return str(capfirst(kind.replace(".", " ").replace("_", " ")))


def text_of(value: Json) -> str:
    """Return a value of a payload as text."""
    match value:
        case None:
            return "\N{EM DASH}"
        case bool():
            return _("yes") if value else _("no")
        case str() | int():
            return str(value)
        case Mapping():
            return (
                "; ".join(f"{key.replace('_', ' ')}: {text_of(item)}" for key, item in value.items()) or "\N{EM DASH}"
            )
        case _:
            return ", ".join(text_of(item) for item in value) or "\N{EM DASH}"


def facts(payload: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return a payload as pairs of words and text."""
    return [(str(capfirst(key.replace("_", " "))), text_of(value)) for key, value in payload.items()]


def _short(payload: Mapping[str, Json]) -> str:
    values = [text_of(value) for value in payload.values() if isinstance(value, str | int)]
    return ", ".join(value if len(value) <= 40 else f"{value[:39]}…" for value in values[:4])
