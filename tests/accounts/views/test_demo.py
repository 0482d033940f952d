import pytest
from django.urls import reverse

from tests.factories import depositary, laboratory, representative

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def test_outside_the_demonstration_nobody_becomes_anybody(client):
    ada = representative()
    assert client.get(reverse("accounts:people")).status_code == 404
    assert client.post(reverse("accounts:become"), {"user": ada.pk}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_one_click_makes_the_visitor_that_person(client, demo):
    ada = representative(laboratory("aster"), name="Ada")
    page = client.get(reverse("accounts:people"))
    assert "This is a demonstration" in page.content.decode()
    answer = client.post(reverse("accounts:become"), {"user": ada.pk, "next": "/labs/"})
    assert (answer.status_code, answer["Location"]) == (302, "/labs/")
    assert client.session["_auth_user_id"] == str(ada.pk)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_becoming_somebody_never_leads_off_the_site(client, demo, target):
    answer = client.post(reverse("accounts:become"), {"user": depositary().pk, "next": target})
    assert answer["Location"] == "/me/"


@pytest.mark.parametrize("user", ["", "0", "x", "9" * 30, "-1", "١"])
def test_becoming_nobody_is_not_found(client, demo, user):
    assert client.post(reverse("accounts:become"), {"user": user}).status_code == 404


def test_becoming_somebody_takes_a_post_with_a_token(demo, client):
    ada = representative()
    client.handler.enforce_csrf_checks = True
    assert client.get(reverse("accounts:become")).status_code == 405
    assert client.post(reverse("accounts:become"), {"user": ada.pk}).status_code == 403
