from dataclasses import dataclass

from ledger.models import Entry
from ledger.queries.entries import Recorded, recorded


@dataclass(frozen=True)
class Receipt:
    """What somebody who acted can keep: the entry, and its inclusion proof once a checkpoint covers it."""

    entry: Recorded
    index: int | None
    size: int | None = None
    proof: tuple[bytes, ...] = ()
    checkpoint: str = ""

    @property
    def is_in(self) -> bool:
        """Whether a published checkpoint covers the entry."""
        return bool(self.checkpoint)


def receipt(hash: str) -> Receipt | None:  # noqa: A002 - the name that the contract between the apps gives it
    """Return the receipt for an entry's leaf hash (hex); None where the record holds no such entry."""
    try:
        wanted = bytes.fromhex(hash)
    except ValueError:
        return None
    entry = Entry.objects.with_position().filter(leaf__hash=wanted).order_by("leaf__index").first()
    if entry is None:
        return None
    return receipt_of(recorded(entry))


def receipt_of(entry: Recorded) -> Receipt:
    """Return the receipt of an entry that is already at hand."""
    return Receipt(entry=entry, index=entry.index)
