"""The cache: pages and what else can be made again are in Redis; what limits attempts at signing in is in the database.

allauth counts attempts in the cache, and keeps there which codes were used. Were that in Redis, nobody could sign in while it is away,
and whoever emptied it would have every attempt anew.
"""

from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection

COUNTED: Final = "allauth"  # what every key begins with that allauth makes
TABLE: Final = "accounts_attempt"
MOST: Final = 10_000  # rows; what is over goes first, and all of it is over within minutes


class Counts(DatabaseCache):
    """Rows of the database. Where that only reads it says so: Django's own would say that somebody else holds the key."""

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep a value under a key that is free; whether it was."""
        added = bool(super().add(key, value, timeout, version))
        if not added:
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {TABLE} WHERE false")  # noqa: S608 - a constant; raises where nothing can be written
        return added


class Memory(RedisCache):
    """Redis, but for what allauth counts."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._counts = Counts(TABLE, params | {"OPTIONS": {"MAX_ENTRIES": MOST}})
        self._redis = RedisCache(server, params)

    def _of(self, key: str) -> BaseCache:
        return self._counts if key.startswith(COUNTED) else self._redis

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep a value under a key that is free; whether it was."""
        return self._of(key).add(key, value, timeout, version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return what is kept."""
        return self._of(key).get(key, default, version)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep a value."""
        self._of(key).set(key, value, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Keep it no longer; whether it was."""
        return self._of(key).delete(key, version)
