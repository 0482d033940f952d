import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import factories
from tests.conftest import NOON
from tests.texts import model_text
from treaty.actions.amendments import propose_amendment
from treaty.models import Amendment

pytestmark = pytest.mark.django_db

NEXT = model_text().replace(b"\nversion: 1\n", b"\nversion: 2\n").replace(b"answer_within: 5 d", b"answer_within: 7 d")


@pytest.fixture(autouse=True)
def at_noon(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    factories.parties()
    factories.accreditations()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def ada(client):
    person = factories.representative(factories.laboratory("aster"))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client.force_login(person)
    return person


def propose(person):
    return propose_amendment(
        source=NEXT, title="A week to answer", question="Shall it?", requester=factories.laboratory("aster"),
        by=person, at=NOON,
    )  # fmt: skip


def upload(client, source=NEXT, **fields):
    fields = {"organisation": "aster", "title": "A week to answer", "question": "Shall it be so?"} | fields
    return client.post("/treaty/amendments/new/", {"file": SimpleUploadedFile("next.yaml", source), **fields})


def test_the_page_shows_each_number_and_word_that_changes_with_both_sides(client, ada):
    amendment = propose(ada)
    page = client.get(f"/treaty/amendments/{amendment.key}/").content.decode()
    assert "<del>5 d</del>" in page
    assert "<ins>7 d</ins>" in page
    assert "clarification.answer_within" in page
    assert 'id="article-19"' in page
    assert f"/votes/{amendment.vote.key}/" in page


def test_the_same_as_data(client, ada):
    amendment = propose(ada)
    found = client.get(f"/api/v1/amendments/{amendment.key}/").json()
    assert found["provisions"] == [["clarification.answer_within", "5 d", "7 d"]]
    assert client.get(found["source"]).content == NEXT


def test_the_list_is_empty_before_the_first_and_links_it_after(client, ada):
    assert b"No amendment has been proposed." in client.get("/treaty/amendments/").content
    amendment = propose(ada)
    assert f"/treaty/amendments/{amendment.key}/" in client.get("/treaty/amendments/").content.decode()


def test_checking_shows_what_changes_and_keeps_nothing(client, ada):
    response = upload(client, check="1")
    assert response.status_code == 200
    assert b"<ins>7 d</ins>" in response.content
    assert Amendment.objects.count() == 0


def test_proposing_leads_to_the_amendment(client, ada):
    response = upload(client)
    amendment = Amendment.objects.get()
    assert response.headers["Location"] == f"/treaty/amendments/{amendment.key}/"


def test_a_mistake_is_named_by_its_line_and_nothing_is_kept(client, ada):
    response = upload(client, NEXT.replace(b"answer_within: 7 d", b"answer_within: soon"))
    assert response.status_code == 422
    assert b"clarification.answer_within" in response.content
    assert Amendment.objects.count() == 0


def test_who_may_ask_for_no_vote_sees_no_form(client):
    stranger = factories.representative(factories.laboratory("stranger"))
    Authenticator.objects.create(user=stranger, type=Authenticator.Type.TOTP, data={})
    client.force_login(stranger)
    assert upload(client).status_code == 403
    assert b"/treaty/amendments/new/" not in client.get("/treaty/amendments/").content
    assert Amendment.objects.count() == 0
