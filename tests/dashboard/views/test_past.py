"""Pages as of a past instant."""

from datetime import timedelta

import pytest
import time_machine
from django.test import RequestFactory

from core.errors import Malformed
from core.times import stamp
from ledger.models import Entry
from tests import factories as make
from web.past import BeforeRecord, NotYet, past_instant

NOON = make.NOON
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def asked(text, now=NOON, founded=NOON - 9 * DAY):
    return past_instant(RequestFactory().get("/", {"at": text}), now=now, founded=lambda: founded)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None),
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("2026-11-22T10:30", "2026-11-22T10:30:00Z"),
        ("2026-11-22T10:30Z", "2026-11-22T10:30:00Z"),
        ("2026-11-22T10:30:05.5Z", "2026-11-22T10:30:05.500000Z"),
    ],
)
def test_an_instant_is_read_as_utc_in_every_form_that_a_field_or_a_person_sends(text, at):
    found = asked(text)
    assert (stamp(found) if found else None) == at


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-11-31", "2026-11-22T25:00", "2026-11-22T10:30+02:00", "0", "2026-1-1"]
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(Malformed):
        asked(text)


def test_neither_the_future_nor_what_was_before_the_record_is_shown():
    assert asked(stamp(NOON)) == NOON
    with pytest.raises(NotYet):
        asked(stamp(NOON + timedelta(seconds=1)))
    assert asked(stamp(NOON - 9 * DAY)) == NOON - 9 * DAY
    for founded in (NOON, None):
        with pytest.raises(BeforeRecord):
            asked(stamp(NOON - HOUR), founded=founded)


@pytest.fixture
def story(settings, db):
    """A pause under which Aster acknowledges after an hour and halts after four."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    Entry.objects.create(kind="log.opened", at=NOON - 30 * DAY, data=b"{}", subjects=[])
    pause = make.pause_in_force()
    make.stand_down(pause, "aster", acknowledged_at=NOON + HOUR, halted_at=NOON + 4 * HOUR)
    with time_machine.travel(NOON + 2 * DAY, tick=False):
        yield pause


def seen(client, path, at):
    answer = client.get(path, {"at": stamp(at)})
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("path", ["/", "/parties/"])
def test_the_matrix_of_the_past_knows_nothing_that_came_later(client, story, path):
    def aster(at):
        rows = seen(client, path, at).context["rows" if path == "/parties/" else "table"]
        rows = rows if path == "/parties/" else rows.rows
        [party] = [row["party"] for row in rows if row["party"].key == "aster"]
        return tuple(stage.done_at if stage else None for stage in (party.acknowledged, party.halted))

    assert aster(NOON + 30 * timedelta(minutes=1)) == (None, None)
    assert aster(NOON + HOUR) == (NOON + HOUR, None)
    assert aster(NOON + DAY) == (NOON + HOUR, NOON + 4 * HOUR)


def test_a_page_of_the_past_says_so_leads_back_and_may_be_kept_for_ever(client, story):
    for path in ("/", "/parties/", f"/pauses/{story.key}/"):
        answer = seen(client, path, NOON + HOUR)
        page = answer.content.decode()
        assert 'class="strip past"' in page
        assert f'href="{path}">Back to now' in page
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert 'class="strip past"' not in client.get(path).content.decode()
        assert client.get(path)["Cache-Control"] == "public, no-cache"


def test_what_is_almost_now_is_not_kept_for_ever(client, story):
    assert "immutable" not in seen(client, "/", NOON + 2 * DAY - timedelta(minutes=1))["Cache-Control"]


def test_an_instant_that_cannot_be_shown_is_refused_in_words(client, story):
    for text, status, words in (
        ("2030-01-01", 409, "lies in the future"),
        ("2020-01-01", 409, "before the record begins"),
        ("soon", 400, "is not an instant"),
    ):
        answer = client.get("/", {"at": text})
        assert (answer.status_code, words in answer.content.decode()) == (status, True)


def test_before_the_pause_there_was_none(client, story):
    before = story.adopted_at - HOUR
    assert "No pause is in force." in seen(client, "/", before).content.decode()
    assert client.get(f"/pauses/{story.key}/", {"at": stamp(before)}).status_code == 404
    assert "A pause is in force." in seen(client, "/", NOON).content.decode()
