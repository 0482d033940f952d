import base64
import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from accounts.rules.statements import Purpose
from ledger.rules.notes import Note, VerifierKey
from tests import factories as make
from tests.signing import Voter, enrolled, log, with_root
from treaty.actions.orders import issue_due
from treaty.models import OrderAcknowledgement, OrderEndpoint
from treaty.queries.orders import newest_order
from treaty.rules import orders as rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "SIGNER_DIR": tmp_path / "signer"}


@pytest.fixture
def order():
    now = timezone.now()
    make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"), effective_at=now - timedelta(hours=1))
    issue_due(at=now)
    return newest_order("aster")


def representative(client, lab="aster"):
    person = make.representative(make.laboratory(lab))
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
    client.force_login(person)
    return person


def test_the_stable_address_gives_the_signed_note_to_everybody(client, order):
    answer = client.get("/labs/aster/order")
    key = VerifierKey.parse(client.get("/orders/key").content.decode().strip())
    assert key in Note.parse(answer.content).verified([key])
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert (answer["ETag"], answer["Access-Control-Allow-Origin"]) == (f'"{order.hash}"', "*")


@pytest.mark.parametrize("address", ["/labs/aster/order", "/api/v1/labs/aster/order"])
def test_who_has_the_order_is_answered_304_in_one_query(client, order, address, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get(address, headers={"If-None-Match": f'"{order.hash}"'})
    assert (answer.status_code, answer.content, answer["Access-Control-Allow-Origin"]) == (304, b"", "*")
    assert client.get(address, headers={"If-None-Match": '"0"'}).status_code == 200


@pytest.mark.parametrize("address", ["/labs/fjord/order", "/api/v1/labs/fjord/order", "/labs/none/order"])
def test_without_an_order_there_is_none(client, order, address):
    assert client.get(address).status_code == 404


def test_before_the_first_order_there_is_no_key(client, db):
    assert client.get("/orders/key").status_code == 404


def test_the_api_gives_document_note_and_keys(client, order):
    answer = client.get("/api/v1/labs/aster/order").json()
    assert answer["document"] == json.loads(Note.parse(answer["note"]).text)
    assert answer["order"] == order.hash
    assert base64.b64decode(answer["webhook_key"].removeprefix("whpk_")) == VerifierKey.parse(answer["key"]).key


def test_a_token_of_a_representative_acknowledges(client, order):
    _, token = AuthToken.objects.create(make.representative(make.laboratory("aster")))
    address = reverse("treaty:api_acknowledgement", args=["aster"])
    answer = client.post(
        address, {"order": order.hash}, content_type="application/json", headers={"Authorization": f"Token {token}"}
    )
    assert (answer.status_code, answer.json()["sequence"]) == (201, order.sequence)
    assert "acknowledged" in client.get("/labs/aster/orders/").content.decode()


def test_a_machine_acknowledges_with_its_key_alone(client, order):
    machine = Voter()
    enrolled(machine, with_root())
    statement = rules.acknowledgement(order.hash, lab="aster", log=log())
    body = {
        "order": order.hash,
        "by_key": machine.id,
        "signature": machine.signature(Purpose.ACKNOWLEDGEMENT, statement),
    }
    address = reverse("treaty:api_acknowledgement", args=["aster"])
    assert client.post(address, body, content_type="application/json").status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"order": "x"}, 400), ({"order": "0" * 64}, 404), ({"order": "0" * 64, "lab": "elbe"}, 400)],
)
def test_an_acknowledgement_that_cannot_be_is_refused(client, order, body, status):
    address = reverse("treaty:api_acknowledgement", args=["aster"])
    assert client.post(address, body, content_type="application/json").status_code == status
    assert not OrderAcknowledgement.objects.exists()


def test_nobody_acknowledges_without_authority(client, order):
    address = reverse("treaty:api_acknowledgement", args=["aster"])
    assert client.post(address, {"order": order.hash}, content_type="application/json").status_code == 403
    assert not OrderAcknowledgement.objects.exists()


def test_the_page_says_what_is_held_and_what_is_not(client, order):
    page = client.get("/labs/aster/orders/").content.decode()
    assert "held above 10<sup>24</sup> FLOP" in page
    assert "not limited" in page
    assert "fermata gate" in page
    assert "Pushed to" not in page


def test_a_laboratory_without_an_order_has_a_page_that_says_so(client, db):
    make.laboratory("fjord")
    assert "No order has been issued" in client.get("/labs/fjord/orders/").content.decode()


def test_the_page_asks_as_many_queries_however_long_the_history(client, order, django_assert_max_num_queries):
    for hour in range(1, 40):
        issue_due(at=timezone.now() + timedelta(hours=6 * hour))
    with django_assert_max_num_queries(12):
        client.get("/labs/aster/orders/")


def test_a_representative_names_an_address_and_takes_it_away(client, order):
    representative(client)
    add = reverse("treaty:add_endpoint", args=["aster"])
    assert client.post(add, {"url": "https://hooks.example.com/in"}).status_code == 302
    page = client.get("/labs/aster/orders/").content.decode()
    assert "https://hooks.example.com/in" in page
    assert "On its way" in page
    endpoint = OrderEndpoint.objects.get()
    assert client.post(reverse("treaty:remove_endpoint", args=["aster", endpoint.pk])).status_code == 302
    assert OrderEndpoint.objects.get().removed_at


def test_an_address_inward_is_refused_with_its_reason_and_kept_in_the_form(client, order):
    representative(client)
    answer = client.post(reverse("treaty:add_endpoint", args=["aster"]), {"url": "https://127.0.0.1/in"})
    assert answer.status_code == 409
    assert "Name a host by its domain" in answer.content.decode()
    assert "https://127.0.0.1/in" in answer.content.decode()
    assert not OrderEndpoint.objects.exists()


def test_a_rival_sees_no_address_and_names_none(client, order):
    OrderEndpoint.objects.create(
        organisation=make.laboratory("aster"), url="https://hooks.example.com/secret",
        added_by=make.representative(make.laboratory("aster")), added_at=timezone.now(),
    )  # fmt: skip
    representative(client, "borealis")
    assert "hooks.example.com" not in client.get("/labs/aster/orders/").content.decode()
    assert (
        client.post(reverse("treaty:add_endpoint", args=["aster"]), {"url": "https://a.example.com/"}).status_code
        == 403
    )
    assert client.post(reverse("treaty:remove_endpoint", args=["aster", 1])).status_code == 403
    assert OrderEndpoint.objects.get().removed_at is None
