"""Sign-in as people meet it: allauth's pages under our settings and our rule of the second factor."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse

from tests.factories import laboratory, representative

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _memory(settings):
    """Rate limits and used codes stay in this process."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sign-in"}}


@pytest.fixture
def ada():
    return representative(laboratory("aster"), name="Ada", password=PASSWORD)


def code(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def sign_in(client, person, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": person.email, "password": password})


def add_authenticator(client):
    """Prove the password once more, as allauth asks for before any change of factors, and add a TOTP authenticator."""
    assert "reauthenticate" in client.get(reverse("mfa_activate_totp"))["Location"]
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    assert secret in page.content.decode()
    assert client.post(reverse("mfa_activate_totp"), {"code": code(secret)}).status_code == 302


def test_nobody_signs_up_by_themselves(client):
    client.post(reverse("account_signup"), {"email": "eve@example.org", "password1": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_a_wrong_password_signs_nobody_in(client, ada):
    assert sign_in(client, ada, "wrong horse battery staple").status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_representative_adds_an_authenticator_and_then_needs_it(client, ada):
    assert sign_in(client, ada)["Location"] == "/me/"
    assert client.get(reverse("labs:desk", args=["aster"]))["Location"] == reverse("mfa_index")
    add_authenticator(client)
    assert client.get(reverse("labs:desk", args=["aster"])).status_code == 200
    client.post(reverse("account_logout"))
    assert sign_in(client, ada)["Location"].startswith(reverse("mfa_authenticate"))
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_signs_in_once(client, ada):
    sign_in(client, ada)
    add_authenticator(client)
    codes = re.findall(r"\b[0-9a-z]{8}\b", client.get(reverse("mfa_view_recovery_codes")).content.decode())
    unused = Authenticator.objects.get(user=ada, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    assert unused in codes
    for expected in (True, False):
        client.post(reverse("account_logout"))
        sign_in(client, ada)
        client.post(reverse("mfa_authenticate"), {"code": unused})
        assert ("_auth_user_id" in client.session) is expected


def test_removing_a_factor_asks_for_the_password_again_after_a_while(client, ada):
    sign_in(client, ada)
    add_authenticator(client)
    session = client.session
    session["account_authentication_methods"] = [
        {**method, "at": method["at"] - 1000} for method in session["account_authentication_methods"]
    ]
    session.save()
    assert "reauthenticate" in client.get(reverse("mfa_deactivate_totp"))["Location"]
    assert Authenticator.objects.filter(user=ada, type=Authenticator.Type.TOTP).exists()


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_reset_password",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "usersessions_list",
        "account_email",
        "account_change_password",
    ],
)
def test_the_pages_of_signing_in_have_nothing_inline(client, ada, name):
    if name not in {"account_login", "account_reset_password"}:
        sign_in(client, ada)
    page = client.get(reverse(name), follow=True)
    assert page.status_code == 200
    text = page.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=", text)
