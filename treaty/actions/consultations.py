"""Consultations about amendments: submissions come out as they come in, the proposer answers, the depositary may hide on a ground of the text.

A member of the public needs no account: an address that is confirmed by mail is enough, and is not kept.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.permissions import is_depositary, represents
from accounts.rules.names import proper_name
from core.canonical import Json, commitment
from core.errors import DomainError, Malformed, require
from core.prose import clean_words
from ledger.actions import record
from treaty.models import Amendment, HiddenSubmission, Submission, SubmissionAnswer, UnconfirmedSubmission
from treaty.permissions import may_submit_for
from treaty.queries.consultations import consultation_of, phase_of, terms_of
from treaty.rules.consultations import (
    AnsweredOtherwise,
    AnswersClosed,
    ConsultationClosed,
    HiddenOtherwise,
    Phase,
    Submissions,
    TooManySubmissions,
    Voice,
)

CONFIRMED_WITHIN: Final = timedelta(days=2)
ASKED_AGAIN_AFTER: Final = timedelta(minutes=10)
MAILS_AN_HOUR: Final = 120  # about one amendment: a machine that types addresses is held up, an author waits an hour
SALT: Final = "treaty.consultations"
SUBMITTERS: Final = (
    "Submissions of an organisation are made by those who act for a party, a body or an accredited observer."
)


class NotASubmission(DomainError):
    """The link is not one of ours, or too old. Send the submission again."""

    code = "not_a_submission"


class TooManyMails(DomainError):
    """Many people are writing about this amendment just now. Keep your words, and send them again in an hour."""

    code = "too_many_mails"


@transaction.atomic
def submit(*, amendment: Amendment, organisation: Organisation, words: str, by: User, at: datetime) -> Submission:
    """Publish what an organisation has to say about an amendment (Art. 26). The same words again are the same submission."""
    terms = _open(amendment, at)
    require(organisation in may_submit_for(by, terms.who, at=at), SUBMITTERS)
    said = clean_words(words, "words", terms.longest)
    mine = amendment.submissions.filter(organisation=organisation)
    if known := mine.filter(words=said).first():
        return known
    if mine.count() >= terms.each:
        raise TooManySubmissions
    return _publish(Submission(amendment=amendment, organisation=organisation, words=said, by=by, received_at=at))


@transaction.atomic
def ask_to_submit(*, amendment: Amendment, name: str, email: str, words: str, at: datetime) -> UnconfirmedSubmission:
    """Mail a member of the public a link by which the submission is confirmed and published.

    Sent again within ten minutes the words change and nothing more is mailed: nobody floods a stranger.
    """
    terms = _open_to_the_public(amendment, at)
    UnconfirmedSubmission.objects.forgotten(at - CONFIRMED_WITHIN).delete()
    given, said = proper_name(name) if name.strip() else "", clean_words(words, "words", terms.longest)
    waiting = UnconfirmedSubmission.objects.filter(amendment=amendment)
    if found := waiting.filter(email__iexact=email, asked_at__gt=at - ASKED_AGAIN_AFTER).first():
        found.name, found.words = given, said
        found.save(update_fields=["name", "words"])
        return found
    if waiting.filter(asked_at__gt=at - timedelta(hours=1)).count() >= MAILS_AN_HOUR:
        raise TooManyMails
    made: UnconfirmedSubmission = waiting.create(amendment=amendment, name=given, email=email, words=said, asked_at=at)
    link = settings.SITE_URL + reverse("treaty:confirm_submission", args=[token_of(made)])
    text = render_to_string(
        "treaty/mail_submission.txt", {"link": link, "site": settings.SITE_URL, "amendment": amendment}
    )
    mail = EmailMessage(_("Confirm your submission"), text, to=[email])
    transaction.on_commit(mail.send)
    return made


def token_of(letter: UnconfirmedSubmission) -> str:
    """Return what only the mail's reader knows."""
    return signing.dumps(letter.pk, salt=SALT)


def amendment_of(token: str) -> Amendment:
    """Return the amendment that a mailed link is about; raise NotASubmission."""
    pk = _letter(token)
    found = Submission.objects.filter(letter=pk).first() or UnconfirmedSubmission.objects.filter(pk=pk).first()
    if found is None:
        raise NotASubmission
    return found.amendment


@transaction.atomic
def confirm_submission(*, token: str, at: datetime) -> Submission:
    """Publish what a member of the public wrote, and forget the address. A second time this changes nothing."""
    pk = _letter(token)
    amendment, _terms = _locked(amendment_of(token))
    if known := Submission.objects.filter(letter=pk).first():
        return known
    terms = _open_to_the_public(amendment, at)
    letter = UnconfirmedSubmission.objects.select_for_update().filter(pk=pk).first()
    if letter is None or at >= letter.asked_at + CONFIRMED_WITHIN:
        raise NotASubmission
    author = salted_hmac(SALT, f"{amendment.pk}:{letter.email.casefold()}", algorithm="sha256").hexdigest()
    if amendment.submissions.filter(author=author).count() >= terms.each:
        raise TooManySubmissions
    letter.delete()
    return _publish(
        Submission(amendment=amendment, name=letter.name, words=letter.words, author=author, letter=pk, received_at=at)
    )


@transaction.atomic
def answer_submission(*, submission: Submission, words: str, by: User, at: datetime) -> SubmissionAnswer:
    """Publish the proposer's answer, before the vote opens. The same answer again changes nothing."""
    amendment, terms = _locked(submission.amendment)
    require(represents(by, amendment.proposer, at=at), "Submissions are answered by whoever proposed the amendment.")
    said = clean_words(words, "words", terms.longest)
    if known := SubmissionAnswer.objects.filter(submission=submission).first():
        if known.words == said:
            return known
        raise AnsweredOtherwise
    if phase_of(amendment, at) is Phase.OVER:
        raise AnswersClosed
    made = SubmissionAnswer.objects.create(
        submission=submission, words=said, salt=secrets.token_hex(32), answered_at=at, by=by
    )
    payload = {
        **_subject(submission),
        "organisation": amendment.proposer.key,
        "words": commitment(made.salt, said),
    }
    record(kind="submission.answered", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def hide_submission(*, submission: Submission, ground: str, by: User, at: datetime) -> HiddenSubmission:
    """Show the ground instead of the words; the commitment to them stays on record. A second time this changes nothing."""
    _amendment, terms = _locked(submission.amendment)
    require(is_depositary(by, at=at), "Only the depositary hides a submission.")
    if ground not in terms.grounds:
        raise Malformed("Choose one of the grounds of the text.", fields={"ground": "Choose one of the grounds."})
    if known := HiddenSubmission.objects.filter(submission=submission).first():
        if known.ground == ground:
            return known
        raise HiddenOtherwise
    made = HiddenSubmission.objects.create(submission=submission, ground=ground, hidden_at=at, by=by)
    record(kind="submission.hidden", payload={**_subject(submission), "ground": ground}, by=by, at=at)
    return made


def _letter(token: str) -> int:
    try:
        return int(signing.loads(token, salt=SALT))
    except signing.BadSignature:
        raise NotASubmission from None


def _locked(amendment: Amendment) -> tuple[Amendment, Submissions]:
    """Lock the amendment and return it with the text's terms; raise ConsultationClosed where there are none."""
    found = Amendment.objects.defer("source").select_related("base", "vote", "proposer")
    locked = found.select_for_update(of=("self",)).get(pk=amendment.pk)
    terms = terms_of(locked)
    if terms is None or consultation_of(locked) is None:
        raise ConsultationClosed("The text under which this amendment was proposed takes no submissions.")
    return locked, terms


def _open(amendment: Amendment, at: datetime) -> Submissions:
    locked, terms = _locked(amendment)
    if phase_of(locked, at) is not Phase.SUBMISSIONS:
        raise ConsultationClosed
    return terms


def _open_to_the_public(amendment: Amendment, at: datetime) -> Submissions:
    terms = _open(amendment, at)
    if Voice.PUBLIC not in terms.who:
        raise ConsultationClosed("The text takes no submissions from the public.")
    return terms


def _publish(submission: Submission) -> Submission:
    submission.number = submission.amendment.submissions.count() + 1
    submission.salt = secrets.token_hex(32)
    organisation = submission.organisation
    payload = {
        **_subject(submission),
        "organisation": organisation.key if organisation else None,
        "words": commitment(submission.salt, {"name": submission.name, "words": submission.words}),
    }
    entry = record(kind="submission.received", payload=payload, by=submission.by, at=submission.received_at)
    submission.entry_hash = entry.hash
    submission.save(force_insert=True)
    return submission


def _subject(submission: Submission) -> dict[str, Json]:
    return {"amendment": submission.amendment.key, "submission": submission.number}
