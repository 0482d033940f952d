from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from labs.models import Quarantine
from ledger.models import Entry
from tests import factories as make
from tests.conftest import NOON
from treaty.queries.tasks import tasks_for

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock():
    cache.clear()
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def held():
    make.text()
    make.accreditations()
    reading = make.reading("ai_research_share", of=make.laboratory(), value="0.9", unit="share", observed_at=NOON)
    return Quarantine.objects.create(
        reading=reading, reasons=["0.9 is 9 times the largest value before it."], opened_at=NOON
    )


def enter(client, person):
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    return client


def kinds():
    return list(Entry.objects.filter(kind__startswith="quarantine.").order_by("pk").values_list("kind", flat=True))


def test_the_public_reads_why_and_is_offered_no_review(client, held):
    page = client.get("/quarantine/").content.decode()
    assert "9 times the largest value" in page
    assert f"/quarantine/{held.reading_id}/" not in page


def test_without_any_the_page_says_so(client):
    make.text()
    assert "No reading is in quarantine." in client.get("/quarantine/").content.decode()


def test_two_people_review_it_and_it_counts_from_the_second_word_on(client, held):
    address = f"/quarantine/{held.reading_id}/"
    officer, depositary = make.officer(make.body("ivb")), make.depositary()
    for person in (officer, depositary):
        assert any(task.url == address for task in tasks_for(person, LATER))
    enter(client, officer)
    assert "first of two people" in client.get(address).content.decode()
    assert client.post(address).status_code == 302
    assert not any(task.url == address for task in tasks_for(officer, LATER))
    assert kinds() == ["quarantine.reviewed"]
    enter(client, depositary)
    assert "One of two" in client.get("/quarantine/").content.decode()
    client.post(address)
    held.refresh_from_db()
    assert held.lifted_at == LATER
    assert kinds() == ["quarantine.reviewed", "quarantine.lifted"]
    assert client.get(address).status_code == 404


def test_the_first_reviewer_is_not_the_second(client, held):
    enter(client, make.officer(make.body("ivb")))
    address = f"/quarantine/{held.reading_id}/"
    client.post(address)
    assert "you are the first of them" in client.post(address).content.decode()
    held.refresh_from_db()
    assert held.lifted_at is None
    assert kinds() == ["quarantine.reviewed"]


def test_a_laboratorys_representative_is_refused(client, held):
    enter(client, make.representative(make.laboratory()))
    assert client.post(f"/quarantine/{held.reading_id}/").status_code == 403
    assert kinds() == []


def test_a_reading_that_a_newer_version_replaced_is_not_asked_about(held):
    make.reading("ai_research_share", of=make.laboratory(), value="0.2", unit="share", series=held.reading.series)
    assert not any("/quarantine/" in task.url for task in tasks_for(make.officer(make.body("ivb")), LATER))
