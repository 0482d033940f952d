"""Public pages read from a replica of the database where there is one; whoever acts, and every worker, reads and writes the primary.

All that one page says is read in one snapshot of one replica, the record's position with it: where a replica is behind, the page is
older, whole, and tagged as what it is. A replica that is behind for too long, or does not answer, is passed over until it is well.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, transaction

LOOKED_AT_EVERY: Final = 1.0  # seconds
RESTS_FOR: Final = 10.0  # seconds before a server is asked again that did not answer

logger = logging.getLogger(__name__)
_source: ContextVar[str | None] = ContextVar("fermata.source", default=None)


class WrittenWhileReading(Exception):
    """A public page tried to change something: it must not, wherever it is read from."""


class Router:
    """Reads go to the replica that `read` has chosen, everything else to the primary."""

    def db_for_read(self, model: object, **hints: Any) -> str:  # noqa: ARG002 - Django passes them
        """Return where to read."""
        return _source.get() or DEFAULT_DB_ALIAS

    def db_for_write(self, model: object, **hints: Any) -> str:  # noqa: ARG002 - as above
        """Return where to write: nowhere while a page is read from a replica."""
        if _source.get() not in {None, DEFAULT_DB_ALIAS}:
            raise WrittenWhileReading(model)
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: object, other: object, **hints: Any) -> bool:  # noqa: ARG002 - as above
        """Rows are the same, wherever they were read."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:  # noqa: ARG002 - as above
        """Migrations reach replicas by themselves."""
        return db == DEFAULT_DB_ALIAS


class Replica:
    """A replica as this process sees it: looked at once a second, by one thread, while others go by the last look."""

    def __init__(self, alias: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.alias = alias
        self.clock = clock
        self.is_well = False
        self.behind: int | None = None  # entries, at the last look; None where one of the two servers did not answer
        self._looking = threading.Lock()
        self._next_look = -math.inf
        self._level_at = -math.inf  # the newest instant of which it is known that the replica has all that there was
        self._mark: tuple[int, float] | None = None  # a position of the primary that it has to reach, and since when

    def serves(self, position: Callable[[], int]) -> bool:
        """Whether readers may be given what it holds. `position` asks for the record's."""
        if self.clock() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self.look(position)
            finally:
                self._looking.release()
        return self.is_well

    def look(self, position: Callable[[], int]) -> None:
        """Compare it with the primary. Where that is away, the replica is all there is, and well."""
        now = self.clock()
        here = _ask(self.alias, position)
        there = None if here is None else _ask(DEFAULT_DB_ALIAS, position)
        if here is None or there is None:
            self.is_well, self.behind, self._next_look = here is not None, None, now + RESTS_FOR
            return
        self._next_look = now + LOOKED_AT_EVERY
        self.behind = max(there - here, 0)
        if self._mark and here >= self._mark[0]:
            self._level_at, self._mark = self._mark[1], None
        if here == there:
            self._level_at, self._mark = now, None
        elif self._mark is None:
            self._mark = (there, now)
        self.is_well = now - self._level_at <= settings.REPLICA_LAG

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read here, in one snapshot."""
        with _reading(self.alias), transaction.atomic(using=self.alias):
            yield

    def doubt(self) -> None:
        """Pass it over until somebody has looked at it again, at once unless somebody just did."""
        if self.is_well:
            self.is_well, self._next_look = False, -math.inf


@lru_cache(maxsize=1)
def replicas() -> tuple[Replica, ...]:
    """Return all replicas; each process begins with another, and keeps to it while that is well."""
    aliases = settings.REPLICAS
    first = os.getpid() % len(aliases) if aliases else 0
    return tuple(Replica(alias) for alias in (*aliases[first:], *aliases[:first]))


def read[T](answer: Callable[[], T], position: Callable[[], int]) -> T:
    """Return `answer()`, everything in it read from one place: a replica that is well, else the primary.

    Where the replica fails meanwhile, the primary is asked. What stands in a transaction of the primary is read there.
    """
    if not replicas() or _source.get() or connection.in_atomic_block:
        return answer()
    chosen = next((replica for replica in replicas() if replica.serves(position)), None)
    if chosen:
        try:
            with chosen.reading():
                return answer()
        except Error as error:  # also of a table that a migration made a moment ago
            logger.warning("%s failed, the primary answers: %s", chosen.alias, error)
            chosen.doubt()
    with _reading(DEFAULT_DB_ALIAS):
        return answer()


@contextmanager
def _reading(alias: str) -> Iterator[None]:
    token = _source.set(alias)
    try:
        yield
    finally:
        _source.reset(token)


def _ask(alias: str, position: Callable[[], int]) -> int | None:
    """Return the record's position on a server; None where it does not answer."""
    connections[alias].close_if_unusable_or_obsolete()
    try:
        with _reading(alias):
            return position()
    except Error:
        return None
