"""Webhooks of those who follow: queued from the record, sent until they arrive, each entry once."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest
from django.urls import reverse

from core.errors import NotAllowed
from ledger.actions import record
from ledger.models import Entry
from ledger.queries import position
from notices.actions.hooks import MOST, HookRefused, add_hook, push_due, queue_due, remove_hook
from notices.models import Hook, HookDelivery
from notices.rules.topics import Topic
from tests import factories as make
from tests.conftest import NOON
from tests.notices.actions.test_subscriptions import said
from tests.treaty.actions.test_pushes import Receiver, verified
from treaty.signer import order_signer
from web.deliveries import WAITS
from web.egress import EgressRefused

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/in"


@pytest.fixture(autouse=True)
def signer(settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "SIGNER_DIR": tmp_path / "signer"}
    order_signer().create("localhost/orders")


@pytest.fixture
def person():
    return make.observer()


@pytest.fixture
def hook(person):
    return add_hook(url=URL, topics=[Topic.VOTES], by=person, at=NOON)


def test_an_entry_of_the_topics_is_sent_once_as_it_is_on_record(hook):
    said()
    said("text.published", text="1")
    receiver = Receiver(204)
    assert [queue_due(at=NOON) for _ in range(2)] == [1, 0]
    assert [push_due(at=NOON, send=receiver) for _ in range(2)] == [1, 0]
    [(url, body, headers)] = receiver.got
    told = json.loads(body)
    entry = Entry.objects.get(kind="vote.noticed")
    assert (url, told["type"], told["data"]["hash"]) == (URL, "vote.noticed", entry.hash)
    assert told["data"]["entry"] == json.loads(bytes(entry.data))
    key = order_signer().key.private.public_key().public_bytes_raw()
    assert verified(headers, body, f"whpk_{b64encode(key).decode()}")


def test_what_was_on_record_before_is_not_sent(person):
    said()
    add_hook(url=URL, topics=list(Topic), by=person, at=NOON)
    assert queue_due(at=NOON) == 0


def test_what_does_not_arrive_is_tried_again_and_overtaken_by_nothing(hook):
    said()
    queue_due(at=NOON)
    assert push_due(at=NOON, send=Receiver(500)) == 1
    said()
    queue_due(at=NOON)
    assert push_due(at=NOON + WAITS[0], send=Receiver(204)) == 2
    assert not HookDelivery.objects.filter(delivered_at=None).exists()


def test_an_address_that_says_that_it_is_gone_is_removed(hook):
    said()
    queue_due(at=NOON)
    push_due(at=NOON, send=Receiver(410))
    assert Hook.objects.get().removed_at == NOON
    said()
    assert queue_due(at=NOON) == 0


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "https://127.0.0.1/", "https://a@hooks.example.com/"])
def test_an_address_within_is_refused(person, url):
    with pytest.raises(EgressRefused):
        add_hook(url=url, topics=[Topic.VOTES], by=person, at=NOON)
    assert not Hook.objects.exists()


def test_a_person_has_so_many_addresses_and_names_each_once(person, hook):
    again = add_hook(url=URL, topics=[Topic.PAUSES], by=person, at=NOON)
    assert (again, again.topics) == (hook, ["pauses"])
    for number in range(MOST - 1):
        add_hook(url=f"{URL}/{number}", topics=[Topic.VOTES], by=person, at=NOON)
    with pytest.raises(HookRefused):
        add_hook(url=f"{URL}/more", topics=[Topic.VOTES], by=person, at=NOON)


def test_nobody_removes_anothers_address_and_removing_stops_what_waits(hook, client):
    said()
    queue_due(at=NOON)
    stranger = make.user("A Stranger")
    with pytest.raises(NotAllowed):
        remove_hook(hook=hook, by=stranger, at=NOON)
    client.force_login(stranger)
    assert client.get(reverse("notices:remove_hook", args=[hook.pk])).status_code == 404
    remove_hook(hook=hook, by=hook.added_by, at=NOON)
    assert push_due(at=NOON, send=Receiver(204)) == 0


def test_the_page_adds_and_removes_and_shows_what_became_of_each(person, client):
    client.force_login(person)
    page = reverse("notices:hooks")
    assert client.post(page, {"url": URL, "topics": ["votes"]}).status_code == 302
    said()
    queue_due(at=NOON)
    push_due(at=NOON, send=Receiver(503))
    shown = client.get(page).content.decode()
    assert "status 503" in shown
    assert URL in shown
    assert client.post(page, {"url": "https://10.0.0.1/", "topics": ["votes"]}).status_code == 409
    hook = Hook.objects.get()
    assert client.post(reverse("notices:remove_hook", args=[hook.pk])).status_code == 302
    assert URL not in client.get(page).context["hooks"].values_list("url", flat=True)


def test_a_visitor_is_asked_to_sign_in(client):
    assert "login" in client.get(reverse("notices:hooks")).url


def test_a_hook_that_is_far_behind_is_brought_up_step_by_step(hook, monkeypatch):
    monkeypatch.setattr("notices.actions.hooks.AT_ONCE", 2)
    for _ in range(3):
        record(kind="vote.noticed", payload={"vote": "2026-01", "decision": "amend"}, by=None, at=NOON)
    said()
    assert [queue_due(at=NOON + timedelta(seconds=n)) for n in range(3)] == [2, 2, 0]
    hook.refresh_from_db()
    assert hook.told_up_to == position()
