"""Writing to the record."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Protocol

from django.db import transaction

from core.canonical import Json, canonical
from core.errors import DomainError
from core.times import stamp
from ledger.models import Entry
from ledger.rules.entries import LONGEST_ENTRY, VERSION, is_kind, subjects_of

_TAKEN: ContextVar[list[str] | None] = ContextVar("receipts", default=None)


class EntryTooLong(DomainError):
    """The entry is longer than the log can publish: put a hash of the long part into it instead."""

    code = "entry_too_long"


class Actor(Protocol):
    """Somebody who acts: known to the record by a pseudonym, never by a name."""

    @property
    def handle(self) -> str:
        """The pseudonym, such as "aster/7f3a"."""


def record(*, kind: str, payload: Mapping[str, Json], by: Actor | None, at: datetime) -> Entry:
    """Append an entry in the caller's transaction; its position is given at COMMIT.

    `kind` is noun.past-participle (docs/ledger-entries.md lists all); `payload` holds ids and values enough to check the
    decision, no person's name and no secret. `by` is None for the clock. The answer's `hash` is the receipt.
    """
    if not is_kind(kind):
        raise ValueError(f"{kind!r} is not a kind: write noun.past-participle")
    data = canonical({"v": VERSION, "kind": kind, "at": stamp(at), "by": by.handle if by else None, "payload": payload})
    if len(data) > LONGEST_ENTRY:
        raise EntryTooLong(
            f"The entry {kind} would be {len(data)} bytes long; the log publishes at most {LONGEST_ENTRY}."
        )
    entry = Entry.objects.create(kind=kind, at=at, data=data, subjects=subjects_of(payload))
    if (taken := _TAKEN.get()) is not None:
        transaction.on_commit(lambda: taken.append(entry.hash))
    return entry


@contextmanager
def receipts_taken() -> Iterator[list[str]]:
    """Collect the hashes of what is recorded and committed meanwhile, in this thread."""
    taken: list[str] = []
    token = _TAKEN.set(taken)
    try:
        yield taken
    finally:
        _TAKEN.reset(token)
