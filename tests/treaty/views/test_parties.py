from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Membership
from accounts.rules.organisations import Role
from core.times import stamp
from ledger.models import Entry
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
    suspension,
    text,
)
from tests.texts import model_text
from treaty.actions.parties import give_withdrawal_notice, revoke_withdrawal_notice
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


def of_api(client, **asked):
    answer = client.get("/api/v1/parties/", asked)
    assert answer.status_code == 200, answer.content
    return {row["key"]: row for row in answer.json()["results"]}


def test_programs_read_both_annexes_and_choose_by_kind_status_and_country(client):
    assert of_api(client) == {}  # before any text
    parties("aster")
    accreditation(body("ivb"), accepted_at=NOON)
    found = of_api(client)
    assert (found["aster"]["status"], found["aster"]["bound_at"]) == ("party", "2026-01-01T00:00:00Z")
    assert (found["ivb"]["status"], found["ivb"]["mandate_accepted_at"]) == ("accredited", "2026-11-22T12:00:00Z")
    assert set(of_api(client, kind="body")) == {row["key"] for row in found.values() if row["kind"] == "body"}
    assert set(of_api(client, status="party")) == {"aster"}
    assert "aster" in of_api(client, jurisdiction="CA", kind="laboratory")
    for asked in ({"at": "soon"}, {"at": "2030-01-01"}, {"at": "2020-01-01"}, {"lab": "aster"}):
        refused = client.get("/api/v1/parties/", asked)
        assert (refused.status_code, list(refused.json()["fields"])) == (400, list(asked))


def test_a_party_of_a_past_instant_has_nothing_that_came_later_even_if_it_was_taken_back(client, time_machine):
    day = timedelta(days=1)
    Entry.objects.create(kind="log.opened", at=LONG_AGO, data=b"{}", subjects=[])
    aster = party(laboratory("aster"), ratified_at=LONG_AGO + day, bound_at=LONG_AGO + 31 * day)
    ada = representative(aster.organisation)
    give_withdrawal_notice(party=aster, events="Events.", by=ada, at=NOON)
    revoke_withdrawal_notice(party=aster, by=ada, at=NOON + day)
    suspension("aster", from_at=NOON + 2 * day)
    time_machine.move_to(NOON + 9 * day, tick=False)

    def then(at):
        row = of_api(client, at=stamp(at))["aster"]
        figure = client.get("/figures/annex.json", {"at": stamp(at)}).json()["rows"][0]
        assert all(figure[name] == row[name] for name in ("status", "bound_at", "withdrawal_effective_at"))
        return row["status"], row["ratified_at"], row["withdrawal_effective_at"], len(row["suspensions"])

    ratified = stamp(LONG_AGO + day)
    assert then(LONG_AGO) == ("signatory", None, None, 0)
    assert then(LONG_AGO + 40 * day) == ("party", ratified, None, 0)
    assert then(NOON) == ("withdrawing", ratified, "2027-11-22T12:00:00Z", 0)
    assert then(NOON + day) == ("party", ratified, None, 0)
    assert then(NOON + 2 * day) == ("suspended", ratified, None, 1)
