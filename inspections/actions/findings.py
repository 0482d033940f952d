"""What becomes of a finding after its report: clarified, or graver. Only a vote determines non-compliance."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.canonical import commitment
from core.errors import DomainError, require
from inspections.actions.visits import lock_visit, subject_of
from inspections.models import Finding, FindingStep
from inspections.permissions import can_settle
from inspections.queries.reports import name_of
from inspections.rules.findings import FindingEvent, Severity, next_state
from inspections.rules.reports import ReportState
from ledger.actions import record

KINDS = {FindingEvent.CLARIFY: "finding.clarified", FindingEvent.GRAVER: "finding.escalated"}


class NotYetReported(DomainError):
    """The finding is part of a draft: change it there."""

    code = "not_yet_reported"


class BasisNeeded(DomainError):
    """Say on what ground."""

    code = "basis_needed"


@transaction.atomic
def settle_finding(*, finding: Finding, event: FindingEvent, basis: str, by: User, at: datetime) -> FindingStep:
    """Say what became of a finding, and on what ground; what was filed stays as it was."""
    visit = finding.report.visit
    lock_visit(visit)
    finding.refresh_from_db()
    require(can_settle(by, visit, at=at), "Only the team and its bodies' officers settle a finding.")
    if finding.report.state != ReportState.SUBMITTED:
        raise NotYetReported
    if not basis.strip():
        raise BasisNeeded(fields={"basis": BasisNeeded().detail})
    finding.state = next_state(Severity(finding.state), event)
    finding.save(update_fields=["state"])
    step = FindingStep.objects.create(
        finding=finding, event=event, basis=basis, salt=secrets.token_hex(32), happened_at=at, by=by
    )
    payload = {
        **subject_of(visit),
        "report": name_of(finding.report),
        "number": finding.number,
        "state": finding.state,
        "basis": commitment(step.salt, basis),
    }
    record(kind=KINDS[event], payload=payload, by=by, at=at)
    return step
