"""What the feeds hold: the newest public events, all of them, of one topic, of one laboratory, or of one kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from ledger.queries.entries import Recorded, entries_about, newest_of
from ledger.words import sentence
from notices.queries.events import TOLD, events, titles
from notices.rules.topics import Topic, topic_of
from treaty.queries.texts import rules_of, text_at

LENGTH = 60


@dataclass(frozen=True)
class Item:
    """An entry of the record as a feed tells it. `index` is its position: it never changes, nor does the item."""

    index: int
    at: datetime
    kind: str
    title: str
    sentence: str
    url: str
    entry_url: str


def of_everything(at: datetime) -> list[Item]:
    """Return the newest public events."""
    return items(newest_of(TOLD.keys(), LENGTH), at)


def of_topic(topic: Topic, at: datetime) -> list[Item]:
    """Return the newest public events of a topic."""
    return items(newest_of([kind for kind in TOLD if topic_of(kind) is topic], LENGTH), at)


def of_lab(key: str, at: datetime) -> list[Item]:
    """Return the newest entries about a laboratory."""
    return items(entries_about(f"lab:{key}", LENGTH), at)


def of_kind(kind: str, at: datetime) -> list[Item]:
    """Return the newest entries of one kind."""
    return items(newest_of([kind], LENGTH), at)


def items(found: Sequence[Recorded], at: datetime) -> list[Item]:
    """Return entries as items, in their order; what has no position yet waits for it."""
    text = text_at(at)
    told = {event.entry: event for event in events(found, titles(rules_of(text)) if text else None)}
    return list(_items(found, {index: (event.title, event.url) for index, event in told.items() if index is not None}))


def _items(found: Iterable[Recorded], told: dict[int, tuple[str, str]]) -> Iterable[Item]:
    for one in found:
        if one.index is not None:
            entry_url, words = reverse("ledger:entry", args=[one.index]), sentence(one.value)
            title, url = told.get(one.index, (words, entry_url))
            yield Item(one.index, one.value.at, one.value.kind, title, words, url, entry_url)
