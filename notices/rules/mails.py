"""Which events go into which mail of a subscription."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from notices.rules.topics import AT_ONCE, Topic, topic_of

DIGEST_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Wish:
    """What a subscriber asked for; `lab` empty: whoever it is about."""

    topics: Collection[Topic]
    daily: bool
    lab: str = ""


@dataclass(frozen=True)
class Fact:
    """An entry as far as mail is concerned: its position, its kind, and the laboratory that it is about, if one."""

    index: int
    kind: str
    lab: str = ""


def wanted(wish: Wish, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return what the subscriber is to be told of. A pause concerns everybody, whichever laboratory they follow."""
    return tuple(one for one in facts if _is_wanted(wish, one))


def _is_wanted(wish: Wish, one: Fact) -> bool:
    if topic_of(one.kind) not in wish.topics:
        return False
    return not wish.lab or wish.lab == one.lab or one.kind in AT_ONCE


def due(wish: Wish, facts: Sequence[Fact], digest_at: datetime | None, at: datetime) -> tuple[Fact, ...] | None:
    """Return what is told at `at`, None where it waits for the digest. Where a pause is among it, nothing waits."""
    found = wanted(wish, facts)
    waits = wish.daily and digest_at is not None and at < digest_at
    return None if waits and not any(one.kind in AT_ONCE for one in found) else found


def next_digest(digest_at: datetime, at: datetime) -> datetime:
    """Return the first digest after `at`, whole days from `digest_at`."""
    missed = max(at - digest_at, timedelta(0)) // DIGEST_EVERY + 1
    return digest_at if at < digest_at else digest_at + missed * DIGEST_EVERY
