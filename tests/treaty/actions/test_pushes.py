import json
from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import NotAllowed
from ledger.models import Entry
from ledger.rules.notes import Note
from tests import factories as make
from tests.factories import NOON
from treaty.actions.orders import issue_due
from treaty.actions.pushes import (
    MOST_ENDPOINTS,
    EndpointRefused,
    add_endpoint,
    claim_due,
    push_due,
    remove_endpoint,
)
from treaty.models import OrderDelivery, OrderEndpoint, OrderKey
from treaty.queries.orders import newest_order
from treaty.signer import order_signer
from treaty.views.orders import webhook_key
from web.deliveries import WAITS
from web.egress import EgressRefused, Unanswered

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/in"


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "SIGNER_DIR": tmp_path / "signer"}


@pytest.fixture
def endpoint():
    make.parties("aster", "borealis")
    return add(URL)


def add(url, by="aster"):
    lab = make.laboratory("aster")
    return add_endpoint(organisation=lab, url=url, by=make.representative(make.laboratory(by)), at=NOON)


class Receiver:
    """What arrives, and what is answered, the last answer again and again."""

    def __init__(self, *answers):
        self.answers, self.got = list(answers), []

    def __call__(self, url, body, headers):
        self.got.append((url, body, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def after(**length):
    return NOON + timedelta(**length)


def verified(headers, body, key):
    """As the specification of Standard Webhooks says for asymmetric signatures; its Python library knows v1 only."""
    version, signature = headers["webhook-signature"].split(",")
    public = Ed25519PublicKey.from_public_bytes(b64decode(key.removeprefix("whpk_")))
    public.verify(b64decode(signature), f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body)
    return version == "v1a"


def test_an_order_is_pushed_once_as_a_standard_webhook(endpoint):
    issue_due(at=NOON)
    receiver = Receiver(204)
    assert push_due(at=NOON, send=receiver) == 1
    assert push_due(at=after(hours=1), send=receiver) == 0
    [(url, body, headers)] = receiver.got
    assert url == URL
    order = newest_order("aster")
    assert json.loads(body)["data"] == {"lab": "aster", "sequence": 1, "order": order.hash, "note": order.note}
    key = order_signer().key.verifier
    assert key in Note.parse(json.loads(body)["data"]["note"]).verified([key])
    assert verified(headers, body, webhook_key(OrderKey.objects.get()))
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (
        f"msg_{order.hash[:40]}",
        str(int(NOON.timestamp())),
    )
    with pytest.raises(InvalidSignature):
        verified(headers, body + b" ", webhook_key(OrderKey.objects.get()))


def test_what_does_not_arrive_is_tried_again_after_longer_and_longer_waits(endpoint):
    issue_due(at=NOON)
    receiver, at = Receiver(500), NOON
    for wait in WAITS:
        assert push_due(at=at, send=receiver) == 1
        assert push_due(at=at + wait - timedelta(seconds=1), send=receiver) == 0
        at += wait
    assert push_due(at=at, send=receiver) == 1
    assert push_due(at=at + timedelta(days=1), send=receiver) == 0
    delivery = OrderDelivery.objects.get()
    assert (delivery.attempts, delivery.next_at, delivery.outcome) == (len(WAITS) + 1, None, "status 500")
    assert len({headers["webhook-id"] for _, _, headers in receiver.got}) == 1


@pytest.mark.parametrize("answer", [Unanswered("timed out"), EgressRefused(), 301, 404])
def test_an_attempt_that_fails_says_why(endpoint, answer):
    issue_due(at=NOON)
    push_due(at=NOON, send=Receiver(answer))
    delivery = OrderDelivery.objects.get()
    assert delivery.outcome
    assert delivery.delivered_at is None
    assert delivery.next_at == NOON + WAITS[0]


def test_an_address_that_says_that_it_is_gone_is_removed(endpoint):
    issue_due(at=NOON)
    push_due(at=NOON, send=Receiver(410))
    assert OrderEndpoint.objects.get().removed_at == NOON


def test_the_next_order_overtakes_what_still_waits(endpoint):
    issue_due(at=NOON)
    push_due(at=NOON, send=Receiver(500))
    issue_due(at=after(hours=6))
    receiver = Receiver(204)
    assert push_due(at=after(hours=6), send=receiver) == 1
    assert json.loads(receiver.got[0][1])["data"]["sequence"] == 2
    first = OrderDelivery.objects.get(order__sequence=1)
    assert (first.next_at, first.outcome) == (None, "a newer order overtook it")


def test_a_worker_that_dies_while_it_sends_gives_the_delivery_back(endpoint):
    issue_due(at=NOON)
    assert len(claim_due(at=NOON)) == 1
    assert claim_due(at=after(seconds=59)) == []
    assert push_due(at=after(seconds=60), send=Receiver(204)) == 1
    assert OrderDelivery.objects.get().attempts == 2


def test_the_newest_order_goes_to_a_new_address_at_once():
    make.parties("aster")
    issue_due(at=NOON)
    add(URL)
    assert push_due(at=NOON, send=Receiver(204)) == 1


def test_an_address_is_named_once_and_not_without_end(endpoint):
    assert add(URL) == endpoint
    for number in range(1, MOST_ENDPOINTS):
        add(f"{URL}/{number}")
    with pytest.raises(EndpointRefused):
        add(f"{URL}/one-more")
    assert OrderEndpoint.objects.count() == MOST_ENDPOINTS


def test_nothing_goes_to_an_address_that_was_removed(endpoint):
    issue_due(at=NOON)
    remove_endpoint(endpoint=endpoint, by=make.representative(make.laboratory("aster")), at=NOON)
    assert push_due(at=after(hours=1), send=Receiver(204)) == 0
    issue_due(at=after(hours=6))
    assert OrderDelivery.objects.count() == 1


def test_an_address_inward_is_refused_and_so_is_a_rival(endpoint):
    with pytest.raises(EgressRefused):
        add("https://169.254.169.254/")
    with pytest.raises(NotAllowed):
        add(f"{URL}/rival", by="borealis")
    with pytest.raises(NotAllowed):
        remove_endpoint(endpoint=endpoint, by=make.representative(make.laboratory("borealis")), at=NOON)
    assert OrderEndpoint.objects.get().removed_at is None


def test_addresses_leave_no_entry(endpoint):
    assert not Entry.objects.exists()
