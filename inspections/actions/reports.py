"""A report from its first line to its submission, and the party's comment on it."""

import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import commitment
from core.errors import DomainError, Malformed, require
from core.times import stamp
from inspections.actions.conclusions import conclude
from inspections.actions.visits import NOT_ON_TEAM, lock_visit, subject_of
from inspections.models import Finding, Report, ReportComment, ReportSignature, Visit
from inspections.permissions import is_on_team, speaks_for_party
from inspections.queries.redactions import taken_out
from inspections.queries.reports import layers_of, name_of, sealing_of, signing_state, unseen_claims, value_of
from inspections.queries.visits import monitoring_of
from inspections.rules.passages import PHOTOGRAPHS, open_value
from inspections.rules.reports import (
    Answer,
    FindingValue,
    Mark,
    ReportEvent,
    ReportLocked,
    ReportState,
    ReportValue,
    SectionValue,
    answered,
    next_state,
)
from inspections.rules.visits import (
    AMENDABLE,
    REPORTABLE,
    OutOfTurn,
    VisitEvent,
    VisitState,
    can_follow,
    comments_close,
)
from inspections.rules.visits import next_state as next_visit_state
from ledger.actions import record


class DraftConflict(DomainError):
    """The draft on the server is newer than the one you began from. What you typed is kept: compare, then save."""

    code = "draft_conflict"

    def __init__(self, revision: int) -> None:
        super().__init__()
        self.revision = revision


class ReportIncomplete(DomainError):
    """The report is not complete yet: put right what is named."""

    code = "report_incomplete"


class NotSignedEnough(DomainError):
    """The report needs the signatures of two different inspectors of the visit under this very text."""

    code = "not_signed_enough"


class CommentsClosed(DomainError):
    """The time for comments on this report is over."""

    code = "comments_closed"


class AlreadyCommented(DomainError):
    """The laboratory has commented on this report already; a comment is not changed afterwards."""

    code = "already_commented"


@transaction.atomic
def open_report(*, visit: Visit, by: User, at: datetime) -> Report:
    """Return the visit's draft, beginning one if need be. Drafts are the team's own: nothing goes on record yet."""
    lock_visit(visit)
    require(is_on_team(by, visit, at=at), "Only an inspector of this visit's team writes its report.")
    newest = Report.objects.filter(visit=visit).order_by("-version").first()
    if newest is not None:
        return newest
    if VisitState(visit.state) not in REPORTABLE:
        raise OutOfTurn("A report is written once the inspection has begun, or access was refused.")
    return Report.objects.create(visit=visit, opened_at=at, salt=secrets.token_hex(32))


@transaction.atomic
def amend_report(*, report: Report, reason: str, by: User, at: datetime) -> Report:
    """Begin the next version of a submitted report, with all that it says, and return its draft; it stands once it is signed and submitted.

    What was taken out of the published version is sealed in the next one. Nothing goes on record yet; a second call returns the same draft.
    """
    lock_visit(report.visit)
    require(is_on_team(by, report.visit, at=at), "Only an inspector of this visit's team amends its report.")
    newest = report.visit.reports.order_by("-version")[0]
    if newest.state != ReportState.SUBMITTED:
        return newest
    if VisitState(report.visit.state) not in AMENDABLE:
        raise OutOfTurn("A report is amended once it was submitted.")
    if not reason.strip():
        raise Malformed("Say what is put right.", fields={"reason": "Say what is put right."})
    closed = taken_out(newest)
    made = Report.objects.create(
        visit=report.visit,
        version=newest.version + 1,
        sections={layer: _closed(section, f".{layer}", closed) for layer, section in newest.sections.items()},
        conclusion=newest.conclusion,
        collected_at=newest.collected_at,
        opened_at=at,
        salt=secrets.token_hex(32),
        reason=reason,
    )
    Finding.objects.bulk_create(
        _finding(made, number, replace(one, mark=Mark.SEALED) if f"findings.{number}" in closed else one)
        for number, one in enumerate(value_of(newest).findings, start=1)
    )
    for number, one in enumerate(newest.evidence.order_by("pk"), start=1):
        one.pk, one.report = None, made
        one.mark = Mark.SEALED if f"{PHOTOGRAPHS}.{number}" in closed else one.mark
        one.save(force_insert=True)
    return made


def _closed(section: dict[str, Any], place: str, taken: Collection[str]) -> dict[str, Any]:
    """Return a section as it is, sealed if anything of it was taken out of the version before."""
    is_closed = any(it == f"layers{place}" or it.startswith(f"items{place}.") for it in taken)
    return section | {"mark": Mark.SEALED.value} if is_closed else section


@transaction.atomic
def save_draft(*, report: Report, value: ReportValue, revision: int, by: User, at: datetime) -> Report:
    """Keep the draft. `revision` is the one that the writer began from; a newer one on the server is a DraftConflict.

    Saving what is there already changes nothing. A changed text needs its signatures anew. Nothing goes on record before signing.
    """
    _lock(report)
    require(is_on_team(by, report.visit, at=at), NOT_ON_TEAM)
    state = next_state(ReportState(report.state), ReportEvent.SAVE)
    _check_items(report.visit, value)
    value = answered(value, monitoring_of(report.visit).protocols)
    if _is_same(report, value):
        return report
    if revision != report.revision:
        raise DraftConflict(report.revision)
    _check(report.visit, value, at)
    report.sections = {layer: _section(section) for layer, section in value.sections.items()}
    report.conclusion = value.conclusion or ""
    report.collected_at = value.collected_at
    report.state, report.saved_at = state, at
    report.revision += 1
    report.save(update_fields=["sections", "conclusion", "collected_at", "state", "saved_at", "revision"])
    report.findings.all().delete()
    Finding.objects.bulk_create(_finding(report, number, one) for number, one in enumerate(value.findings, start=1))
    return report


def _lock(report: Report) -> None:
    report.refresh_from_db(
        from_queryset=Report.objects.select_for_update(of=("self",))
        .select_related("visit__facility__organisation", "visit__pause", "visit__text")
        .defer("visit__text__source")
    )


def _is_same(report: Report, value: ReportValue) -> bool:
    stored = (report.sections, report.conclusion, report.collected_at)
    given = (
        {layer: _section(section) for layer, section in value.sections.items()},
        value.conclusion or "",
        value.collected_at,
    )
    rows = report.findings.order_by("number").values_list("layer", "severity", "article", "text", "mark")
    findings = [(one.layer, one.severity.value, one.article, one.text, one.mark.value) for one in value.findings]
    return stored == given and list(rows) == findings


def _section(section: SectionValue) -> dict[str, Any]:
    items = {key: {"answer": _stored(item.answer), "notes": item.notes} for key, item in section.items.items()}
    return {
        "answer": _stored(section.answer),
        "notes": section.notes,
        "mark": section.mark.value,
        **({"items": items} if items else {}),
    }


def _stored(answer: Answer | None) -> str:
    return answer.value if answer else ""


def _finding(report: Report, number: int, one: FindingValue) -> Finding:
    return Finding(
        report=report,
        number=number,
        layer=one.layer,
        article=one.article,
        severity=one.severity,
        state=one.severity,
        text=one.text,
        mark=one.mark,
    )


def _check(visit: Visit, value: ReportValue, at: datetime) -> None:
    layers = layers_of(visit)
    unknown = {*value.sections, *(one.layer for one in value.findings)} - layers.keys()
    if unknown:
        raise Malformed(f"This visit does not look at {', '.join(sorted(unknown))}.")
    notified = (visit.notified_at or visit.planned_at).replace(second=0, microsecond=0)  # the form gives minutes
    if value.collected_at and not notified <= value.collected_at <= at:
        detail = "Evidence is collected between the notice of the visit and now."
        raise Malformed(detail, fields={"collected_at": detail})


def _check_items(visit: Visit, value: ReportValue) -> None:
    protocols = monitoring_of(visit).protocols
    unknown = {
        f"{layer}.{key}"
        for layer, section in value.sections.items()
        for key in section.items.keys() - {item.key for item in protocols.get(layer, ())}
    }
    if unknown:
        raise Malformed(f"The protocol of this visit has no item {', '.join(sorted(unknown))}.")


@transaction.atomic
def sign_report(*, report: Report, revision: int, by: User, at: datetime) -> ReportSignature:
    """Sign the report's text as it stands. `revision` is the one that the signer read; signing it twice is one signature."""
    _lock(report)
    require(is_on_team(by, report.visit, at=at), "Only an inspector of this visit's team signs its report.")
    state = next_state(ReportState(report.state), ReportEvent.SIGN)
    if revision != report.revision:
        raise DraftConflict(report.revision)
    found = signing_state(report)
    if found.missing:
        words = {item.part: item.words for item in found.missing}
        raise ReportIncomplete(" ".join(item.words for item in found.missing), fields=words)
    known = next((one for one in found.signatures if one.user_id == by.pk), None)
    if known:
        return known
    body = body_of(report.visit, by)
    signature = ReportSignature.objects.create(
        report=report, user=by, body=body, commitment=found.commitment, signed_at=at
    )
    report.state = state
    report.save(update_fields=["state"])
    payload = {**subject_of(report.visit), "report": name_of(report), "body": body.key, "commitment": found.commitment}
    record(kind="report.signed", payload=payload, by=by, at=at)
    return signature


def body_of(visit: Visit, user: User) -> Organisation:
    """Return the body that sends `user` on the visit."""
    return visit.team.select_related("designation__body").get(designation__user=user, released_at=None).designation.body


@transaction.atomic
def submit_report(*, report: Report, submission_key: str, by: User, at: datetime) -> Report:
    """Submit the signed report: it is received, public as far as it is not confidential, and locked.

    The same `submission_key` again is the same submission, however often it is sent. The conclusion is passed on to the stand-down
    that the visit verifies; where that cannot take it yet, the report stands and the sweep tries again.
    """
    lock_visit(report.visit)
    _lock(report)
    require(is_on_team(by, report.visit, at=at), "Only an inspector of this visit's team submits its report.")
    if report.state == ReportState.SUBMITTED and report.submission_key == submission_key:
        return report
    if report.state == ReportState.SUBMITTED:
        raise ReportLocked
    found = signing_state(report)
    if not found.is_signed:
        raise NotSignedEnough(
            f"{len(found.signatures)} of {found.needed} inspectors have signed this text. {NotSignedEnough().detail}"
        )
    unseen = unseen_claims(report)  # a request may have been settled since the signatures
    if unseen:
        raise ReportIncomplete(unseen[0].words, fields={one.part: one.words for one in unseen})
    report.state = next_state(ReportState(report.state), ReportEvent.SUBMIT)
    report.received_at, report.submission_key, report.commitment = at, submission_key, found.commitment
    report.save(update_fields=["state", "received_at", "submission_key", "commitment"])
    if report.version == 1:
        _report_on(report.visit, at)
        record(kind="report.submitted", payload=_submission(report), by=by, at=at)
    else:
        record(kind="report.amended", payload=_submission(report), by=by, at=at)
    with suppress(DomainError), transaction.atomic():
        conclude(report=report, at=at)
    return report


def _report_on(visit: Visit, at: datetime) -> None:
    visit.state = next_visit_state(VisitState(visit.state), VisitEvent.REPORT)
    visit.reported_at = at
    visit.save(update_fields=["state", "reported_at"])


def _submission(report: Report) -> dict[str, Any]:
    assert report.received_at is not None
    return {
        **subject_of(report.visit),
        **open_value(name_of(report), value_of(report), report.evidence.count()),
        "signatures": sorted(
            one.user.handle for one in report.signatures.filter(commitment=report.commitment).select_related("user")
        ),
        "received_at": stamp(report.received_at),
        "parts": dict(sealing_of(report).parts),
        "commitment": report.commitment,
    }


@transaction.atomic
def comment_on_report(*, report: Report, text: str, by: User, at: datetime) -> ReportComment:
    """Add the inspected party's comment, within the text's days from the report. It stands beside the report, unedited."""
    visit = report.visit
    lock_visit(visit)
    require(speaks_for_party(by, visit, at=at), "Only a representative of the visited laboratory comments.")
    known = ReportComment.objects.filter(report=report).first()
    if known is not None:
        if known.text == text:
            return known
        raise AlreadyCommented
    if report.received_at is None or at >= comments_close(report.received_at, monitoring_of(visit)):
        raise CommentsClosed
    if can_follow(VisitState(visit.state), VisitEvent.COMMENT):  # on a later version the visit may be further on
        visit.state = next_visit_state(VisitState(visit.state), VisitEvent.COMMENT)
        visit.commented_at = at
        visit.save(update_fields=["state", "commented_at"])
    made = ReportComment.objects.create(report=report, text=text, salt=secrets.token_hex(32), commented_at=at, by=by)
    payload = {**subject_of(visit), "report": name_of(report), "comment": commitment(made.salt, text)}
    record(kind="report.commented", payload=payload, by=by, at=at)
    return made
