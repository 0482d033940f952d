import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from inspections.models import Availability, Designation, Mandate
from tests import factories
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


@pytest.fixture
def still():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def ivb():
    factories.text()
    factories.accreditations("ivb", "nordic")
    return factories.body("ivb")


@pytest.fixture
def enter(client):
    def _enter(person):
        Authenticator.objects.get_or_create(
            user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
        )
        client.force_login(person)
        return client

    return _enter


def address(name, body, *more):
    return reverse(f"inspections:{name}", args=[body.key, *more])


def test_an_officer_designates_an_inspector_once(ivb, enter):
    person = factories.inspector(ivb)
    client = enter(factories.officer(ivb))
    path = address("designate", ivb, person.handle)
    for _ in range(2):
        assert client.post(path).status_code == 302
    assert Designation.objects.get().user == person
    assert person.name in client.get(address("body", ivb)).content.decode()


def test_another_bodys_officer_designates_nobody(ivb, enter):
    person = factories.inspector(ivb)
    client = enter(factories.officer(factories.body("nordic")))
    assert client.post(address("designate", ivb, person.handle)).status_code == 403
    assert not Designation.objects.exists()


def test_only_the_depositary_enters_a_mandate(ivb, enter):
    path = address("mandate", ivb)
    assert enter(factories.officer(ivb)).post(path, {"layers": ["chips"]}).status_code == 403
    assert not Mandate.objects.exists()
    assert enter(factories.depositary()).post(path, {"layers": ["chips", "power"]}).status_code == 302
    assert Mandate.objects.get().layers == ["chips", "power"]


def test_a_layer_that_the_text_does_not_know_is_refused(ivb, enter):
    assert enter(factories.depositary()).post(address("mandate", ivb), {"layers": ["souls"]}).status_code == 422
    assert not Mandate.objects.exists()


def test_an_inspector_states_availability_and_a_period_that_ends_before_it_begins_is_refused(ivb, enter):
    person = factories.inspector(ivb)
    enter(factories.officer(ivb)).post(address("designate", ivb, person.handle))
    client, path = enter(person), address("availability", ivb, person.handle)
    wrong = client.post(path, {"from_at": "2026-12-02 08:00", "until_at": "2026-12-01 08:00"})
    assert wrong.status_code == 409
    assert "ends after it begins" in wrong.content.decode()
    assert client.post(path, {"from_at": "2026-12-01 08:00", "until_at": "2026-12-02 08:00"}).status_code == 302
    assert Availability.objects.count() == 1


def test_the_public_sees_how_many_inspectors_there_are_and_no_name(ivb, client):
    factories.designation(ivb, person=factories.inspector(ivb, name="Secret Person"))
    page = client.get(address("body", ivb)).content.decode()
    assert "1 designated inspector" in page
    assert "Secret Person" not in page


def test_the_page_asks_the_database_as_often_for_thirty_inspectors_as_for_three(
    ivb, client, django_assert_max_num_queries
):
    for number in range(30):
        factories.designation(ivb, person=factories.inspector(ivb, name=f"Person {number}"))
    with django_assert_max_num_queries(14):
        client.get(address("body", ivb))
