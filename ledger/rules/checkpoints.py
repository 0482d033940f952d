"""Checkpoints (c2sp.org/tlog-checkpoint) and offline receipts (c2sp.org/tlog-proof)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import Malformed
from ledger.rules.encoding import base64_of, decimal, from_base64
from ledger.rules.merkle import HASH_SIZE
from ledger.rules.notes import Note, is_key_name

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: the log of this origin had this size and this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64_of(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read the text of a note as a checkpoint; extension lines are read over, as the specification asks."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not is_key_name(lines[0]):
            raise Malformed("This is not a checkpoint: an origin, a size and a root, each on its line.")
        return cls(lines[0], decimal(lines[1]), from_base64(lines[2], size=HASH_SIZE))


@dataclass(frozen=True)
class OfflineProof:
    """An entry's place in a checkpointed tree, on its own."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: Note

    def __str__(self) -> str:
        return tlog_proof(self.index, self.proof, str(self.checkpoint))

    @classmethod
    def parse(cls, text: str) -> "OfflineProof":
        """Read a .tlog-proof file."""
        head, _, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if lines[0] != PROOF_HEADER or not checkpoint:
            raise Malformed("This is not a proof of a transparency log.")
        lines = lines[2:] if lines[1:] and lines[1].startswith("extra ") else lines[1:]
        if not lines or not lines[0].startswith("index "):
            raise Malformed("The proof does not say which entry it is about.")
        path = tuple(from_base64(line, size=HASH_SIZE) for line in lines[1:])
        return cls(decimal(lines[0].removeprefix("index ")), path, Note.parse(checkpoint))


def tlog_proof(index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Return an offline receipt: a .tlog-proof file."""
    return "\n".join([PROOF_HEADER, f"index {index}", *map(base64_of, proof), "", checkpoint])
