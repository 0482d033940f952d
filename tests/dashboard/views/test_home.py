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
    table = list(csv.DictReader(io.StringIO(client.get("/parties.csv").content.decode())))
    found = json.loads(client.get("/parties.json").content)
    assert found["pause"] == pause.key
    assert [row["lab"] for row in table] == [row["lab"] for row in found["parties"]] == sorted(make.LABS)
    assert table[0]["acknowledged_at"] == found["parties"][0]["acknowledged_at"] == "2026-11-22T13:00:00Z"
    assert table[0]["standing"] == "ongoing"


def test_the_tables_are_there_before_any_text(client):
    assert client.get("/parties.csv").status_code == 200
    assert json.loads(client.get("/parties.json").content)["parties"] == []
