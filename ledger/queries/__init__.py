"""Answers from the record: never writes."""

from ledger.queries.entries import Recorded, entries_about, entry_at, index_of, position, root_at
from ledger.queries.receipts import Receipt, receipt

__all__ = ["Receipt", "Recorded", "entries_about", "entry_at", "index_of", "position", "receipt", "root_at"]
