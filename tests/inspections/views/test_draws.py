"""A draw as people and programs see it, from its opening to its transcript."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from knox.models import AuthToken

from inspections.models import Draw, DrawValue
from inspections.queries.draws import until_of
from inspections.rules.seeds import value_commitment
from inspections.tasks import sweep_draws
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from verifier import draw as command

pytestmark = pytest.mark.django_db
VALUE, OTHER = "ab" * 32, "cd" * 32
LIST, DRAWS = reverse("inspections:list"), reverse("inspections:draws")


@pytest.fixture
def clock():
    """A clock that stands still and is moved by hand, and tables whose entries have a position at once."""
    cache.clear()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


@pytest.fixture
def halls():
    make.parties()
    make.accreditations()
    for key in ("fjord", "aster"):
        make.facility(make.laboratory(key), name=f"Hall of {key}")


@pytest.fixture
def draw(clock, halls):
    sweep_draws()
    return Draw.objects.get()


def sign_in(client, person):
    Authenticator.objects.get_or_create(user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    client.force_login(person)
    return client


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def at(name, draw):
    return reverse(f"inspections:{name}", args=[draw.key])


def through_api(client, draw, what, person, **values):
    token = AuthToken.objects.create(person)[1]
    address = reverse(f"inspections_api:draw_{what}", args=[draw.key])
    return client.post(address, values, content_type="application/json", headers={"Authorization": f"Token {token}"})


def test_without_a_draw_the_pages_say_what_one_is(client, clock, halls):
    assert "There has been no draw" in page(client, LIST)
    assert "How a draw goes" in page(client, DRAWS)
    assert page(client, reverse("inspections:draw", args=["2026-09"]), 404)


def test_a_draw_goes_by_pages_and_api_from_its_commitments_to_a_transcript_that_repeats_it(client, clock, draw):
    aster, fjord = make.laboratory("aster"), make.laboratory("fjord")
    ada, freya = make.representative(aster), make.representative(fjord)
    committed = value_commitment(draw.key, "aster", VALUE)
    assert "Commit to a value" not in page(client, at("draw", draw))
    assert client.post(at("draw_commit", draw), {"organisation": "aster", "commitment": committed}).status_code == 302
    assert not DrawValue.objects.exists()
    sign_in(client, ada)
    assert "Commit to a value" in page(client, at("draw", draw))
    assert f"--draw {draw.key} --organisation aster" in page(client, at("draw_commit", draw))
    answer = client.post(at("draw_commit", draw), {"organisation": "aster", "commitment": "not one"})
    assert answer.status_code == 422
    answer = client.post(at("draw_commit", draw), {"organisation": "aster", "commitment": committed})
    assert (answer.status_code, DrawValue.objects.get().commitment) == (302, committed)
    assert "nothing for you to commit to" in page(client, at("draw_commit", draw))
    sent = {"organisation": "fjord", "commitment": value_commitment(draw.key, "fjord", OTHER)}
    assert through_api(client, draw, "commitments", ada, **sent).status_code == 403
    assert through_api(client, draw, "commitments", freya, **sent).status_code == 201
    assert through_api(client, draw, "commitments", freya, **sent | {"commitment": "0" * 64}).status_code == 409
    assert "There is no value to reveal" in page(client, at("draw_reveal", draw))
    clock.move_to(draw.commit_by)
    sweep_draws()
    client.logout()
    assert "Values are revealed until" in page(client, at("draw", draw))
    sign_in(client, ada)
    answer = client.post(at("draw_reveal", draw), {"organisation": "aster", "value": OTHER})
    assert (answer.status_code, "not the value that was committed to" in answer.content.decode()) == (409, True)
    assert client.post(at("draw_reveal", draw), {"organisation": "aster", "value": VALUE}).status_code == 302
    draw.refresh_from_db()
    clock.move_to(draw.reveal_by)
    answer = through_api(client, draw, "values", freya, organisation="fjord", value=OTHER)
    assert (answer.status_code, answer.json()["code"]) == (409, "draw_refused")
    sweep_draws()
    shown_to_all(client, draw)
    its_days_are_opened_once_they_are_over(client, clock, draw)


def shown_to_all(client, draw):
    client.logout()
    words = page(client, at("draw", draw))
    assert all(
        said in words for said in ("Withheld", "Revealed", f"fermata draw draw-{draw.key}.json", "Hall of fjord")
    )
    file = client.get(at("draw_transcript", draw)).json()
    repeated = command.repeat(file)
    assert list(command.compare(file, repeated)) == []
    assert {one["value"] for one in file["values"]} == {VALUE, None}
    listed = client.get(reverse("inspections_api:draws")).json()["results"]
    assert [(one["key"], one["stage"], one["drawn"]) for one in listed] == [(draw.key, "drawn", list(repeated.drawn))]
    assert client.get(listed[0]["url"]).json()["seed"] == file["seed"]
    assert "2 visits drawn on" in page(client, DRAWS)


def its_days_are_opened_once_they_are_over(client, clock, draw):
    draw.refresh_from_db()
    assert "the day drawn first" not in page(client, at("draw", draw))
    clock.move_to(until_of(draw))
    for _ in range(2):
        sweep_draws()
    assert Entry.objects.filter(kind="draw.days_opened").count() == 1
    words = page(client, at("draw", draw))
    assert words.count("the day drawn first") == words.count("Not visited") == len(draw.drawn)
    assert "All days opened" in words
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Draw.objects.filter(pk=draw.pk).update(days_opened_at=None)


def test_the_sweep_opens_one_draw_however_often_it_runs(clock, draw):
    for later in (timedelta(), timedelta(days=1)):
        clock.move_to(NOON + later)
        sweep_draws()
    assert Entry.objects.filter(kind="draw.opened").count() == Draw.objects.count() == 1


def test_the_list_of_draws_asks_for_a_bounded_number_of_queries(client, draw, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        page(client, DRAWS)


def test_how_often_each_facility_must_be_seen_is_on_the_page_and_to_take_away(client, clock, halls):
    hall = make.facility(make.laboratory("fjord"), name="Great hall")
    make.inventory(hall, quantities={"h100": 20_000})
    cache.clear()
    words = page(client, reverse("inspections:evidence_page"))
    assert "Not timely" in words
    assert "visits a year would be needed" in words
    rows = client.get("/figures/frequency.json").json()["rows"]
    assert {(row["facility"], row["timeliness"]) for row in rows} == {
        ("fjord-site-2", "not_timely"), ("aster-site-1", "unknown"), ("fjord-site-1", "unknown"),
    }  # fmt: skip
    great = next(row for row in rows if row["facility"] == "fjord-site-2")
    assert (great["population"], great["false_items"]) == (20_000, 81)
    assert great["detection_probability"] >= "0.9"
    assert "accelerator" in client.get("/figures/frequency.csv").content.decode()
    assert "How often its sites must be seen" in page(client, reverse("labs:lab", args=["fjord"]))
