import csv
import io
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from labs.models import Reading
from ledger.models import Entry
from tests import factories
from tests.factories import NOON
from treaty.importers import SOURCES
from treaty.rules.readings import COLUMNS

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def world(time_machine, db):
    time_machine.move_to(NOON, tick=False)
    cache.clear()
    factories.text()
    factories.parties()
    factories.accreditations()


@pytest.fixture
def sign_in(client):
    def as_person(person):
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
        client.force_login(person)
        return client

    return as_person


def url(name, *key, **query):
    return reverse(f"treaty:{name}", args=key) + ("?" + "&".join(f"{a}={b}" for a, b in query.items()) if query else "")


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def share(lab, value="0.42", **fields):
    return factories.reading(
        "ai_research_share",
        of=factories.laboratory(lab),
        value=value,
        unit="share",
        observed_at=fields.pop("observed_at", NOON - DAY),
        source=fields.pop("source", "declared"),
        provider=lab,
        **fields,
    )


def sent(**fields):
    return {
        "subject": "declared:aster:aster",
        "value": "0.42",
        "unit": "share",
        "observed_at": "2026-11-21T12:00:00Z",
        **fields,
    }


def test_the_list_has_every_indicator_with_its_newest_reading(client):
    share("aster")
    found = page(client, url("indicators"))
    assert "Share of the laboratory&#x27;s merged code that AI wrote" in found
    assert "0.42" in found


def test_an_indicator_shows_definition_readings_and_triggers(client):
    share("aster")
    found = page(client, url("indicator", "ai_research_share"))
    assert "45 days" in found
    assert "Verified by a monitoring body, Declared by the laboratory" in found
    assert "Code written by AI above four fifths" in found
    assert "threshold 0.8" in found


def test_the_readings_of_one_lab_can_be_chosen(client):
    share("aster", "0.42"), share("borealis", "0.73")
    assert "0.73" not in page(client, url("indicator", "ai_research_share", lab="aster"))
    assert client.get(url("indicator", "ai_research_share", lab="nobody")).status_code == 404


def test_an_indicator_that_the_text_does_not_have_is_not_found(client):
    assert client.get(url("indicator", "nothing")).status_code == 404
    for form in ("csv", "json", "svg", "metadata.json"):
        assert client.get(f"/figures/indicator/nothing.{form}").status_code == 404


def test_a_missing_month_is_a_gap_in_the_chart(client):
    for number in (0, 1, 2, 60, 61):
        factories.reading(
            "ai_commit_share", value="0.04", unit="share", observed_at=NOON - number * DAY, received_at=NOON
        )
    assert 'class="gap"' in page(client, url("indicator", "ai_commit_share"))


def test_what_is_taken_away_can_be_read_by_our_own_parser(client):
    share("aster", "0.42", series="aster:1")
    share("aster", "0.44", series="aster:1")
    share("aster", "0.5", series="=cmd()")
    answer = client.get("/figures/indicator/ai_research_share.csv")
    text = answer.content.decode()
    assert "'=cmd()" in text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["value"], row["version"]) for row in rows[:2]] == [("0.42", "1"), ("0.44", "2")]
    kept = [{column: row[column] for column in COLUMNS} for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(kept)
    read = list(SOURCES["csv"](out.getvalue().encode()))
    assert [row.version for row in read] == [1, 2, 1]


def test_the_json_has_every_version(client):
    share("aster", "0.42", series="aster:1"), share("aster", "0.44", series="aster:1")
    readings = client.get("/figures/indicator/ai_research_share.json").json()["rows"]
    assert [one["version"] for one in readings] == [1, 2]


def test_a_representative_submits_a_reading_with_one_entry(sign_in):
    client = sign_in(factories.representative(factories.laboratory("aster")))
    assert "Submit a reading" in page(client, url("indicator", "ai_research_share"))
    answer = client.post(url("submit_reading", "ai_research_share"), sent())
    assert (answer.status_code, answer["Location"]) == (302, url("indicator", "ai_research_share"))
    reading = Reading.objects.get()
    assert (reading.organisation.key, str(reading.source), reading.series) == ("aster", "declared", "aster:2026-11-21")
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"unit": "percent"}, 409, "measured in"),
        ({"observed_at": "2026-11-23T12:00:00Z"}, 409, "in the future"),
        ({"value": "1.5"}, 409, "the most that ai_research_share can be"),
        ({"value": "NaN"}, 422, "is not a number"),
        ({"observed_at": "yesterday"}, 422, "is not an instant"),
        ({"subject": "declared:borealis:borealis"}, 422, "Select a valid choice"),
    ],
)
def test_a_refused_reading_keeps_what_was_typed_and_leaves_nothing(sign_in, fields, status, words):
    client = sign_in(factories.representative(factories.laboratory("aster")))
    answer = client.post(url("submit_reading", "ai_research_share"), sent(**fields))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert (Reading.objects.count(), Entry.objects.count()) == (0, 0)


def test_an_officer_of_a_body_verifies_for_any_lab(sign_in):
    client = sign_in(factories.officer())
    client.post(url("submit_reading", "ai_research_share"), sent(subject="verified:borealis:ivb"))
    reading = Reading.objects.get()
    assert (reading.organisation.key, str(reading.source), reading.provider) == (
        "borealis",
        "verified",
        "International Verification Body",
    )


def test_somebody_who_may_vouch_for_nothing_gets_no_form(client, sign_in):
    assert client.get(url("submit_reading", "ai_research_share")).status_code == 302
    assert sign_in(factories.observer()).get(url("submit_reading", "ai_research_share")).status_code == 403


def api(client, **fields):
    body = {
        "indicator": "ai_research_share",
        "lab": "aster",
        "value": "0.42",
        "unit": "share",
        "observed_at": "2026-11-21T12:00:00Z",
        "source": "declared",
        "provider": "Aster Institute",
        "series": "aster:2026-11",
        **fields,
    }
    return client.post(url("api_readings"), body, content_type="application/json")


def test_a_program_submits_for_its_lab_and_reads_it_back(sign_in):
    client = sign_in(factories.representative(factories.laboratory("aster")))
    answer = api(client)
    assert (answer.status_code, answer.json()["version"], answer.json()["quarantined_for"]) == (201, 1, [])
    (found,) = client.get(url("api_readings", indicator="ai_research_share", lab="aster")).json()["results"]
    assert (found["value"], found["lab"]) == ("0.42", "aster")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"lab": "borealis"}, 403, "not_allowed"),
        ({"source": "verified"}, 403, "not_allowed"),
        ({"unit": "percent"}, 409, "reading_refused"),
        ({"indicator": "nothing"}, 409, "unknown_indicator"),
        ({"value": "1e999999"}, 400, "malformed"),
        ({"observed_at": "2026-11-21"}, 400, "malformed"),
        ({"status": "verified"}, 400, "malformed"),
        ({"lab": "nobody"}, 400, "malformed"),
    ],
)
def test_a_program_is_refused_with_a_code_and_nothing_is_left(sign_in, fields, status, code):
    client = sign_in(factories.representative(factories.laboratory("aster")))
    answer = api(client, **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (Reading.objects.count(), Entry.objects.count()) == (0, 0)


def test_nobody_submits_without_signing_in(client):
    assert api(client).status_code in {401, 403}


@pytest.mark.parametrize(("name", "key", "most"), [("indicators", [], 14), ("indicator", ["ai_research_share"], 20)])
def test_a_page_takes_no_more_queries_for_many_readings(client, name, key, most, django_assert_max_num_queries):
    for lab in factories.LABS:
        for number in range(5):
            share(lab, observed_at=NOON - number * DAY)
    with django_assert_max_num_queries(most):
        page(client, url(name, *key))
