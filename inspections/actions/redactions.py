"""Asking that a passage be taken out of a published report, and deciding it."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.canonical import Json, commitment
from core.errors import Malformed, require
from inspections.actions.visits import lock_visit, subject_of
from inspections.models import Redaction, Report
from inspections.queries.redactions import asks_for, decides_for
from inspections.queries.reports import name_of, passages_of, sealing_of
from inspections.queries.visits import monitoring_of
from inspections.rules.redactions import (
    AskedAlready,
    NoRedactions,
    NotRedactable,
    RedactionDecided,
    RedactionState,
    redactable,
)
from inspections.rules.reports import ReportState
from ledger.actions import record

KINDS = {RedactionState.GRANTED: "redaction.granted", RedactionState.REFUSED: "redaction.refused"}


@transaction.atomic
def ask_redaction(*, report: Report, place: str, ground: str, reason: str, by: User, at: datetime) -> Redaction:
    """Ask that the passage at `place` be taken out of what is published, on one of the text's grounds (Art. 17).

    The same again, while it is not decided, is the same request.
    """
    lock_visit(report.visit)
    organisation = asks_for(by, report.visit, at)
    require(organisation is not None, "Only the inspected party, or a body that sent inspectors, asks for a redaction.")
    assert organisation is not None
    _check(report, place, ground, reason)
    known = report.redactions.filter(place=place).exclude(state=RedactionState.REFUSED).first()
    if known is not None:
        if (known.organisation, known.ground, known.reason, known.state) == (organisation, ground, reason, "asked"):
            return known
        raise AskedAlready
    made = Redaction.objects.create(
        report=report,
        number=report.redactions.count() + 1,
        place=place,
        ground=ground,
        organisation=organisation,
        reason=reason,
        salt=secrets.token_hex(32),
        basis_salt=secrets.token_hex(32),
        asked_at=at,
        by=by,
    )
    payload = {
        **_subject(made),
        "place": place,
        "ground": ground,
        "organisation": organisation.key,
        "reason": commitment(made.salt, reason),
    }
    record(kind="redaction.asked", payload=payload, by=by, at=at)
    return made


def _check(report: Report, place: str, ground: str, reason: str) -> None:
    terms = monitoring_of(report.visit).redactions
    if terms is None:
        raise NoRedactions
    if report.state != ReportState.SUBMITTED or place not in {one.place for one in redactable(passages_of(report))}:
        raise NotRedactable
    if ground not in terms.grounds:
        raise Malformed("Choose one of the grounds of the text.", fields={"ground": "Choose one of the grounds."})
    if not reason.strip():
        raise Malformed("Say why.", fields={"reason": "Say why."})


def _subject(redaction: Redaction) -> dict[str, Json]:
    report = redaction.report
    return {**subject_of(report.visit), "report": name_of(report), "number": redaction.number}


@transaction.atomic
def decide_redaction(*, redaction: Redaction, state: RedactionState, basis: str, by: User, at: datetime) -> Redaction:
    """Take the passage out, or refuse to. A body that asked does not decide; deciding the same again changes nothing.

    What was signed stays as it is, and so do its commitments: only what is shown changes.
    """
    lock_visit(redaction.report.visit)
    redaction.refresh_from_db(fields=["state"])
    body = decides_for(by, redaction, at)
    require(body is not None, "Only an officer of a body that sent inspectors, and that did not ask, decides.")
    assert body is not None
    if redaction.state == state:
        return redaction
    if redaction.state != RedactionState.ASKED:
        raise RedactionDecided
    if not basis.strip():
        raise Malformed("Say on what consideration.", fields={"basis": "Say on what consideration."})
    redaction.state, redaction.body, redaction.basis = state, body, basis
    redaction.decided_at, redaction.decided_by = at, by
    redaction.save(update_fields=["state", "body", "basis", "decided_at", "decided_by"])
    payload = {**_subject(redaction), "body": body.key, "basis": commitment(redaction.basis_salt, basis)}
    if state is RedactionState.GRANTED:
        payload["passage"] = _passage(redaction)
    record(kind=KINDS[state], payload=payload, by=by, at=at)
    return redaction


def _passage(redaction: Redaction) -> str:
    """Return the commitment to the passage, which stays in what its inspectors signed."""
    leaves = sealing_of(redaction.report).leaves.values()
    return next(places[redaction.place] for places in leaves if redaction.place in places)
