"""Answers from the record: never writes."""

from ledger.queries.entries import Recorded, entries_about, entry_at, position
from ledger.queries.receipts import Receipt, receipt

__all__ = ["Receipt", "Recorded", "entries_about", "entry_at", "position", "receipt"]
