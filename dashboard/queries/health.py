"""Is everything alive? The beat's age lives in the cache: it is information, nothing depends on it."""

import platform
from datetime import datetime, timedelta
from importlib.metadata import version

from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

from ledger.queries import position

BEAT = "dashboard:beat"
FRESH = timedelta(seconds=60)


def note_beat(*, at: datetime) -> None:
    """Remember that a task ran at `at`."""
    cache.set(BEAT, at, timeout=None)


def beat_age(at: datetime) -> timedelta | None:
    """Return how long ago the last task ran; None where nothing is known or the cache is gone."""
    try:
        last: datetime | None = cache.get(BEAT)
    except RedisError:
        return None
    return None if last is None else max(at - last, timedelta(0))


def health(at: datetime) -> dict[str, object]:
    """Return what /healthz says; ages in seconds."""
    age = beat_age(at)
    return {
        "status": "ok" if age is not None and age < FRESH else "degraded",
        "ledger": {"size": position()},
        "beat": {"age_seconds": None if age is None else round(age.total_seconds(), 1)},
        "versions": {
            "fermata": version("fermata-site"),
            "django": version("django"),
            "python": platform.python_version(),
            "postgresql": _server_version(),
        },
    }


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])
