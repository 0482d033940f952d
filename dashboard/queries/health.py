"""Is everything alive? The beat's age lives in the cache: it is information, nothing depends on it."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from redis.exceptions import RedisError

from core.times import instant
from dashboard.bundles import kept, progress
from inspections.models import Visit
from ledger.queries import position
from ledger.queries.health import health as ledger_health
from notices.models import Subscription
from treaty.models import OrderDelivery, Vote
from web.replicas import replicas

BEAT = "dashboard:beat"
FRESH = timedelta(seconds=60)
BUNDLE_LATE: Final = timedelta(days=2)
LATE: Final = timedelta(seconds=60)  # what a sweep has not done for so long is late


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


@dataclass(frozen=True)
class Check:
    """One part of the site: whether it is well, in words, and as a number for a graph (None: unknown).

    `needed` parts have to be well before a process is given any request.
    """

    key: str
    title: str | Promise
    words: str
    number: float | None
    well: bool = True
    needed: bool = False


def checks(at: datetime) -> list[Check]:
    """Return every part of the site as it is at `at`. A database that does not answer leaves the rest unknown."""
    try:
        return [_database(), _migrations(), *(found for look in LOOKS for found in look(at))]
    except DatabaseError as error:
        said = str(error).splitlines()[0]
        return [Check("database", DATABASE, said, 0, well=False, needed=True)]


def is_ready(found: Iterable[Check]) -> bool:
    """Whether this process can answer requests."""
    return all(check.well for check in found if check.needed)


DATABASE: Final = gettext_lazy("Database")


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        writable = cursor.fetchone()[0] == "off"
    words = _("Reads and writes") if writable else _("Reads only: pages are shown, nothing can be done")
    return Check("database", DATABASE, words, float(writable), needed=True)


def _migrations() -> Check:
    waiting = _waiting_migrations()
    words = (
        ngettext("%(count)s waits: run manage.py migrate", "%(count)s wait: run manage.py migrate", waiting)
        % {"count": waiting}
        if waiting
        else _("All applied")
    )
    return Check("migrations", gettext_lazy("Migrations"), words, waiting, well=not waiting, needed=True)


def _waiting_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _cache(_at: datetime) -> Iterable[Check]:
    try:
        cache.get(BEAT)
    except RedisError:
        yield Check(
            "cache", gettext_lazy("Redis"), _("Does not answer: pages are rendered anew, tasks wait"), 0, well=False
        )
    else:
        yield Check("cache", gettext_lazy("Redis"), _("Answers"), 1)


def _replicas(_at: datetime) -> Iterable[Check]:
    found = replicas()
    if not found:
        return
    for replica in found:
        replica.look(position)
    counts = {"well": sum(one.is_well for one in found), "all": len(found)}
    behind = [one.behind for one in found if one.behind is not None]
    number = max(behind) if len(behind) == len(found) else None
    words = (
        _("Public pages are read from %(well)s of %(all)s; one does not answer") % counts
        if number is None
        else _("Public pages are read from %(well)s of %(all)s; the slowest is %(n)s entries behind")
        % (counts | {"n": number})
    )
    yield Check("replica_lag_entries", gettext_lazy("Replicas"), words, number, well=counts["well"] == counts["all"])


def _beat(at: datetime) -> Iterable[Check]:
    age = beat_age(at)
    words = (
        _("No task has run that is known of")
        if age is None
        else _("The last task ran %(s)d s ago") % {"s": age.seconds}
    )
    number = None if age is None else age.total_seconds()
    yield Check("beat", gettext_lazy("Tasks"), words, number, well=age is not None and age < FRESH)


def _record(at: datetime) -> Iterable[Check]:
    found = ledger_health()
    words = found.refusal or ngettext(
        "%(count)s entry is not published yet", "%(count)s entries are not published yet", found.waiting
    ) % {"count": found.waiting}
    late = bool(found.waiting) and found.signed_at is not None and at - found.signed_at > LATE
    yield Check(
        "record_waiting", gettext_lazy("Publication"), words, found.waiting, well=not found.refusal and not late
    )
    yield Check("record_size", gettext_lazy("The record"), _("%(n)s entries") % {"n": found.size}, found.size)
    seen, asked = found.cosigned, len(found.witnesses)
    words = _("%(seen)s of %(asked)s have cosigned the newest checkpoint") % {"seen": seen, "asked": asked}
    yield Check("witnesses", gettext_lazy("Witnesses"), words, seen, well=seen == asked)


def _bundle(at: datetime) -> Iterable[Check]:
    title, made = gettext_lazy("Bundle of data"), kept()
    if found := progress():
        words = _("Being made: %(done)s of %(of)s tables are done") % {"done": found["done"], "of": found["of"]}
    elif made:
        words = _("The newest is as of entry %(position)s") % {"position": made[0].position}
    else:
        words = _("None is made yet")
    age = at - instant(made[0].made_at) if made else None
    number = None if age is None else age.total_seconds()
    yield Check("bundle", title, words, number, well=age is None or age < BUNDLE_LATE)


def _late(key: str, title: str | Promise, count: int) -> Check:
    words = (
        ngettext("%(count)s is late", "%(count)s are late", count) % {"count": count} if count else _("None is late")
    )
    return Check(key, title, words, count, well=not count)


def _sweeps(at: datetime) -> Iterable[Check]:
    before = at - LATE
    yield _late("votes_late", gettext_lazy("Votes to move on"), Vote.objects.due(before).count())
    yield _late("notices_late", gettext_lazy("Notices of visits"), Visit.objects.notice_due(before).count())
    pushes = OrderDelivery.objects.filter(next_at__lte=before).count()
    yield _late("pushes_late", gettext_lazy("Orders to push"), pushes)
    waiting = Subscription.objects.behind(position()).count()
    words = ngettext("%(count)s waits", "%(count)s wait", waiting) % {"count": waiting}
    yield Check("mail_waiting", gettext_lazy("Subscribers to mail"), words, waiting)


LOOKS: Final[tuple[Callable[[datetime], Iterable[Check]], ...]] = (_replicas, _cache, _beat, _record, _bundle, _sweeps)
