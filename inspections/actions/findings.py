"""What becomes of a finding after its report: clarified, graver, referred as a case. Only a vote determines non-compliance."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import Json, commitment
from core.errors import DomainError, require
from inspections.actions.visits import lock_visit, subject_of
from inspections.models import Finding, FindingStep
from inspections.permissions import can_settle
from inspections.queries.clarifications import asked_about
from inspections.queries.reports import name_of
from inspections.rules.clarifications import require_heard, require_referable
from inspections.rules.findings import FindingEvent, Severity, next_state
from inspections.rules.reports import ReportState
from ledger.actions import record
from treaty.actions.cases import open_finding_case
from treaty.models import Case

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
    lock_finding(finding)
    visit = finding.report.visit
    require(can_settle(by, visit, at=at), "Only the team and its bodies' officers settle a finding.")
    if not basis.strip():
        raise BasisNeeded(fields={"basis": BasisNeeded().detail})
    if event is FindingEvent.GRAVER:
        require_heard(asked_about(finding), at)
    finding.state = next_state(Severity(finding.state), event)
    finding.save(update_fields=["state"])
    step = FindingStep.objects.create(
        finding=finding, event=event, basis=basis, salt=secrets.token_hex(32), happened_at=at, by=by
    )
    payload = {
        **subject_of_finding(finding),
        "state": finding.state,
        "basis": commitment(step.salt, basis),
    }
    record(kind=KINDS[event], payload=payload, by=by, at=at)
    return step


@transaction.atomic
def refer_finding(*, finding: Finding, body: Organisation, reason: str, by: User, at: datetime) -> Case:
    """Open a case about a finding that clarification did not settle, in the name of a body; the vote is asked for there (Art. 19).

    The finding stays as it is. A second call returns the same case.
    """
    lock_finding(finding)
    visit = finding.report.visit
    require_referable(Severity(finding.state), asked_about(finding), at)
    return open_finding_case(
        finding=f"{name_of(finding.report)}#{finding.number}",
        pause=visit.pause,
        lab=visit.facility.organisation,
        body=body,
        reason=reason,
        by=by,
        at=at,
    )


def lock_finding(finding: Finding) -> None:
    """Lock the finding's visit and read both afresh; raise NotYetReported while the report is a draft."""
    lock_visit(finding.report.visit)
    finding.refresh_from_db(fields=["state"])
    if finding.report.state != ReportState.SUBMITTED:
        raise NotYetReported


def subject_of_finding(finding: Finding) -> dict[str, Json]:
    """Return what every entry about a finding says."""
    return {**subject_of(finding.report.visit), "report": name_of(finding.report), "number": finding.number}
