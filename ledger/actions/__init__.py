"""Every change to the record."""

from ledger.actions.entries import record

__all__ = ["record"]
