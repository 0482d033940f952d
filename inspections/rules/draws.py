"""A public draw: of parties by capacity, then of one of the party's sites by capacity, from a seed that nobody knew before.

A party's weight is that of all its sites together for as long as it has one left to draw, so how it divides its capacity among
sites changes neither its chance nor anybody else's. Random integers are SHA-256 blocks of the seed, the place and a counter,
rejected above the largest multiple of the range, so every ticket has exactly the same chance. Integers only: two programs
that follow these lines agree to the last bit, which `ALGORITHM` pins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Final

from core.canonical import digest
from core.errors import Malformed

TAG: Final = b"fermata/draw/v1\0"
SPACE: Final = 1 << 256
# SHA-256 over the transcripts of `KNOWN`: whoever draws those exactly so draws as this site does.
ALGORITHM: Final = "07d33772034b36fb6eee61ade5934009610d6dc00f75abd4fd8ffc2f940e6176"


@dataclass(frozen=True)
class Ticketed:
    """A site in the list: `weight` tickets; `group` is the party, which is drawn first and which a cap counts by."""

    key: str
    weight: int
    group: str = ""


@dataclass(frozen=True)
class Step:
    """One place: the tickets of all parties left, the one drawn and its party; those of the party's sites left, the one drawn and its site."""

    tickets: int
    ticket: int
    group: str
    own_tickets: int
    own_ticket: int
    key: str


@dataclass(frozen=True)
class Draw:
    """Who was drawn, in order, and how."""

    drawn: tuple[str, ...]
    transcript: tuple[Step, ...]


def draw(seed: bytes, listed: Iterable[Ticketed], places: int, caps: Mapping[str, int] | None = None) -> Draw:
    """Draw `places` of the list, each site once (fewer where caps leave nobody); the order of the list does not matter.

    `caps`: how many places a group can have at most; a group without one has no limit.
    """
    groups = _groups(listed)
    left = dict(caps or {})
    live = [(name, sum(item.weight for item in items)) for name, items in groups.items() if left.get(name, 1) > 0]
    steps: list[Step] = []
    while live and len(steps) < places:
        place = len(steps)
        tickets = sum(weight for _, weight in live)
        ticket = below(seed, b"party", place, tickets)
        name = live[_holder([weight for _, weight in live], ticket)][0]
        items = groups[name]
        weights = [item.weight for item in items]
        own_tickets = sum(weights)
        own_ticket = below(seed, b"site", place, own_tickets)
        chosen = items.pop(_holder(weights, own_ticket))
        steps.append(Step(tickets, ticket, name, own_tickets, own_ticket, chosen.key))
        if name in left:
            left[name] -= 1
        if not items or left.get(name, 1) <= 0:
            live = [one for one in live if one[0] != name]
    return Draw(tuple(step.key for step in steps), tuple(steps))


def below(seed: bytes, purpose: bytes, place: int, limit: int) -> int:
    """Return a whole number below `limit`, each with the same chance; no other purpose or place has the same blocks."""
    largest = SPACE - SPACE % limit
    for counter in count():
        block = TAG + seed + b"\0" + purpose + place.to_bytes(8) + counter.to_bytes(8)
        number = int.from_bytes(sha256(block).digest())
        if number < largest:
            return number % limit
    raise AssertionError("the counters do not end")


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


def steps_as_json(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Return a transcript for files and hashes: numbers of tickets as strings, for they may be longer than JSON's integers."""
    return [{name: str(value) for name, value in vars(step).items()} for step in steps]


def fingerprint() -> str:
    """Return the hash over what this program draws from the lists of `KNOWN`."""
    drawn = [steps_as_json(draw(bytes([number]) * 32, *one).transcript) for number, one in enumerate(KNOWN)]
    return digest(drawn)


def _groups(listed: Iterable[Ticketed]) -> dict[str, list[Ticketed]]:
    pool = sorted(listed, key=lambda item: (item.group.encode(), item.key.encode()))
    if len({item.key for item in pool}) != len(pool):
        raise Malformed("Each key is listed once.")
    if any(item.weight < 1 for item in pool):
        raise Malformed("A weight is a whole number of tickets, at least 1.")
    groups: dict[str, list[Ticketed]] = {}
    for item in pool:
        groups.setdefault(item.group, []).append(item)
    return groups


def _holder(weights: Sequence[int], ticket: int) -> int:
    for index, weight in enumerate(weights):
        if ticket < weight:
            return index
        ticket -= weight
    raise AssertionError("a ticket has a holder")


type Known = tuple[tuple[Ticketed, ...], int, Mapping[str, int]]


def _sites(**weights: tuple[int, ...]) -> tuple[Ticketed, ...]:
    return tuple(
        Ticketed(f"{name}-{number}", weight, name)
        for name, held in weights.items()
        for number, weight in enumerate(held, start=1)
    )


KNOWN: Final[tuple[Known, ...]] = (
    (_sites(a=(1,)), 1, {}),
    (_sites(a=(1, 2), b=(3,)), 3, {}),
    (_sites(a=(5, 5, 5, 5), b=(7, 1), c=(11,)), 5, {"a": 2, "b": 1}),
    (_sites(a=((1 << 200) + 1, 1), b=((1 << 255) + 1,)), 3, {}),  # a range whose blocks are rejected every other time
    ((Ticketed("é", 2), Ticketed("z", 3), Ticketed("Z", 4)), 3, {}),
    (_sites(a=(1,), b=(1,)), 0, {}),
    (_sites(a=(1,), b=(10**24,)), 2, {"b": 0}),
)
