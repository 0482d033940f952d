import csv
import io
import json
import re
from datetime import timedelta

import pytest
import time_machine

from dashboard.words import HEADLINES
from tests import factories as make
from treaty.actions.texts import publish_text
from treaty.models import Pause

pytestmark = pytest.mark.django_db
NOON = make.NOON
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    from django.core.cache import cache

    cache.clear()
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


def heading(client):
    answer = client.get("/")
    assert answer.status_code == 200
    return re.search(r"<h1>(.*?)</h1>", answer.content.decode())[1]


def test_the_first_page_says_that_no_text_has_been_published(client):
    assert heading(client) == "No treaty has been published yet."


def test_the_first_page_says_that_the_treaty_is_not_in_force(client):
    make.text(in_force_at=None)
    page = client.get("/").content.decode()
    assert "The treaty is not in force yet." in page
    assert "0 of the 5 ratifications that are needed have arrived." in page
    assert "Hanbit Labs" in page


@pytest.mark.parametrize("shift", [timedelta(0), DAY, 9 * DAY])
def test_the_first_page_says_that_no_pause_is_in_force(client, clock, shift):
    make.parties()
    clock.shift(shift)
    assert heading(client) == "No pause is in force."


def test_the_first_page_follows_a_pause_from_activation_to_its_end(client, clock):
    pause = make.activating_pause()
    clock.shift(timedelta(hours=1))
    assert heading(client) == "A pause is being activated."
    pause.commitments.update(condition={"kind": "unconditional"}, confirmed_at=NOON)
    clock.shift(timedelta(minutes=1))
    assert heading(client) == "A pause is in force."
    Pause.objects.filter(pk=pause.pk).update(in_force_at=NOON, ended_at=NOON + DAY)
    clock.shift(2 * DAY)
    page = client.get("/").content.decode()
    assert "No pause is in force." in page
    assert f"pause {pause.key}</a>, ended on" in page


def test_every_situation_has_its_headline():
    from dashboard.queries.situation import Situation

    assert set(HEADLINES) == set(Situation)


def test_the_first_screen_answers_four_questions(client, clock):
    make.pause_in_force()
    clock.shift(DAY)
    page = client.get("/").content.decode()
    hero = page[page.index('class="state') : page.index('class="wrap page"')]
    assert re.findall(r"<dt>(.*?)</dt>", hero) == [
        "Who is in it?",
        "How do we know?",
        "When can it end?",
        "What is not covered?",
    ]
    assert "8 of 8" in hero
    assert "10<sup>24</sup>" in hero
    assert "It ends by a vote, never by silence." in hero


def test_a_breach_is_a_word_and_a_shape_beside_its_ground(client, clock):
    pause = make.pause_in_force()
    clock.shift(2 * DAY)
    page = client.get("/").content.decode()
    assert page.count('class="st br">Potential breach, under review') == 8
    assert f'href="/pauses/{pause.key}/aster/"' in page


def test_an_unknown_criterion_says_what_is_missing(client, clock):
    make.pause_in_force()
    clock.shift(DAY)
    page = client.get("/").content.decode()
    assert "Missing:" in page
    assert 'class="st un">Unknown' in page


def test_markup_in_names_is_text(client):
    make.parties()
    lab = make.laboratory("aster")
    type(lab).objects.filter(pk=lab.pk).update(name="<script>alert(1)</script>")
    page = client.get("/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_is_revalidated_by_the_records_position(client):
    first = client.get("/")
    assert client.get("/", headers={"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.django_db(transaction=True)
def test_a_new_entry_changes_the_page_at_once(client):
    first = client.get("/")
    publish_text(source=make.model_text(), by=make.depositary(), at=NOON)
    again = client.get("/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert b"The treaty is not in force yet." in again.content


def test_whoever_is_signed_in_has_a_page_of_their_own(client):
    client.force_login(make.observer())
    answer = client.get("/")
    assert "ETag" not in answer
    assert b"Sign out" in answer.content


def test_the_table_of_parties_is_the_same_as_csv_and_as_json(client, clock):
    pause = make.pause_in_force()
    make.stand_down(pause, "aster", acknowledged_at=NOON + timedelta(hours=1))
    clock.shift(timedelta(hours=2))
    table = list(csv.DictReader(io.StringIO(client.get("/figures/parties.csv").content.decode())))
    found = json.loads(client.get("/figures/parties.json").content)
    assert [row["lab"] for row in table] == [row["lab"] for row in found["rows"]] == sorted(make.LABS)
    assert table[0]["acknowledged_at"] == found["rows"][0]["acknowledged_at"] == "2026-11-22T13:00:00Z"
    assert table[0]["standing"] == "ongoing"


def test_the_tables_are_there_before_any_text(client):
    assert client.get("/figures/parties.csv").status_code == 200
    assert json.loads(client.get("/figures/parties.json").content)["rows"] == []


@pytest.fixture
def many(clock):
    """Thirty laboratories under a pause, all of them late."""
    names = [f"lab-{number:02}" for number in range(30)]
    make.pause_in_force(labs=names)
    clock.shift(3 * DAY)
    return names


def test_the_first_page_counts_many_parties_and_shows_few(client, many):
    page = client.get("/").content.decode()
    assert "All 38 parties" in page, "30, and the eight that Annex 1 names"
    assert "All 30 parties with something open" in page
    assert "?show=potential_breach" in page
    assert page.count("/labs/lab-") == 6


def test_every_party_is_found_on_the_page_of_all(client, many):
    assert "/labs/lab-29/" not in client.get("/parties/").content.decode()
    assert "/labs/lab-29/" in client.get("/parties/?page=2").content.decode()
    assert client.get("/parties/?show=potential_breach").context["table"].total == 30
    assert [party.key for party in client.get("/parties/?q=LAB 29").context["table"].rows] == ["lab-29"]
    assert client.get("/parties/?show=nonsense&page=x").context["table"].total == 38


def test_the_page_of_all_parties_is_there_before_any_text(client):
    assert "No treaty has been published yet." in client.get("/parties/").content.decode()
