import json
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
import time_machine

from core.times import stamp
from dashboard.views.figures import FIGURES, every
from inspections.rules.visits import VisitState
from ledger.models import Entry
from tests import factories as make
from web.errors import PROBLEM
from web.figures import FORMS, Type
from web.past import FOREVER

pytestmark = pytest.mark.django_db
NOON = make.NOON
AT = NOON + timedelta(hours=2)
FITS = {
    Type.TEXT: lambda cell: isinstance(cell, str),
    Type.ADDRESS: lambda cell: isinstance(cell, str),
    Type.DAY: lambda cell: isinstance(cell, str) and len(cell) == 10,
    Type.INSTANT: lambda cell: isinstance(cell, str) and cell.endswith("Z"),
    Type.WHOLE: lambda cell: isinstance(cell, int) and not isinstance(cell, bool),
    Type.NUMBER: lambda cell: isinstance(cell, str | int),
    Type.TRUTH: lambda cell: isinstance(cell, bool),
}


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    with time_machine.travel(AT, tick=False) as moving:
        yield moving


def happened():
    """A pause with a stand-down, a facility with a report, readings: every figure but balances and drills has a row."""
    pause = make.pause_in_force()
    make.stand_down(pause, "aster", acknowledged_at=NOON + timedelta(hours=1))
    hall, people = make.facility(make.laboratory("aster")), make.inspectors(1)
    make.submitted_report(make.visit(hall, state=VisitState.IN_PROGRESS, team=people[:2]))
    for days in (0, 1, 2, 40):
        make.reading(
            "ai_commit_share", value="0.04", unit="share", observed_at=NOON - timedelta(days=days), received_at=NOON
        )
    return pause


@pytest.fixture
def story():
    return happened()


def test_every_figure_is_there_in_every_form_and_holds_what_its_metadata_say(client, story):
    for figure in FIGURES:
        for found in every(figure, AT)[:1]:
            files = {
                form: client.get(f"/figures/{found.name}.{form}") for form in ("svg", "csv", "json", "metadata.json")
            }
            assert {answer.status_code for answer in files.values()} == {200}, found.name
            assert all(answer["Access-Control-Allow-Origin"] == "*" for answer in files.values())
            assert files["svg"].content.startswith(b"<svg ")
            ET.fromstring(files["svg"].content)
            columns = json.loads(files["metadata.json"].content)["tableSchema"]["columns"]
            rows = json.loads(files["json"].content)["rows"]
            assert files["csv"].content.decode().splitlines()[0] == ",".join(column["name"] for column in columns)
            for row in rows:
                assert list(row) == [column["name"] for column in columns]
                for column in columns:
                    cell = row[column["name"]]
                    assert cell is None or FITS[Type(column["datatype"])](cell), (found.name, column["name"], cell)
            assert client.get(f"/figures/{found.name}/").status_code == 200


def test_every_figure_is_there_before_any_text(client):
    for figure in FIGURES:
        for found in every(figure, AT):
            assert json.loads(client.get(f"/figures/{found.name}.json").content)["rows"] in ([], None), found.name
            assert client.get(f"/figures/{found.name}.svg").status_code == 200


def test_the_list_names_every_figure_and_its_addresses(client, story):
    listed = json.loads(client.get("/figures.json").content)["figures"]
    assert {one["figure"].partition("/")[0] for one in listed} >= {one.key for one in FIGURES if one.subjects is None}
    assert f"pause/{story.key}" in {one["figure"] for one in listed}
    page = client.get("/figures/").content.decode()
    assert f'href="/figures/pause/{story.key}.csv"' in page


def test_the_page_says_how_to_cite_and_to_embed(client, story):
    page = client.get("/figures/parties/").content.decode()
    assert "as of entry 0 of the record, retrieved 2026-11-22" in page
    assert "/figures/parties.svg&quot;" in page or '/figures/parties.svg"' in page
    assert "acknowledged_at" in page


def test_each_form_carries_the_address_of_its_metadata(client):
    assert client.get("/figures/votes.csv")["Link"].startswith('</figures/votes.metadata.json>; rel="describedby"')


def test_a_reader_with_the_newest_figure_gets_no_body(client, story):
    first = client.get("/figures/parties.csv")
    again = client.get("/figures/parties.csv", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["secrets", "pause", "pause/nothing", "parties/aster", "trigger/nothing", "site-balance/x/y"]
)
def test_what_is_no_figure_is_not_found(client, name):
    for form in ("csv", "svg", "json", "metadata.json"):
        assert client.get(f"/figures/{name}.{form}").status_code == 404
    assert client.get(f"/figures/{name}/").status_code == 404


def test_a_name_in_a_picture_is_text(client, story):
    lab = make.laboratory("aster")
    type(lab).objects.filter(pk=lab.pk).update(name="<script>alert(1)</script>")
    assert b"<script" not in client.get("/figures/parties.svg").content


def test_a_figure_with_a_past_tells_nothing_that_came_later_and_may_be_kept_for_ever(client, story, clock):
    Entry.objects.create(kind="log.opened", at=NOON - timedelta(days=30), data=b"{}", subjects=[])
    clock.move_to(AT + timedelta(days=1))
    for figure in (one for one in FIGURES if one.has_past):
        for found in every(figure, AT)[:1]:
            for form in FORMS:
                answer = client.get(f"/figures/{found.name}.{form}", {"at": stamp(AT)})
                assert (answer.status_code, answer["Cache-Control"]) == (200, FOREVER), (found.name, form)
                assert f"{found.name}.metadata.json?at={stamp(AT)}" in answer["Link"]
    [aster] = [row for row in of_then(client, f"pause/{story.key}", NOON)["rows"] if row["lab"] == "aster"]
    assert (aster["acknowledge_at"], aster["site_mode"]) == (None, "")
    later = of_then(client, f"pause/{story.key}", NOON + timedelta(hours=1))
    assert [row["acknowledge_at"] for row in later["rows"] if row["lab"] == "aster"] == [
        stamp(NOON + timedelta(hours=1))
    ]
    then = Entry.objects.filter(at__lte=NOON + timedelta(hours=1)).count()
    assert (later["at"], later["position"]) == (stamp(NOON + timedelta(hours=1)), then)
    assert f"?at={stamp(NOON + timedelta(hours=1))}" in later["metadata"]
    page = client.get(f"/figures/pause/{story.key}/", {"at": stamp(NOON)}).content.decode()
    assert 'class="strip past"' in page
    assert f'href="/figures/pause/{story.key}.csv?at={stamp(NOON)}"' in page
    for shown in ("/", "/parties/", f"/pauses/{story.key}/"):
        assert f".csv?at={stamp(AT)}" in client.get(shown, {"at": stamp(AT)}).content.decode(), shown


def of_then(client, name, at):
    return json.loads(client.get(f"/figures/{name}.json", {"at": stamp(at)}).content)


@pytest.mark.parametrize(
    ("name", "at", "status", "words"),
    [
        ("votes", "2026-11-20", 400, "Those with a past are: parties, not-covered, annex, pause"),
        ("parties", "soon", 400, "is not an instant"),
        ("parties", "2030-01-01", 409, "lies in the future"),
        ("parties", "2020-01-01", 409, "before the record begins"),
    ],
)
def test_an_instant_of_which_a_figure_is_not_to_be_had_is_refused_in_words(client, name, at, status, words):
    Entry.objects.create(kind="log.opened", at=NOON - timedelta(days=30), data=b"{}", subjects=[])
    for form in FORMS:
        answer = client.get(f"/figures/{name}.{form}", {"at": at})
        assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
        assert words in answer.json()["detail"]
    assert client.get(f"/figures/{name}/", {"at": at}).status_code == status
