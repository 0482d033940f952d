"""What a device sends for a draft: received once, however often a lost answer makes the device send it again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from core.errors import require
from core.times import stamp
from inspections.actions.evidence import attach_evidence
from inspections.actions.reports import save_draft
from inspections.actions.visits import NOT_ON_TEAM
from inspections.models import Delivery, Report
from inspections.permissions import is_on_team
from inspections.queries.devices import delivered
from inspections.rules.reports import ReportValue


@transaction.atomic
def deliver_draft(
    *, report: Report, value: ReportValue, revision: int, device: str, key: str, by: User, at: datetime
) -> Delivery:
    """Keep the draft as `save_draft` does; the same `key` again is answered as the first time, whatever was saved since."""
    Report.objects.select_for_update().get(pk=report.pk)

    def save() -> dict[str, Any]:
        saved = save_draft(report=report, value=value, revision=revision, by=by, at=at)
        report.deliveries.filter(device=device).delete()
        return {"revision": saved.revision, "saved_at": stamp(at)}

    return _once(report, key, save, device=device, by=by, at=at)


@transaction.atomic
def deliver_photograph(*, report: Report, key: str, by: User, at: datetime, **photograph: Any) -> Delivery:
    """Take the photograph in as `attach_evidence` does; the same `key` again brings back no photograph that was removed since."""

    def attach() -> dict[str, Any]:
        return {"evidence": attach_evidence(report=report, by=by, at=at, **photograph).pk}

    return _once(report, key, attach, by=by, at=at)


def _once(
    report: Report, key: str, receive: Callable[[], dict[str, Any]], *, by: User, at: datetime, device: str = ""
) -> Delivery:
    require(is_on_team(by, report.visit, at=at), NOT_ON_TEAM)
    known = delivered(report, key)
    if known:
        return known
    answer = {"device": device, "answer": receive(), "received_at": at}
    return Delivery.objects.get_or_create(report=report, key=key, defaults=answer)[0]
