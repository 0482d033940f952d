"""Compliance cases: open by themselves for lateness and discrepancies, or by referral; answer, remedy, determine, close."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import Json, commitment
from core.errors import DomainError, require
from core.prose import clean_words
from core.times import stamp
from labs.models import Declaration
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock, lock_keys, named
from treaty.models import Case, CaseStep, Pause, StandDown, Vote
from treaty.permissions import bodies_acting, can_act_for_lab, can_ask_to_resume, is_independent_of
from treaty.queries.pauses import terms
from treaty.queries.standdowns import stages_of
from treaty.queries.texts import rules_at, rules_of, text_at
from treaty.rules.cases import CaseEvent, CaseKind, CaseState, next_state
from treaty.rules.standdowns import Conclusion, overdue

LONGEST_WORDS = 10_000


class CaseNotAdmissible(DomainError):
    """The case cannot be opened so."""

    code = "case_refused"


@transaction.atomic
def open_due_cases(*, pause: Pause, at: datetime) -> list[Case]:
    """Open, once each, the cases that lateness and discrepancies ask for; one entry for each case."""
    lock(pause)
    known = set(pause.cases.values_list("organisation_id", "kind", "subject"))
    return [
        _open(pause=pause, lab=stand_down.organisation, kind=kind, subject=subject, reason="", by=None, at=at)
        for stand_down, kind, subject in _due(pause, at)
        if (stand_down.organisation_id, kind.value, subject) not in known
    ]


def _due(pause: Pause, at: datetime) -> list[tuple[StandDown, CaseKind, str]]:
    stand_downs = list(
        pause.stand_downs.select_related("organisation", "pause").prefetch_related("extensions", "verifications")
    )
    until = pause.ended_at or pause.lapsed_at or at
    late = [
        (one, CaseKind.LATE, stage.key.value)
        for one in stand_downs
        for stage in overdue(stages_of(one, min(at, until)))
    ]
    found = [
        (one, CaseKind.DISCREPANCY, seen.visit_key or f"verification-{seen.pk}")
        for one in stand_downs
        for seen in one.verifications.all()
        if seen.conclusion == Conclusion.DISCREPANCY
    ]
    return late + found


def open_missing_cases(*, at: datetime) -> list[Case]:
    """Ask for clarification, once, about each declaration that is long overdue at `at`; one entry for each (Art. 19).

    The party acknowledges and answers within the text's times, as in every case.
    """
    text = text_at(at)
    if text is None:
        return []
    long_overdue_after = rules_of(text).clarification.long_overdue_after
    unfiled = Declaration.objects.unfiled().due_by(at).exclude(marked_overdue_at=None)
    late = [one.pk for one in unfiled if long_overdue_after.after(one.due_at) <= at]
    return [case for pk in late if (case := _open_missing(pk, at))]


@transaction.atomic
def _open_missing(declaration: int, at: datetime) -> Case | None:
    rows = Declaration.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    row = rows.select_related("organisation").filter(pk=declaration, filed_at=None).first()
    if row is None:
        return None
    subject = f"{row.kind}:{stamp(row.due_at)}"
    return open_overdue_case(lab=row.organisation, subject=subject, at=at)


@transaction.atomic
def open_overdue_case(*, lab: Organisation, subject: str, at: datetime) -> Case | None:
    """Ask for clarification, once, about something that the caller found to be long overdue; it has locked what it is about (Art. 19)."""
    if Case.objects.filter(organisation=lab, kind=CaseKind.MISSING.value, subject=subject).exists():
        return None
    return _open(pause=None, lab=lab, kind=CaseKind.MISSING, subject=subject, reason="", by=None, at=at)


@transaction.atomic
def open_case(
    *, pause: Pause | None, lab: Organisation, organisation: Organisation, reason: str, by: User, at: datetime
) -> Case:
    """Refer a question about `lab`, in the name of another bound lab or an accredited body."""
    require(
        organisation in can_ask_to_resume(by, at=at), "Only a bound laboratory or an accredited body refers a case."
    )
    words = clean_words(reason, "words", LONGEST_WORDS)
    if organisation == lab:
        raise CaseNotAdmissible("A laboratory does not refer a case about itself.")
    known = Case.objects.filter(organisation=lab, kind=CaseKind.REFERRAL.value, reason=words).standing(at).first()
    return known or _open(
        pause=pause, lab=lab, kind=CaseKind.REFERRAL, subject=organisation.key, reason=words, by=by, at=at
    )


@transaction.atomic
def open_finding_case(
    *, finding: str, pause: Pause | None, lab: Organisation, body: Organisation, reason: str, by: User, at: datetime
) -> Case:
    """Open a case about a finding, which the caller found to be referable, in the name of an independent body. Once a finding."""
    require(body in bodies_acting(by, at=at), "Only an officer of an accredited monitoring body refers a finding.")
    if not is_independent_of(body, lab, at=at):
        raise CaseNotAdmissible(f"{body.name} is affiliated with {lab.name}: another body refers this finding.")
    words = clean_words(reason, "words", LONGEST_WORDS)
    known = Case.objects.filter(kind=CaseKind.FINDING.value, subject=finding).first()
    return known or _open(
        pause=pause, lab=lab, kind=CaseKind.FINDING, subject=finding, reason=words, by=by, at=at, body=body
    )


@transaction.atomic
def open_special_case(*, special: str, lab: Organisation, at: datetime) -> Case:
    """Open a case about a special visit, which the caller found to be refused or unanswered. Once for each."""
    known = Case.objects.filter(kind=CaseKind.SPECIAL.value, subject=special).first()
    return known or _open(pause=None, lab=lab, kind=CaseKind.SPECIAL, subject=special, reason="", by=None, at=at)


def _open(
    *,
    pause: Pause | None,
    lab: Organisation,
    kind: CaseKind,
    subject: str,
    reason: str,
    by: User | None,
    at: datetime,
    body: Organisation | None = None,
) -> Case:
    clock = terms(pause) if pause else rules_at(at).clarification
    lock_keys("case")
    year = f"{at.year:04}-"
    case = Case.objects.create(
        key=f"{year}{Case.objects.filter(key__startswith=year).count() + 1:03}",
        organisation=lab,
        pause=pause,
        kind=kind.value,
        subject=subject,
        reason=reason,
        salt=secrets.token_hex(32),
        opened_at=at,
        acknowledge_by=clock.acknowledge_within.after(at),
        answer_by=clock.answer_within.after(at),
    )
    record(
        kind="case.opened",
        payload={
            "case": case.key,
            "lab": lab.key,
            "pause": pause.key if pause else None,
            "about": kind.value,
            "subject": subject,
            "reason": commitment(case.salt, reason) if reason else None,
            "answer_by": stamp(case.answer_by),
            **({"body": body.key} if body else {}),
        },
        by=by,
        at=at,
    )
    return case


@transaction.atomic
def answer_case(*, case: Case, words: str, by: User, at: datetime) -> Case:
    """Answer for the lab."""
    _lock(case)
    require(can_act_for_lab(by, case.organisation, at=at), "Only a representative of the laboratory answers for it.")
    return _step(case, CaseEvent.ANSWER, case.organisation, words, by=by, at=at)


@transaction.atomic
def report_remedy(*, case: Case, words: str, by: User, at: datetime) -> Case:
    """Report for the lab what it has put right."""
    _lock(case)
    require(
        can_act_for_lab(by, case.organisation, at=at), "Only a representative of the laboratory reports its remedy."
    )
    return _step(case, CaseEvent.REMEDY, case.organisation, words, by=by, at=at)


@transaction.atomic
def close_case(*, case: Case, body: Organisation, words: str, by: User, at: datetime) -> Case:
    """Close the case for an accredited body that is independent of the lab, with its reasons."""
    _lock(case)
    require(body in bodies_acting(by, at=at), "Only an officer of an accredited monitoring body closes a case.")
    if not is_independent_of(body, case.organisation, at=at):
        raise CaseNotAdmissible(
            f"{body.name} is affiliated with {case.organisation.name}: another body closes this case."
        )
    if case.state == CaseState.CLOSED:
        return case
    return _step(case, CaseEvent.CLOSE, body, words, by=by, at=at)


@transaction.atomic
def determine_breach(*, vote: Vote, at: datetime) -> Case:
    """Let an adopted vote determine non-compliance in the case that its subject names."""
    effective_at = effect_of(vote)
    case = Case.objects.select_related("organisation", "pause").filter(key=named(vote, "case")).first()
    if case is None:
        raise CaseNotAdmissible(f"There is no case {named(vote, 'case')!r}.")
    _lock(case)
    if case.vote_id == vote.pk:
        return case
    case.vote, case.determined_at = vote, effective_at
    return _step(case, CaseEvent.DETERMINE, None, "", by=None, at=at)


def _lock(case: Case) -> None:
    case.refresh_from_db(
        from_queryset=Case.objects.select_for_update(of=("self",), no_key=True).select_related("organisation", "pause")
    )


def _step(
    case: Case, event: CaseEvent, organisation: Organisation | None, words: str, *, by: User | None, at: datetime
) -> Case:
    """Move the case on by the table, keep the words in a row of their own and their commitment in the record."""
    said = "" if event is CaseEvent.DETERMINE else clean_words(words, "words", LONGEST_WORDS)
    last = case.steps.order_by("-pk").first()
    if last and (last.event, last.organisation, last.words) == (event.value, organisation, said):
        return case
    case.state = next_state(CaseState(case.state), event).value
    if case.state == CaseState.CLOSED:
        case.closed_at = at
    case.save(update_fields=["state", "closed_at", "vote", "determined_at"])
    step = CaseStep.objects.create(
        case=case, event=event.value, organisation=organisation, words=said, salt=secrets.token_hex(32), at=at
    )
    record(kind=f"case.{PAST[event]}", payload=_payload(case, step), by=by, at=at)
    return case


PAST = {
    CaseEvent.ANSWER: "answered",
    CaseEvent.REMEDY: "remedied",
    CaseEvent.DETERMINE: "determined",
    CaseEvent.CLOSE: "closed",
}


def _payload(case: Case, step: CaseStep) -> dict[str, Json]:
    payload: dict[str, Json] = {"case": case.key, "lab": case.organisation.key, "state": case.state}
    if case.pause:
        payload["pause"] = case.pause.key
    if step.organisation:
        payload["organisation"] = step.organisation.key
    if step.event == CaseEvent.DETERMINE and case.vote:
        return {**payload, "vote": case.vote.key}
    return {**payload, "words": commitment(step.salt, step.words)}
