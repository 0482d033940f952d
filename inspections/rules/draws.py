"""A public draw: weighted, without replacement, capped, from a seed that nobody knew when the list was frozen.

Random integers are SHA-256 blocks of the seed and a counter, rejected above the largest multiple of the range, so every ticket has
exactly the same chance. Integers only: two programs that follow these lines agree to the last bit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from core.errors import Malformed

TAG = b"fermata/draw/v1\0"
SPACE = 1 << 256


@dataclass(frozen=True)
class Ticketed:
    """Somebody in the list: `weight` tickets; `group` is what a cap counts by, such as the party."""

    key: str
    weight: int
    group: str = ""


@dataclass(frozen=True)
class Step:
    """One place of the draw: the counter whose block was used, the tickets in the pool, the ticket drawn and its holder."""

    counter: int
    tickets: int
    ticket: int
    key: str


@dataclass(frozen=True)
class Draw:
    """Who was drawn, in order, and how."""

    drawn: tuple[str, ...]
    transcript: tuple[Step, ...]


def draw(seed: bytes, listed: Iterable[Ticketed], places: int, caps: Mapping[str, int] | None = None) -> Draw:
    """Draw `places` of the list (fewer where caps leave nobody); the order in which it is listed does not matter."""
    pool = _checked(listed)
    left = dict(caps or {})
    pool = [item for item in pool if left.get(item.group, 1) > 0]
    counters = count()
    steps: list[Step] = []
    while pool and len(steps) < places:
        tickets = sum(item.weight for item in pool)
        counter, ticket = _below(seed, tickets, counters)
        chosen = _holder(pool, ticket)
        steps.append(Step(counter, tickets, ticket, chosen.key))
        if chosen.group in left:
            left[chosen.group] -= 1
        pool = [item for item in pool if item.key != chosen.key and left.get(item.group, 1) > 0]
    return Draw(tuple(step.key for step in steps), tuple(steps))


def first_difference(claimed: Draw, repeated: Draw) -> str:
    """Return in words where the two draws part; empty when they are the same."""
    for place, (said, found) in enumerate(zip(claimed.transcript, repeated.transcript, strict=False), start=1):
        if said != found:
            return f"place {place}: the transcript says {said}, the seed gives {found}"
    if len(claimed.transcript) != len(repeated.transcript):
        return f"the transcript has {len(claimed.transcript)} places, the seed gives {len(repeated.transcript)}"
    if claimed.drawn != repeated.drawn:
        return f"the list drawn says {', '.join(claimed.drawn)}, the seed gives {', '.join(repeated.drawn)}"
    return ""


def _checked(listed: Iterable[Ticketed]) -> list[Ticketed]:
    pool = sorted(listed, key=lambda item: item.key.encode())
    keys = [item.key for item in pool]
    if len(set(keys)) != len(keys):
        raise Malformed("Each key is listed once.")
    if any(item.weight < 1 for item in pool):
        raise Malformed("A weight is a whole number of tickets, at least 1.")
    return pool


def _below(seed: bytes, limit: int, counters: Iterator[int]) -> tuple[int, int]:
    largest = SPACE - SPACE % limit
    for counter in counters:
        number = int.from_bytes(sha256(TAG + seed + counter.to_bytes(8)).digest())
        if number < largest:
            return counter, number % limit
    raise AssertionError("the counters do not end")


def _holder(pool: list[Ticketed], ticket: int) -> Ticketed:
    for item in pool:
        if ticket < item.weight:
            return item
        ticket -= item.weight
    raise AssertionError("a ticket has a holder")
