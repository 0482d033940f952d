"""Every change to the record."""

from ledger.actions.entries import record
from ledger.actions.opening import open_log

__all__ = ["open_log", "record"]
