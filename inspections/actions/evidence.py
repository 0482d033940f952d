"""Photographs of a report: taken in, and taken out again before it is submitted."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile

from accounts.models import User
from core.canonical import commitment
from core.errors import Malformed, require
from inspections.actions.photographs import Photograph, examine
from inspections.actions.visits import NOT_ON_TEAM, subject_of
from inspections.models import Evidence, Report
from inspections.permissions import is_on_team
from inspections.queries.reports import layers_of, name_of
from inspections.queries.visits import monitoring_of
from inspections.rules.reports import Mark, ReportEvent, ReportState, next_state
from inspections.rules.uploads import MOST_PHOTOGRAPHS, TooManyPhotographs, safe_name
from ledger.actions import record


def attach_evidence(
    *,
    report: Report,
    data: bytes,
    name: str,
    caption: str = "",
    layer: str = "",
    item: str = "",
    taken_at: datetime | None = None,
    mark: Mark = Mark.PUBLIC,
    by: User,
    at: datetime,
) -> Evidence:
    """Take a photograph in: the original sealed as it came, a copy without metadata for publication; its hash is committed to now.

    The same file again is the same photograph. Raises UploadRefused with what to do; nothing is stored then.
    """
    require(is_on_team(by, report.visit, at=at), NOT_ON_TEAM)
    photograph = examine(data)  # before the lock: it takes a while
    written: list[FieldFile] = []
    with _removed_on_failure(written), transaction.atomic():
        _lock(report)
        require(is_on_team(by, report.visit, at=at), NOT_ON_TEAM)
        state = next_state(ReportState(report.state), ReportEvent.SAVE)
        known = report.evidence.filter(sha256=photograph.sha256).first()
        if known:
            return known
        _check(report, layer, item, taken_at, at)
        evidence = _row(
            report,
            photograph,
            name=name,
            caption=caption,
            layer=layer,
            item=item,
            taken_at=taken_at,
            mark=mark,
            by=by,
            at=at,
        )
        for field, content in ((evidence.file, photograph.original), (evidence.published, photograph.copy)):
            field.save("sealed", ContentFile(content), save=False)
            written.append(field)
        evidence.save()
        report.state = state
        report.save(update_fields=["state"])
        payload = {
            **subject_of(report.visit),
            "report": name_of(report),
            "evidence": commitment(evidence.salt, evidence.sha256),
        }
        record(kind="evidence.received", payload=payload, by=by, at=at)
    return evidence


@contextmanager
def _removed_on_failure(written: list[FieldFile]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for field in written:
            field.storage.delete(field.name or "")
        raise


def _lock(report: Report) -> None:
    report.refresh_from_db(
        from_queryset=Report.objects.select_for_update(of=("self",))
        .select_related("visit__facility__organisation", "visit__pause", "visit__text")
        .defer("visit__text__source")
    )


def _check(report: Report, layer: str, item: str, taken_at: datetime | None, at: datetime) -> None:
    if report.evidence.count() >= MOST_PHOTOGRAPHS:
        raise TooManyPhotographs
    if layer and layer not in layers_of(report.visit):
        raise Malformed("Choose one of the report's layers for the photograph.")
    if item and item not in {one.key for one in monitoring_of(report.visit).protocols.get(layer, ())}:
        raise Malformed("Choose one of the items of the layer's protocol for the photograph.")
    if taken_at and taken_at > at:
        detail = "A photograph is not taken in the future."
        raise Malformed(detail, fields={"taken_at": detail})


def _row(
    report: Report,
    photograph: Photograph,
    *,
    name: str,
    caption: str,
    layer: str,
    item: str,
    taken_at: datetime | None,
    mark: Mark,
    by: User,
    at: datetime,
) -> Evidence:
    return Evidence(
        report=report,
        layer=layer,
        item=item,
        sha256=photograph.sha256,
        published_sha256=photograph.copy_sha256,
        name=safe_name(name, photograph.media_type),
        media_type=photograph.media_type,
        published_type=photograph.copy_type,
        size=len(photograph.original),
        width=photograph.width,
        height=photograph.height,
        caption=caption,
        taken_at=taken_at,
        received_at=at,
        mark=mark,
        salt=secrets.token_hex(32),
        by=by,
    )


@transaction.atomic
def remove_evidence(*, evidence: Evidence, by: User, at: datetime) -> None:
    """Take a photograph out of a draft. That it had been received stays on record; its files are deleted after the commit."""
    report = evidence.report
    _lock(report)
    require(is_on_team(by, report.visit, at=at), NOT_ON_TEAM)
    report.state = next_state(ReportState(report.state), ReportEvent.SAVE)
    report.save(update_fields=["state"])
    payload = {
        **subject_of(report.visit),
        "report": name_of(report),
        "evidence": commitment(evidence.salt, evidence.sha256),
    }
    is_shared = Evidence.objects.filter(file=evidence.file.name).exclude(pk=evidence.pk).exists()
    for field in () if is_shared else (evidence.file, evidence.published):  # an earlier version keeps its photographs
        transaction.on_commit(partial(field.storage.delete, field.name or ""))
    evidence.delete()
    record(kind="evidence.withdrawn", payload=payload, by=by, at=at)
