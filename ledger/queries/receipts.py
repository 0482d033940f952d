from dataclasses import dataclass

from ledger import published
from ledger.models import Checkpoint, Entry
from ledger.queries.entries import Recorded, recorded
from ledger.rules.checkpoints import Head, tlog_proof


@dataclass(frozen=True)
class Receipt:
    """What somebody who acted can keep: the entry, and its inclusion proof once a checkpoint covers it."""

    entry: Recorded
    index: int | None
    size: int | None = None
    root: bytes = b""
    proof: tuple[bytes, ...] = ()
    checkpoint: str = ""

    @property
    def is_in(self) -> bool:
        """Whether a published checkpoint covers the entry."""
        return bool(self.checkpoint)

    @property
    def file(self) -> str:
        """The receipt as a .tlog-proof file; empty while no checkpoint covers the entry."""
        return tlog_proof(self.index or 0, self.proof, self.checkpoint) if self.is_in else ""


def receipt(hash: str) -> Receipt | None:  # noqa: A002 - the name that the contract between the apps gives it
    """Return the receipt for an entry's leaf hash (hex); None where the record holds no such entry."""
    try:
        wanted = bytes.fromhex(hash)
    except ValueError:
        return None
    entry = Entry.objects.with_position().filter(leaf__hash=wanted).order_by("leaf__index").first()
    return receipt_of(recorded(entry)) if entry else None


def receipt_of(entry: Recorded) -> Receipt:
    """Return the receipt of an entry that is already at hand, with the proof from the published tiles."""
    note = published.checkpoint()
    head = Head.parse(note.text) if note else None
    if note is None or head is None or entry.index is None or entry.index >= head.size:
        return Receipt(entry=entry, index=entry.index)
    proof = tuple(published.tree(head.size).inclusion(entry.index))
    return Receipt(entry, entry.index, head.size, head.root, proof, str(note))


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest checkpoint that is in place."""
    return Checkpoint.objects.exclude(published_at=None).order_by("-size").first()
