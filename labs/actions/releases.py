from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction

from accounts.models import User
from core.errors import DomainError, require
from labs.models import ImportRun, OpenWeightRelease
from labs.permissions import can_list
from labs.rules.readings import written
from ledger.actions import record

LISTING = 0x_FE_12_AE


class ReleaseRefused(DomainError):
    """The release cannot be entered so."""

    code = "release_refused"


@transaction.atomic
def list_release(
    *,
    name: str,
    developer: str,
    released_at: date,
    flop: Decimal | None,
    source: str,
    source_key: str,
    by: User | None,
    at: datetime,
) -> OpenWeightRelease:
    """Enter a model whose weights are open into the register; a restated one is a new version, the same one changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LISTING])
    require(can_list(by, at=at), "Only the secretariat keeps the register.")
    last = OpenWeightRelease.objects.filter(source=source, source_key=source_key).order_by("-version").first()
    facts = {"name": name, "developer": developer, "released_at": released_at, "flop": flop}
    if last and all(getattr(last, key) == fact for key, fact in facts.items()):
        return last
    if released_at > at.date():
        raise ReleaseRefused(fields={"released_at": "What has not been released is not entered."})
    if flop is not None and not (flop.is_finite() and flop > 0):
        raise ReleaseRefused(fields={"flop": "Training compute is a number above 0, or unknown."})
    row = OpenWeightRelease.objects.create(
        **facts, source=source, source_key=source_key, version=last.version + 1 if last else 1, received_at=at
    )
    record(
        kind="release.listed",
        payload={
            "name": name,
            "developer": developer,
            "released_at": released_at.isoformat(),
            "flop": None if flop is None else written(flop),
            "source": source,
            "source_key": source_key,
            "version": row.version,
        },
        by=by,
        at=at,
    )
    return row


@transaction.atomic
def note_import(
    *,
    source: str,
    file_name: str,
    sha256: str,
    accepted: int,
    restated: int,
    unchanged: int,
    refused: int,
    by: User | None,
    at: datetime,
) -> ImportRun:
    """Note that a file has been read to its end, with what came of its rows; the same file with the same result is noted once."""
    require(can_list(by, at=at), "Only the secretariat imports files.")
    counts = {"accepted": accepted, "restated": restated, "unchanged": unchanged, "refused": refused}
    last = ImportRun.objects.filter(source=source, sha256=sha256).order_by("-pk").first()
    if last and not accepted and not restated:
        return last
    row = ImportRun.objects.create(source=source, file_name=file_name, sha256=sha256, finished_at=at, **counts)
    record(
        kind="file.imported", payload={"source": source, "file": file_name, "sha256": sha256, **counts}, by=by, at=at
    )
    return row
