"""To whom tips are sealed: a body's age recipient, and the statement with which the body publishes or withdraws it.

A recipient is an X25519 public key in Bech32, as `age-keygen` prints it (the age file format, version 1; Bech32 is BIP 173).
"""

from typing import Final

from core.canonical import Json
from core.errors import Malformed

ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
PREFIX: Final = "age"
LENGTH: Final = 62  # "age1", 52 characters for 32 bytes, 6 of checksum
NOT_A_RECIPIENT: Final = (
    "This is no age recipient: age-keygen prints one, which begins with age1 and is 62 characters long."
)


def read_recipient(text: str) -> str:
    """Return the recipient as it is recorded; raise Malformed unless it is 32 bytes in Bech32 with a right checksum."""
    text = text.strip()
    data = text.removeprefix(f"{PREFIX}1")
    if len(text) != LENGTH or len(data) != LENGTH - len(PREFIX) - 1 or not set(data) <= set(ALPHABET):
        raise Malformed(NOT_A_RECIPIENT)
    values = [ALPHABET.index(letter) for letter in data]
    spread = [*(ord(letter) >> 5 for letter in PREFIX), 0, *(ord(letter) & 31 for letter in PREFIX)]
    if _checksum([*spread, *values]) != 1 or values[-7] & 0b1111 or not any(values[:-6]):
        raise Malformed(NOT_A_RECIPIENT)
    return text


def _checksum(values: list[int]) -> int:
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ value
        for place, factor in enumerate(GENERATOR):
            found ^= factor if (top >> place) & 1 else 0
    return found


def recipient_statement(recipient: str, *, stands: bool, organisation: str, log: str) -> Json:
    """Return what the body's root, or any unrevoked key of it, signs: that tips are sealed to this recipient, or no longer."""
    return {"log": log, "organisation": organisation, "recipient": recipient, "stands": stands}
