"""Asking for mail, confirming, being told once, ending: over the pages, as their readers do it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.urls import reverse

from ledger.actions import record
from notices.actions.mails import tell_due
from notices.actions.subscriptions import CONFIRMED_WITHIN
from notices.models import Subscription
from tests import factories as make
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.SITE_URL = "http://localhost"
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


def said(kind="vote.noticed", at=NOON, **payload):
    """An entry with its position, which COMMIT would give it."""
    record(kind=kind, payload=payload or {"vote": "2026-01", "decision": "amend"}, by=None, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def ask(client, callbacks, **fields):
    with callbacks(execute=True):
        return client.post(
            reverse("notices:follow"), {"email": "reader@example.org", "topics": ["votes", "pauses"], **fields}
        )


def link(text, part):
    return re.search(rf"http://localhost(/follow/{part}/\S+)", text)[1]


@pytest.fixture
def subscribed(client, django_capture_on_commit_callbacks):
    def subscribe(**fields):
        ask(client, django_capture_on_commit_callbacks, **fields)
        client.post(link(mail.outbox.pop().body, "confirm"))
        return Subscription.objects.get(ended_at=None, confirmed_at__isnull=False)

    return subscribe


def test_nothing_is_told_until_the_address_has_confirmed(client, django_capture_on_commit_callbacks):
    assert ask(client, django_capture_on_commit_callbacks).url == reverse("notices:asked")
    [letter] = mail.outbox
    assert letter.to == ["reader@example.org"]
    said()
    assert tell_due(at=NOON) == 0
    address = link(letter.body, "confirm")
    assert client.get(address).status_code == 200
    assert Subscription.objects.get().confirmed_at is None, "opening the link changes nothing"
    client.post(address)
    assert tell_due(at=NOON) == 0, "what went on record before is not news"
    said()
    assert tell_due(at=NOON) == 1


def test_an_event_is_told_once_however_often_the_sender_runs(subscribed):
    found = subscribed()
    said()
    assert [tell_due(at=NOON) for _ in range(3)] == [1, 0, 0]
    [letter] = mail.outbox
    assert "Vote 2026-01 was announced" in letter.subject
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found.refresh_from_db()
    Subscription.objects.update(told_up_to=found.told_up_to - 1)
    tell_due(at=NOON)
    assert mail.outbox[0].extra_headers["Message-ID"] == mail.outbox[1].extra_headers["Message-ID"]


def test_a_mail_that_could_not_be_sent_is_tried_again_and_holds_up_nobody(subscribed, monkeypatch):
    subscribed()
    said()

    def refuse(self, *_args, **_options):
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        assert tell_due(at=NOON) == 0
    assert tell_due(at=NOON) == 1


def test_what_was_not_asked_for_is_passed_over(subscribed):
    found = subscribed()
    said("text.published", text="1")
    assert tell_due(at=NOON) == 0
    found.refresh_from_db()
    assert not Subscription.objects.behind(found.told_up_to).exists()


def test_a_digest_comes_once_a_day_and_a_pause_at_once(subscribed):
    subscribed(daily="daily")
    said()
    assert tell_due(at=NOON + HOUR) == 0
    assert tell_due(at=NOON + 24 * HOUR) == 1
    said()
    said("pause.adopted", pause="2026-01", level="pause")
    assert tell_due(at=NOON + 25 * HOUR) == 1
    assert mail.outbox[-1].subject == "Pause 2026-01 was adopted, and one more event"
    assert tell_due(at=NOON + 49 * HOUR) == 0


def test_one_click_of_a_mail_program_ends_it(subscribed, client):
    subscribed()
    said()
    tell_due(at=NOON)
    address = link(mail.outbox.pop().body, "end")
    assert client.get(address).status_code == 200
    assert Subscription.objects.standing().exists()
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    said()
    assert (tell_due(at=NOON), mail.outbox) == (0, [])


def test_a_stranger_is_not_flooded_and_an_old_link_does_nothing(client, clock, django_capture_on_commit_callbacks):
    for _ in range(3):
        ask(client, django_capture_on_commit_callbacks)
    [letter] = mail.outbox
    clock.move_to(NOON + CONFIRMED_WITHIN)
    assert client.post(link(letter.body, "confirm")).status_code == 409
    assert not Subscription.objects.standing().exists()
    ask(client, django_capture_on_commit_callbacks)
    assert Subscription.objects.count() == 1, "what nobody confirmed is forgotten"


def test_a_made_up_link_is_refused(client):
    for name in ("confirm", "end"):
        assert client.post(reverse(f"notices:{name}", args=["MQ:1abc:forged"])).status_code == 409


def test_asking_again_replaces_what_was_asked_for(subscribed):
    make.laboratory("fjord")
    subscribed()
    again = subscribed(topics=["inspections"])
    assert Subscription.objects.standing().get() == again
    assert again.topics == ["inspections"]


def test_no_topic_and_no_address_are_told_what_to_do(client):
    answer = client.post(reverse("notices:follow"), {"email": "nobody", "topics": []})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"email", "topics"}
    assert not Subscription.objects.exists()


def test_a_header_cannot_be_smuggled_into_a_mail(subscribed):
    subscribed(topics=["treaty"])
    said("organisation.accredited", organisation="x\r\nBcc: all@example.org", role="observer", vote="2026-01")
    assert tell_due(at=NOON) == 1
    assert "\n" not in mail.outbox[0].subject
