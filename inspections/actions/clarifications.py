"""The ladder of a finding: asked, acknowledged, answered; what the team makes of the answer is in `findings`. Dissent beside it."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import Json, commitment
from core.errors import DomainError, require
from core.times import stamp
from inspections.actions.findings import NotYetReported, lock_finding, subject_of_finding
from inspections.actions.visits import lock_visit, subject_of
from inspections.models import Clarification, Dissent, Finding, Report
from inspections.permissions import can_dissent_for, can_settle, is_on_team, speaks_for_party
from inspections.queries.clarifications import asked_about, asker_of, inspectors_body
from inspections.queries.conclusions import disputable
from inspections.queries.reports import name_of
from inspections.rules.clarifications import NothingToAnswer, require_askable
from inspections.rules.findings import Severity
from inspections.rules.reports import ReportState
from ledger.actions import record
from treaty.actions.standdowns import verify_stand_down
from treaty.queries.texts import rules_at
from treaty.rules.standdowns import Conclusion


class WordsNeeded(DomainError):
    """Write what you want to say."""

    code = "words_needed"


class DissentsAlready(DomainError):
    """You have filed a dissenting view of this already; it stands as it is."""

    code = "dissents_already"


@transaction.atomic
def ask_clarification(*, finding: Finding, question: str, by: User, at: datetime) -> Clarification:
    """Ask the inspected party about an open finding; it acknowledges and answers within the text's times (Art. 19)."""
    lock_finding(finding)
    require(can_settle(by, finding.report.visit, at=at), "Only the team and its bodies' officers ask about a finding.")
    words, asked = _words(question), asked_about(finding)
    last = finding.clarifications.last()
    if last and last.answered_at is None and last.question == words:
        return last
    require_askable(Severity(finding.state), asked)
    clock = rules_at(at).clarification
    made = Clarification.objects.create(
        finding=finding,
        body=asker_of(finding.report.visit, by, at),
        question=words,
        salt=secrets.token_hex(32),
        asked_at=at,
        asked_by=by,
        acknowledge_by=clock.acknowledge_within.after(at),
        answer_by=clock.answer_within.after(at),
    )
    payload = {
        **subject_of_finding(finding),
        "body": made.body.key,
        "question": commitment(made.salt, words),
        "acknowledge_by": stamp(made.acknowledge_by),
        "answer_by": stamp(made.answer_by),
    }
    record(kind="clarification.asked", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def acknowledge_clarification(*, finding: Finding, by: User, at: datetime) -> Clarification:
    """Say for the party that it has the question. A second call changes nothing."""
    found = _asked(finding, by, at)
    if found.acknowledged_at is not None:
        return found
    if found.answered_at is not None:
        raise NothingToAnswer
    found.acknowledged_at = at
    found.save(update_fields=["acknowledged_at"])
    record(kind="clarification.acknowledged", payload=subject_of_finding(finding), by=by, at=at)
    return found


@transaction.atomic
def answer_clarification(*, finding: Finding, answer: str, by: User, at: datetime) -> Clarification:
    """Answer for the party. The same answer again changes nothing; a late one is taken, and shown as late."""
    found, words = _asked(finding, by, at), _words(answer)
    if found.answered_at is not None and found.answer == words:
        return found
    if found.answered_at is not None:
        raise NothingToAnswer
    found.answer, found.answer_salt, found.answered_at = words, secrets.token_hex(32), at
    found.save(update_fields=["answer", "answer_salt", "answered_at"])
    payload = {**subject_of_finding(finding), "answer": commitment(found.answer_salt, words)}
    record(kind="clarification.answered", payload=payload, by=by, at=at)
    return found


@transaction.atomic
def dissent(
    *, report: Report, finding: Finding | None, body: Organisation, words: str, by: User, at: datetime
) -> Dissent:
    """File another view of a finding, or without one of the report's conclusion: an inspector of the team for themselves, an officer for their body.

    Nothing in the report changes. While a body dissents from the conclusion, none is drawn from the report. Where a stand-down was
    verified on it, a second entry says that the body cannot conclude: the stand-down stays verified, disputed, until a new visit.
    """
    visit = report.visit
    lock_visit(visit)
    own = is_on_team(by, visit, at=at) and inspectors_body(visit, by) == body
    require(
        own or can_dissent_for(by, body, visit, at=at),
        "An inspector of the team dissents, or an officer of a body that takes part and is independent of the laboratory.",
    )
    if report.state != ReportState.SUBMITTED:
        raise NotYetReported
    said = _words(words)
    known = Dissent.objects.filter(report=report, finding=finding, by=by).first()
    if known and known.words == said:
        return known
    if known:
        raise DissentsAlready
    made = Dissent.objects.create(
        report=report,
        finding=finding,
        body=body,
        for_body=not own,
        words=said,
        salt=secrets.token_hex(32),
        filed_at=at,
        by=by,
    )
    record(kind="dissent.filed", payload=_dissent(made), by=by, at=at)
    if made.for_body and finding is None:
        _dispute(report, body, said, by, at)
    return made


def _dissent(made: Dissent) -> dict[str, Json]:
    return {
        **subject_of(made.report.visit),
        "report": name_of(made.report),
        "number": made.finding.number if made.finding else None,
        "body": made.body.key,
        "for_body": made.for_body,
        "words": commitment(made.salt, made.words),
    }


def _dispute(report: Report, body: Organisation, words: str, by: User, at: datetime) -> None:
    """Conclude, for a body that dissents from a consistent report, that it cannot: the newest conclusion about a stand-down counts."""
    stand_down = disputable(report, at)
    if stand_down:
        verify_stand_down(
            stand_down=stand_down,
            visit_key="",
            conclusion=Conclusion.INCONCLUSIVE,
            body=body,
            basis=words,
            by=by,
            at=at,
        )


def _asked(finding: Finding, by: User, at: datetime) -> Clarification:
    lock_finding(finding)
    visit = finding.report.visit
    require(speaks_for_party(by, visit, at=at), "Only a representative of the visited laboratory answers.")
    found = finding.clarifications.last()
    if found is None:
        raise NothingToAnswer
    return found


def _words(text: str) -> str:
    if not text.strip():
        raise WordsNeeded
    return text.strip()
