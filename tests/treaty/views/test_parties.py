import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Membership
from accounts.rules.organisations import Role
from tests.factories import (
    LONG_AGO,
    NOON,
    accreditation,
    body,
    depositary,
    laboratory,
    officer,
    parties,
    party,
    representative,
    text,
)
from tests.texts import model_text
from treaty.actions.texts import publish_text
from treaty.models import Accreditation, Party
from treaty.queries.tasks import tasks_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still(time_machine, settings):
    """Noon, and a cache of this test's own: rows made by hand do not move the record's position."""
    time_machine.move_to(NOON, tick=False)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


@pytest.fixture
def sign_in(client):
    def as_person(person):
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
        client.force_login(person)
        return client

    return as_person


@pytest.fixture
def open_text(db):
    return publish_text(source=model_text(), by=depositary(), at=NOON)


def url(name, key):
    return reverse(f"treaty:{name}", args=[key])


def listed(client):
    answer = client.get(reverse("treaty:parties"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_text_the_page_says_so(client):
    assert "No treaty text has been published yet." in listed(client)


def test_before_entry_into_force_the_page_says_what_is_missing(client, open_text):
    page = listed(client)
    assert "Ratifications: 0; at least 5 are needed" in page
    assert "5 more" in page
    assert "Missing: aster, borealis, cobalt" in page
    assert page.count("Not signed") == 8


def test_in_force_the_page_lists_parties_and_bodies(client):
    parties()
    accreditation()
    page = listed(client)
    assert "The Treaty is in force since" in page
    assert page.count(">Party</span>") == 8
    assert page.count("Mandate accepted") == 1


def test_a_representative_signs_and_ratifies_on_the_pages(open_text, sign_in):
    aster = laboratory("aster")
    client = sign_in(representative(aster))
    assert url("sign", "aster") in listed(client)
    form = client.get(url("sign", "aster")).content.decode()
    assert open_text.sha256 in form
    answer = client.post(url("sign", "aster"), {"sha256": open_text.sha256, "confirmed": "on"})
    assert answer["Location"] == reverse("treaty:parties")
    assert url("ratify", "aster") in listed(client)
    client.post(url("ratify", "aster"), {"confirmed": "on"})
    assert Party.objects.get().ratified_at == NOON
    assert "Ratified, not yet in force" in listed(client)


def test_an_act_that_was_not_confirmed_is_not_done(open_text, sign_in):
    client = sign_in(representative(laboratory("aster")))
    answer = client.post(url("sign", "aster"), {"sha256": open_text.sha256})
    assert (answer.status_code, Party.objects.count()) == (422, 0)


def test_a_text_that_changed_meanwhile_is_refused_on_the_form(open_text, sign_in):
    client = sign_in(representative(laboratory("aster")))
    answer = client.post(url("sign", "aster"), {"sha256": "0" * 64, "confirmed": "on"})
    assert (answer.status_code, Party.objects.count()) == (409, 0)
    assert "Read it again before you sign" in answer.content.decode()


@pytest.mark.parametrize("name", ["sign", "ratify", "withdraw", "revoke_withdrawal", "accept_mandate"])
def test_somebody_elses_representative_is_refused(name, sign_in):
    party(laboratory("aster"))
    client = sign_in(representative(laboratory("elbe")))
    for answer in (client.get(url(name, "aster")), client.post(url(name, "aster"), {"confirmed": "on"})):
        assert answer.status_code == 403


@pytest.mark.parametrize("name", ["sign", "ratify", "withdraw", "revoke_withdrawal", "accept_mandate"])
def test_whoever_is_not_signed_in_is_led_to_the_sign_in(client, name):
    party(laboratory("aster"))
    answer = client.get(url(name, "aster"))
    assert answer["Location"] == f"{reverse('account_login')}?next={url(name, 'aster')}"


def test_notice_is_given_and_revoked_on_the_pages(sign_in):
    aster = party(laboratory("aster"))
    client = sign_in(representative(aster.organisation))
    refused = client.post(url("withdraw", "aster"), {"confirmed": "on", "events": ""})
    assert refused.status_code == 422
    client.post(url("withdraw", "aster"), {"confirmed": "on", "events": "Events."})
    page = listed(client)
    assert "Party, notice of withdrawal given" in page
    client.post(url("revoke_withdrawal", "aster"), {"confirmed": "on"})
    aster.refresh_from_db()
    assert aster.withdrawal_noticed_at is None


def test_an_officer_accepts_the_mandate_of_a_body(open_text, sign_in):
    client = sign_in(officer(body("ivb")))
    client.post(url("accept_mandate", "ivb"), {"sha256": open_text.sha256, "confirmed": "on"})
    assert Accreditation.objects.get().organisation.key == "ivb"


def test_the_list_costs_as_many_queries_for_one_party_as_for_eight(client, django_assert_max_num_queries):
    text()
    party(laboratory("aster"))
    listed(client)
    for _ in range(2):
        with django_assert_max_num_queries(11):
            listed(client)
        parties()


def test_the_list_is_there_to_take_away(client):
    parties("aster")
    rows = client.get("/figures/annex.csv").content.decode().split("\r\n")
    assert rows[0].startswith("lab,name,jurisdiction,status,signed_at")
    assert rows[1] == "aster,Aster Institute,CA,party,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,"
    listed_parties = client.get("/figures/annex.json").json()["rows"]
    assert [it["status"] for it in listed_parties] == ["party"] + ["not_signed"] * 7


def test_the_people_of_an_organisation_are_asked_for_what_is_still_open(open_text):
    ada, bo = representative(laboratory("aster")), officer(body("ivb"))

    def asked(person):
        return [task.url for task in tasks_for(person, NOON)]

    assert (asked(ada), asked(bo)) == ([url("sign", "aster")], [url("accept_mandate", "ivb")])
    party(laboratory("aster"), under=open_text, ratified_at=None, bound_at=None)
    accreditation(body("ivb"), accepted_at=NOON)
    assert (asked(ada), asked(bo)) == ([url("ratify", "aster")], [])


def test_whoever_acts_for_a_party_is_still_asked_to_sign_for_another_organisation():
    parties("aster")
    ada = representative(laboratory("aster"))
    Membership.objects.create(user=ada, organisation=laboratory("borealis"), role=Role.REPRESENTATIVE, from_at=LONG_AGO)
    assert [task.url for task in tasks_for(ada, NOON)] == [url("sign", "borealis")]


def test_a_statement_with_markup_is_shown_as_text(client):
    party(
        laboratory("aster"),
        withdrawal_noticed_at=NOON,
        withdrawal_effective_at=NOON.replace(year=2027),
        withdrawal_statement="<script>alert(1)</script>{{7*7}}",
    )
    page = listed(client)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page
