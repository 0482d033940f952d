"""Tips: sealed files from people whom the site does not know, and what a body makes of each.

The site sees how long a file is, how many can open it, and nothing else; so the rules are about sizes, hours and hashes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.errors import DomainError, Malformed

# What is sealed is filled up to one of these lengths in bytes, so that a length tells next to nothing.
SIZES: Final = (4_096, 16_384, 65_536, 262_144)
ROUNDED: Final = timedelta(hours=1)  # nothing finer is kept of when a tip came, and the record is told at the hour
WORK: Final = 18  # bits: about 260,000 hashes, a second or so of a telephone
WITHOUT_WORK: Final = 30  # tips an hour, from everybody together, that come without this work
LONGEST_OUTCOME: Final = 160

HANDLE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

MAGIC: Final = b"age-encryption.org/v1\n"
LONGEST_HEADER: Final = 8_192
CHUNK: Final = 65_536
TAG: Final = 16  # bytes that age adds to each chunk, and the length of the payload's nonce
LONGEST_SEALED: Final = LONGEST_HEADER + SIZES[-1] + 16 * TAG


class TipState(StrEnum):
    """What one body has made of a tip."""

    RECEIVED = "received"
    OPENED = "opened"
    CLOSED = "closed"


class TipEvent(StrEnum):
    """What a body does with a tip."""

    OPEN = "open"
    ANSWER = "answer"
    CLOSE = "close"


class Outcome(StrEnum):
    """What became of a tip in a body's hands; public."""

    FOLLOWED = "followed"
    REFERRED = "referred"
    NOT_PURSUED = "not_pursued"
    UNREADABLE = "unreadable"


TRANSITIONS: Final[dict[tuple[TipState, TipEvent], TipState]] = {
    (TipState.RECEIVED, TipEvent.OPEN): TipState.OPENED,
    (TipState.RECEIVED, TipEvent.CLOSE): TipState.CLOSED,  # it is not for this body, or cannot be read
    (TipState.OPENED, TipEvent.ANSWER): TipState.OPENED,
    (TipState.OPENED, TipEvent.CLOSE): TipState.CLOSED,
    (TipState.CLOSED, TipEvent.ANSWER): TipState.CLOSED,
}


class TipNotOpen(DomainError):
    """The body has not opened this tip, or has closed it."""

    code = "tip_not_open"


class NotSealed(Malformed):
    """The file is not sealed as age seals files for recipients: nothing of it was kept."""

    code = "not_sealed"


@dataclass(frozen=True)
class Sealed:
    """What can be told of a sealed file without opening it."""

    sha256: str
    size: int  # of what is sealed, in bytes


def next_state(state: TipState, event: TipEvent) -> TipState:
    """Return what the tip is to the body after `event`; raise TipNotOpen where the table has nothing."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TipNotOpen from None


def read_sealed(data: bytes) -> Sealed:
    """Return what a sealed file shows; raise NotSealed unless it is a binary age file for recipients, filled up to a size."""
    if not data.startswith(MAGIC):
        raise NotSealed("This is no age file. Seal it first, without --armor; nothing of it was kept.")
    mac = data.find(b"\n--- ", 0, LONGEST_HEADER)
    end = data.find(b"\n", mac + 1, LONGEST_HEADER) + 1
    if mac < 0 or end == 0:
        raise NotSealed("The header of this age file is not whole, or too long; nothing of it was kept.")
    kinds = {line.split(b" ")[1] for line in data[:mac].split(b"\n") if line.startswith(b"-> ")}
    if b"X25519" not in kinds or b"scrypt" in kinds:
        raise NotSealed("This file is sealed to no age recipient; nothing of it was kept.")
    size = _plain_size(len(data) - end - TAG)
    if size not in SIZES:
        raise NotSealed(
            f"What is sealed in it is {size} bytes long. Fill it up before sealing, to one of {', '.join(map(str, SIZES))}: "
            "truncate -s 16384 tip.txt. Nothing of it was kept."
        )
    return Sealed(sha256(data).hexdigest(), size)


def read_handle(text: str) -> str:
    """Return what a tip's author comes back with; raise Malformed unless it has the form of one."""
    if not HANDLE.fullmatch(text):
        raise Malformed("A return handle has 64 characters, each a digit or a letter from a to f.")
    return text


def _plain_size(payload: int) -> int:
    chunks = -(-payload // (CHUNK + TAG))
    return payload - chunks * TAG


def is_worked(digest: str, nonce: str) -> bool:
    """Whether `nonce` is proof of work for the sealed file with this hash: its hash begins with WORK zero bits."""
    found = sha256(f"fermata/tip-work/v1\0{digest}\0{nonce}".encode()).digest()
    return len(nonce) <= 32 and int.from_bytes(found[:8]) >> (64 - WORK) == 0


def hour_of(at: datetime) -> datetime:
    """Return the hour in which `at` is: all that is kept of when a tip came."""
    return at.replace(minute=0, second=0, microsecond=0)


def in_lots(tips: Iterable[str], most: int = 500) -> list[list[str]]:
    """Return hashes sorted, in lots that an entry of the record can hold: their order tells nothing of theirs."""
    found = sorted(tips)
    return [found[start : start + most] for start in range(0, len(found), most)]
