import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.urls import reverse
from knox.models import AuthToken

from accounts.actions.people import invite
from accounts.links import invitation_link
from accounts.middleware import DEMO_MARK
from accounts.models import Membership, User
from accounts.rules.organisations import Role
from accounts.tasks import send_invitation
from tests.factories import NOON, laboratory, observer, representative, user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada(db):
    return representative(laboratory("aster"), name="Ada")


@pytest.fixture
def signed_in(client, ada):
    """Ada, with a second factor."""
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(ada)
    return client


@pytest.fixture
def still(time_machine):
    time_machine.move_to(NOON, tick=False)


def test_an_invited_person_accepts_through_the_mailed_link(client, ada, still):
    invitation = invite(
        email="grace@example.org", organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=ada, at=NOON
    )
    send_invitation(invitation_id=invitation.pk)
    link = re.search(r"http://\S+", mail.outbox[0].body)[0]
    assert mail.outbox[0].to == ["grace@example.org"]
    assert "Aster Institute asks" in client.get(link).content.decode()
    answer = client.post(link, {"name": "Grace", "password": PASSWORD, "again": PASSWORD})
    assert answer["Location"] == reverse("account_login")
    assert "can no longer be accepted" in client.get(link).content.decode()
    assert client.login(email="grace@example.org", password=PASSWORD)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Grace", "password": "short", "again": "short"},
        {"name": "Grace", "password": PASSWORD, "again": PASSWORD + "x"},
        {"name": "Gr\u200bace", "password": PASSWORD, "again": PASSWORD},
        {"name": "Grace", "password": "grace@example.org", "again": "grace@example.org"},
    ],
)
def test_a_weak_password_or_a_deceptive_name_makes_no_account(client, ada, still, form):
    invitation = invite(
        email="grace@example.org", organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=ada, at=NOON
    )
    assert client.post(invitation_link(invitation), form).status_code in {409, 422}
    assert not User.objects.filter(email="grace@example.org").exists()


def test_a_forged_link_is_not_found(client, ada, still):
    invitation = invite(
        email="grace@example.org", organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=ada, at=NOON
    )
    assert client.get(invitation_link(invitation)[:-3] + "xx/").status_code == 404


def test_a_representative_sees_and_invites_the_people_of_their_laboratory(signed_in):
    address = reverse("accounts:members", args=["aster"])
    assert "Ada" in signed_in.get(address).content.decode()
    assert signed_in.post(address, {"email": "grace@example.org", "role": "representative"}).status_code == 302
    assert "grace@example.org" in signed_in.get(address).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_people_of_a_rival_are_closed_to_a_representative(signed_in, method):
    representative(laboratory("borealis"))
    assert getattr(signed_in, method)(reverse("accounts:members", args=["borealis"])).status_code == 403


def test_ending_a_role_asks_first_and_then_ends_it(signed_in, ada):
    other = representative(laboratory("aster"), name="Other").memberships.get()
    address = reverse("accounts:end_membership", args=[other.pk])
    assert signed_in.get(address).status_code == 200
    assert Membership.objects.get(pk=other.pk).until_at is None
    assert signed_in.post(address).status_code == 302
    assert Membership.objects.get(pk=other.pk).until_at is not None


def test_the_last_representative_is_told_to_name_a_successor(signed_in, ada):
    answer = signed_in.post(reverse("accounts:end_membership", args=[ada.memberships.get().pk]))
    assert answer.status_code == 409
    assert "Appoint a successor first" in answer.content.decode()


def test_a_token_is_shown_once_kept_as_a_hash_and_works_until_revoked(signed_in, ada):
    page = signed_in.post(reverse("accounts:tokens"), {"name": "CI", "days": "30"})
    clear = re.search(r'<code class="hash box">(\w+)</code>', page.content.decode())[1]
    token = AuthToken.objects.get(user=ada)
    assert page["Cache-Control"] == "no-store"
    assert clear not in (token.digest, token.token_key)
    listed = signed_in.get(reverse("accounts:tokens")).content.decode()
    assert "CI" in listed
    assert clear not in listed
    signed_in.post(reverse("accounts:revoke_token"), {"token": token.digest})
    assert not AuthToken.objects.exists()


def test_a_token_of_somebody_else_is_not_revoked(signed_in):
    token, _clear = AuthToken.objects.create(user("Other"))
    signed_in.post(reverse("accounts:revoke_token"), {"token": token.digest})
    assert AuthToken.objects.filter(pk=token.pk).exists()


def test_without_a_second_factor_a_representative_reads_but_does_not_act(client, ada):
    client.force_login(ada)
    assert client.get(reverse("mfa_index")).status_code in {200, 302}
    for method in ("get", "post"):
        answer = getattr(client, method)(reverse("accounts:tokens"))
        assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_index"))
    assert not AuthToken.objects.exists()


def test_an_observer_needs_no_second_factor(client):
    client.force_login(observer())
    assert client.get(reverse("accounts:tokens")).status_code == 200


def test_a_factor_removed_in_mid_session_stops_acting_at_once(signed_in, ada):
    assert signed_in.get(reverse("accounts:tokens")).status_code == 200
    Authenticator.objects.filter(user=ada).delete()
    assert signed_in.get(reverse("accounts:tokens")).status_code == 302


def test_a_person_assumed_in_the_demonstration_counts_as_having_a_factor(client, ada, settings):
    settings.DEMO = True
    client.post(reverse("accounts:become"), {"user": ada.pk, "next": "/"})
    assert client.get(reverse("accounts:tokens")).status_code == 200


def test_the_mark_of_the_demonstration_means_nothing_elsewhere(client, ada):
    client.force_login(ada)
    session = client.session
    session[DEMO_MARK] = ada.pk
    session.save()
    assert client.get(reverse("accounts:tokens")).status_code == 302
