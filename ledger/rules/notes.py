"""Signed notes (c2sp.org/signed-note) with Ed25519, and cosignature/v1 (c2sp.org/tlog-cosignature)."""

import re
from collections.abc import Collection
from enum import IntEnum
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import Malformed
from ledger.rules.encoding import base64_of, from_base64

LONGEST_NOTE: Final = 65_536
MOST_SIGNATURES: Final = 100
KEY_ID_SIZE: Final = 4
_CONTROL: Final = re.compile("[\0-\x09\x0b-\x1f]")
_LINE: Final = re.compile(r"— (?P<name>[^ ]+) (?P<data>[A-Za-z0-9+/]+={0,2})", re.ASCII)
_HEX_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


class NoteInvalid(Malformed):
    """The note cannot be believed: its form is wrong, or a signature by a known key is."""

    code = "note_invalid"


class KeyType(IntEnum):
    """The signature types that are understood here."""

    ED25519 = 1
    COSIGNATURE = 4


class VerifierKey(NamedTuple):
    """A public key with the name and the type that its id binds it to."""

    name: str
    type: KeyType
    key: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that a signature names the key by."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.key).digest()[:KEY_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64_of(bytes([self.type]) + self.key)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read name+id+base64; raise NoteInvalid where the id does not belong to the rest."""
        name, first, rest = text.partition("+")
        key_id, second, data = rest.partition("+")
        if not (first and second and is_key_name(name) and _HEX_ID.fullmatch(key_id)):
            raise NoteInvalid(f"{text[:80]!r} is not a verifier key.")
        raw = from_base64(data)
        if len(raw) != 33 or raw[0] not in set(KeyType):
            raise NoteInvalid(f"{text[:80]!r} is a key of a type that is not understood here.")
        key = cls(name, KeyType(raw[0]), raw[1:])
        if key.id.hex() != key_id:
            raise NoteInvalid(f"The id {key_id} does not belong to the key {name}.")
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether `signature` (for a cosignature with its timestamp) is this key's on the note's `text`."""
        if len(signature) != (64 if self.type is KeyType.ED25519 else 72):
            return False
        message = text.encode()
        if self.type is KeyType.COSIGNATURE:
            message = cosigned_message(text, int.from_bytes(signature[:8]))
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signature(NamedTuple):
    """A signature line: who claims to have signed, and with what."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"— {self.name} {base64_of(self.key_id + self.data)}\n"

    @property
    def timestamp(self) -> int:
        """When a cosignature says it was made, in seconds since 1970."""
        return int.from_bytes(self.data[:8])

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read a line without its newline."""
        found = _LINE.fullmatch(line)
        if not found or not is_key_name(found["name"]):
            raise NoteInvalid(f"{line[:80]!r} is not a signature line.")
        data = from_base64(found["data"])
        if len(data) <= KEY_ID_SIZE:
            raise NoteInvalid(f"The signature of {found['name'][:60]} is empty.")
        return cls(found["name"], data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


class Note(NamedTuple):
    """A text and the signatures below it. Nothing is verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    @classmethod
    def parse(cls, data: bytes | str) -> "Note":
        """Read a note; raise NoteInvalid for any other form than the specification's."""
        if len(data) > LONGEST_NOTE:
            raise NoteInvalid(f"The note is longer than {LONGEST_NOTE} bytes.")
        try:
            whole = data.decode() if isinstance(data, bytes) else data
        except UnicodeDecodeError:
            raise NoteInvalid("The note is not UTF-8.") from None
        text, gap, lines = whole.rpartition("\n\n")
        if not gap or not lines.endswith("\n") or _CONTROL.search(whole):
            raise NoteInvalid("This is not a signed note: a text, an empty line, signature lines.")
        parsed = tuple(Signature.parse(line) for line in lines[:-1].split("\n"))
        if len(parsed) > MOST_SIGNATURES:
            raise NoteInvalid(f"The note has more than {MOST_SIGNATURES} signatures.")
        return cls(text + "\n", parsed)

    def verified(self, keys: Collection[VerifierKey]) -> dict[VerifierKey, Signature]:
        """Return the signatures by `keys`, each once; raise NoteInvalid when one by a known key is wrong."""
        known = {(key.name, key.id): key for key in keys}
        found: dict[VerifierKey, Signature] = {}
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is None:
                continue
            if not key.verifies(self.text, signature.data):
                raise NoteInvalid(f"The signature of {key.name} does not fit the text.")
            found.setdefault(key, signature)
        return found

    def with_signatures(self, more: Collection[Signature]) -> "Note":
        """Add signatures, none twice."""
        return Note(self.text, tuple(dict.fromkeys([*self.signatures, *more])))


class NoteSigner(NamedTuple):
    """A private key with its name and type."""

    name: str
    type: KeyType
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public side."""
        return VerifierKey(self.name, self.type, self.private.public_key().public_bytes_raw())

    def sign(self, text: str, *, timestamp: int = 0) -> Signature:
        """Sign a note's text (ending in a newline); a cosignature takes the second at which it is made."""
        if self.type is KeyType.ED25519:
            return Signature(self.name, self.verifier.id, self.private.sign(text.encode()))
        data = timestamp.to_bytes(8) + self.private.sign(cosigned_message(text, timestamp))
        return Signature(self.name, self.verifier.id, data)

    def encoded(self) -> str:
        """Return the key as sumdb/note writes it: PRIVATE+KEY+name+id+base64."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{base64_of(bytes([self.type]) + self.private.private_bytes_raw())}"

    @classmethod
    def parse(cls, text: str) -> "NoteSigner":
        """Read what `encoded` wrote."""
        match text.strip().split("+", 4):
            case ["PRIVATE", "KEY", name, key_id, data] if is_key_name(name):
                raw = from_base64(data, size=33)
                signer = cls(name, KeyType(raw[0]), Ed25519PrivateKey.from_private_bytes(raw[1:]))
                if signer.verifier.id.hex() == key_id:
                    return signer
        raise NoteInvalid("This is not a private key of a signed note.")


def cosigned_message(text: str, timestamp: int) -> bytes:
    """Return what a cosignature/v1 signs."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def is_key_name(name: str) -> bool:
    """Whether `name` may name a key: not empty, no white space, no plus sign."""
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)
