"""Answers from the record: never writes."""

from ledger.queries.entries import (
    Recorded,
    entries_about,
    entry_at,
    founded_at,
    index_of,
    position,
    position_at,
    root_at,
)
from ledger.queries.receipts import Receipt, receipt

__all__ = [
    "Receipt",
    "Recorded",
    "entries_about",
    "entry_at",
    "founded_at",
    "index_of",
    "position",
    "position_at",
    "receipt",
    "root_at",
]
