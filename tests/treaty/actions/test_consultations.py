"""What is written about an amendment: by organisations, by the public after a mail, answered and hidden."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import DatabaseError, connection, transaction

from accounts.rules.organisations import Kind
from core.canonical import commitment, parse
from core.errors import Malformed, NotAllowed
from ledger.models import Entry
from tests import factories as make
from tests.conftest import NOON
from tests.treaty.actions.test_amendments import propose
from treaty.actions import consultations as act
from treaty.actions.consultations import NotASubmission, TooManyMails, answer_submission, hide_submission, submit
from treaty.actions.votes import withdraw_vote
from treaty.models import Annexed, Submission, UnconfirmedSubmission
from treaty.queries.consultations import figures_of
from treaty.queries.tasks import tasks_for
from treaty.rules.consultations import (
    AnsweredOtherwise,
    AnswersClosed,
    ConsultationClosed,
    HiddenOtherwise,
    TooManySubmissions,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def at_noon(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    settings.SITE_URL = "http://testserver"
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def amendment():
    make.parties()
    make.accreditations()
    return propose()


def entries(kind):
    found = [parse(bytes(entry.data)) for entry in Entry.objects.order_by("pk")]
    return [one for one in found if one["kind"] == kind]


def observer(accredited=True):
    watch = make.organisation("watch", kind=Kind.OBSERVER)
    if accredited:
        Annexed.objects.create(organisation=watch, from_at=NOON, vote=make.adopted_vote("accredit"))
    return watch, make.observer(watch)


def write(amendment, words="Seven days are too many.", *, of="borealis", at=NOON):
    lab = make.laboratory(of)
    return submit(amendment=amendment, organisation=lab, words=words, by=make.representative(lab), at=at)


def ask(amendment, callbacks, email="reader@example.org", words="Five is enough.", name="", at=NOON):
    with callbacks(execute=True):
        return act.ask_to_submit(amendment=amendment, name=name, email=email, words=words, at=at)


def test_a_submission_is_published_with_its_commitment_on_record(amendment):
    made = write(amendment)
    [entry] = entries("submission.received")
    assert entry["payload"] == {
        "amendment": amendment.key,
        "submission": 1,
        "organisation": "borealis",
        "words": commitment(made.salt, {"name": "", "words": "Seven days are too many."}),
    }
    assert write(amendment) == made
    assert (len(entries("submission.received")), Submission.objects.count()) == (1, 1)


def test_an_accredited_observer_writes_and_another_one_does_not(amendment):
    watch, watcher = observer(accredited=False)
    with pytest.raises(NotAllowed):
        submit(amendment=amendment, organisation=watch, words="Too long.", by=watcher, at=NOON)
    assert entries("submission.received") == []
    Annexed.objects.create(organisation=watch, from_at=NOON, vote=make.adopted_vote("accredit"))
    assert submit(amendment=amendment, organisation=watch, words="Too long.", by=watcher, at=NOON).number == 1


@pytest.mark.parametrize("words", ["", "x" * 20_001, "a\x00b"])
def test_nothing_too_much_and_control_characters_are_refused(amendment, words):
    with pytest.raises(Malformed):
        write(amendment, words)
    assert (Submission.objects.count(), entries("submission.received")) == (0, [])


def test_the_text_says_how_many_and_until_when(amendment):
    for number in range(3):
        write(amendment, f"Thought {number}.")
    with pytest.raises(TooManySubmissions):
        write(amendment, "One more.")
    with pytest.raises(ConsultationClosed):
        write(amendment, of="cobalt", at=NOON + 30 * DAY)
    assert len(entries("submission.received")) == 3


def test_a_vote_that_is_withdrawn_ends_the_consultation(amendment):
    withdraw_vote(vote=amendment.vote, reason="Thought better.", by=make.representative(make.laboratory()), at=NOON)
    with pytest.raises(ConsultationClosed):
        write(amendment, at=NOON + DAY)
    assert entries("submission.received") == []


def test_the_public_confirms_by_mail_and_the_address_is_not_kept(amendment, client, django_capture_on_commit_callbacks):
    ask(amendment, django_capture_on_commit_callbacks, name="Marta Nowak")
    ask(amendment, django_capture_on_commit_callbacks, words="Five days are enough.", at=NOON + DAY / 200)
    [sent] = mail.outbox
    link = re.search(r"http://testserver(/treaty/submissions/confirm/\S+)", sent.body)[1]
    assert client.get(link).status_code == 200
    assert Submission.objects.count() == 0
    assert client.post(link).status_code == client.post(link).status_code == 302
    [made] = Submission.objects.all()
    assert (made.words, made.name, made.organisation) == ("Five days are enough.", "", None)
    assert UnconfirmedSubmission.objects.count() == 0
    [entry] = entries("submission.received")
    assert (entry["by"], entry["payload"]["organisation"]) == (None, None)
    assert "reader" not in str(entry) + made.author
    page = client.get(f"/treaty/amendments/{amendment.key}/submissions/").content.decode()
    assert "Five days are enough." in page
    assert "A member of the public" in page


def test_a_link_that_is_forged_or_two_days_old_publishes_nothing(amendment, django_capture_on_commit_callbacks):
    letter = ask(amendment, django_capture_on_commit_callbacks)
    for token, at in (("forged", NOON), (act.token_of(letter), NOON + 2 * DAY)):
        with pytest.raises(NotASubmission):
            act.confirm_submission(token=token, at=at)
    assert (Submission.objects.count(), entries("submission.received")) == (0, [])


def test_an_address_has_as_many_submissions_as_the_text_allows_however_it_is_written(
    amendment, django_capture_on_commit_callbacks
):
    spellings = ("a@example.org", "A@example.org", "a@EXAMPLE.org", "a@example.ORG")
    letters = [
        ask(amendment, django_capture_on_commit_callbacks, email, f"Thought {number}.", at=NOON + number * DAY / 100)
        for number, email in enumerate(spellings)
    ]
    for letter in letters[:3]:
        act.confirm_submission(token=act.token_of(letter), at=NOON + DAY / 10)
    with pytest.raises(TooManySubmissions):
        act.confirm_submission(token=act.token_of(letters[3]), at=NOON + DAY / 10)
    assert len(entries("submission.received")) == 3


def test_a_machine_that_types_addresses_is_held_up(amendment, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(act, "MAILS_AN_HOUR", 2)
    for number in range(2):
        ask(amendment, django_capture_on_commit_callbacks, f"n{number}@example.org")
    with pytest.raises(TooManyMails):
        ask(amendment, django_capture_on_commit_callbacks, "n2@example.org")
    assert (len(mail.outbox), UnconfirmedSubmission.objects.count()) == (2, 2)
    ask(amendment, django_capture_on_commit_callbacks, "n2@example.org", at=NOON + DAY / 20)


def test_the_proposer_answers_once_until_the_vote_opens(amendment):
    one, two = write(amendment), write(amendment, of="cobalt")
    ada = make.representative(make.laboratory("aster"))
    assert [task.detail for task in tasks_for(ada, NOON) if "amendment" in task.title] == ["unanswered: 2"]
    with pytest.raises(NotAllowed):
        answer_submission(submission=one, words="Five.", by=make.representative(make.laboratory("cobalt")), at=NOON)
    made = answer_submission(submission=one, words="Seven leave time to ask abroad.", by=ada, at=NOON + 39 * DAY)
    again = answer_submission(submission=one, words="Seven leave time to ask abroad.", by=ada, at=NOON + 50 * DAY)
    assert again == made
    with pytest.raises(AnsweredOtherwise):
        answer_submission(submission=one, words="Otherwise.", by=ada, at=NOON + 39 * DAY)
    with pytest.raises(AnswersClosed):
        answer_submission(submission=two, words="Late.", by=ada, at=NOON + 40 * DAY)
    assert len(entries("submission.answered")) == 1
    assert figures_of(amendment).unanswered == 1


def test_the_depositary_hides_on_a_ground_of_the_text_and_nothing_else_goes(amendment, client):
    one, hand = write(amendment, "Call 555 0199 and ask for Bob."), make.depositary()
    with pytest.raises(NotAllowed):
        hide_submission(submission=one, ground="personal", by=make.representative(make.laboratory()), at=NOON)
    with pytest.raises(Malformed):
        hide_submission(submission=one, ground="awkward", by=hand, at=NOON)
    made = hide_submission(submission=one, ground="personal", by=hand, at=NOON)
    assert hide_submission(submission=one, ground="personal", by=hand, at=NOON + DAY) == made
    with pytest.raises(HiddenOtherwise):
        hide_submission(submission=one, ground="foreign", by=hand, at=NOON)
    [entry] = entries("submission.hidden")
    assert entry["payload"] == {"amendment": amendment.key, "submission": 1, "ground": "personal"}
    page = client.get(f"/treaty/amendments/{amendment.key}/submissions/").content.decode()
    assert "Bob" not in page
    assert "It names or points to a private person." in page
    [shown] = client.get(f"/api/v1/amendments/{amendment.key}/submissions/").json()["results"]
    assert (shown["words"], shown["salt"], shown["hidden"]) == (None, None, "personal")


@pytest.mark.parametrize("table", ["submission", "submissionanswer", "hiddensubmission"])
def test_what_was_written_is_never_edited(amendment, table):
    one = write(amendment)
    answer_submission(submission=one, words="No.", by=make.representative(make.laboratory()), at=NOON)
    hide_submission(submission=one, ground="foreign", by=make.depositary(), at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM treaty_{table}")


def test_people_write_answer_and_hide_on_pages(amendment, client):
    address = f"/treaty/amendments/{amendment.key}/submissions/"
    assert b"Nobody has written yet." in client.get(address).content
    watch, watcher = observer()
    client.force_login(watcher)
    assert f"{address}new/" in client.get(f"/treaty/amendments/{amendment.key}/").content.decode()
    posted = client.post(f"{address}new/", {"organisation": watch.key, "words": "<b>Too</b> long.\r\nMuch."})
    assert posted.headers["Location"] == address
    for person, act_, field in (
        (make.representative(make.laboratory()), "answer", {"words": "It is not."}),
        (make.depositary(), "hide", {"ground": "dangerous"}),
    ):
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
        client.force_login(person)
        page = client.get(address).content.decode()
        assert f"{address}1/{act_}/" in page
        assert "&lt;b&gt;Too&lt;/b&gt; long.<br>Much." in page
        assert client.post(f"{address}1/{act_}/", field).headers["Location"] == address
    client.logout()
    page = client.get(address).content.decode()
    assert ("long" not in page, "It is not." in page, f"{address}public/" in page) == (True, True, True)
    assert client.post(f"{address}public/", {"words": "x", "email": "no"}).status_code == 422
    assert client.get(f"{address}new/").status_code == 302
