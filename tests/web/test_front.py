"""The memory of public pages in front of Django, as a WSGI server calls it."""

import gzip
import threading
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from web import front
from web.front import COME_AGAIN, LOOKED_AT_EVERY, SHARED, STALE_FOR, Front, Line, state_at

pytestmark = pytest.mark.django_db  # a look at the record first closes connections that have gone stale
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Site:
    """An application that counts what it answers, over a record that can grow or be away, with a clock to turn."""

    def __init__(self):
        self.position, self.made, self.now, self.shared, self.status = 7, 0, 100.0, True, "200 OK"
        self.answered, self.headers = None, []
        self.front = Front(self.application, self.ask, lambda: self.now)

    def ask(self):
        if self.position is None:
            raise OperationalError
        return self.position

    def application(self, environ, start):
        self.made += 1
        self.asked = environ.get("HTTP_IF_NONE_MATCH", "")
        made = self.made
        if self.shared:
            environ[SHARED] = state_at(self.front.position(), timezone.now())
        if self.answered:
            self.answered()
        start(
            self.status,
            [("ETag", f'W/"{made}"'), ("Content-Type", "text/html"), ("Content-Length", "6"), *self.headers],
        )
        return [b"page ", str(made).encode()]

    def get(self, path="/", **environ):
        told = {}
        asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "HTTP_HOST": "localhost"}
        asked |= {"wsgi.url_scheme": "http"} | environ
        body = b"".join(self.front(asked, lambda status, headers: told.update(status=status, headers=dict(headers))))
        return told["status"], body, told["headers"]

    def body(self, *args, **environ):
        return self.get(*args, **environ)[1]


@pytest.fixture
def site(settings):
    settings.LANGUAGES = [("en", "English"), ("fr", "Français")]
    front._language_accepted.cache_clear()
    with time_machine.travel(NOON, tick=False):
        yield Site()


def test_a_page_that_everybody_sees_alike_is_made_once(site):
    assert [site.body() for _ in range(3)] == [b"page 1"] * 3


def test_a_new_position_is_seen_within_a_second_and_not_asked_for_within_it(site):
    site.body()
    site.position += 1
    assert site.body() == b"page 1"
    site.now += LOOKED_AT_EVERY
    assert site.body() == b"page 2"


def test_an_unchanged_record_is_asked_once_a_second(site):
    asked = []
    site.front.position = lambda: asked.append(1) or 7
    for _ in range(5):
        site.body()
    site.now += LOOKED_AT_EVERY
    for _ in range(5):
        site.body()
    assert (len(asked), site.made) == (2, 1)


def test_another_minute_makes_another_page(site):
    site.body()
    site.now += LOOKED_AT_EVERY
    with time_machine.travel(NOON.replace(minute=1), tick=False):
        assert site.body() == b"page 2"


def test_a_browser_that_has_the_page_is_told_so(site):
    _status, _body, headers = site.get()
    status, body, again = site.get(HTTP_IF_NONE_MATCH=f'"other", {headers["ETag"]}')
    assert (status, body, again["ETag"]) == ("304 Not Modified", b"", headers["ETag"])
    assert "Content-Length" not in again
    assert site.get(HTTP_IF_NONE_MATCH='W/"0"')[0] == "200 OK"


def test_a_first_question_with_a_tag_is_answered_rightly_and_keeps_the_page(site):
    assert site.get(HTTP_IF_NONE_MATCH='W/"1"')[0] == "304 Not Modified"
    assert (site.body(), site.made) == (b"page 1", 1)


@pytest.mark.parametrize(
    "mine",
    [
        {"HTTP_COOKIE": "sessionid=a"},
        {"HTTP_COOKIE": "csrftoken=a; messages=b"},
        {"HTTP_AUTHORIZATION": "Token a"},
        {"REQUEST_METHOD": "POST"},
        {"REQUEST_METHOD": "HEAD"},
    ],
)
def test_what_may_be_somebodys_own_is_neither_kept_nor_given_from_memory(site, mine):
    site.body()
    assert site.body(**mine) == b"page 2"
    assert site.body(**mine) == b"page 3"
    assert site.body() == b"page 1"


def test_a_page_that_is_not_shared_or_not_whole_is_not_kept(site):
    site.shared = False
    assert [site.body(), site.body()] == [b"page 1", b"page 2"]
    site.shared, site.status = True, "404 Not Found"
    assert [site.body(), site.body()] == [b"page 3", b"page 4"]


def test_what_is_not_kept_is_passed_on_as_it_comes_and_asks_the_record_nothing(site):
    site.shared, site.position = False, None
    given, environ = [], {"REQUEST_METHOD": "GET", "PATH_INFO": "/file", "HTTP_IF_NONE_MATCH": '"mine"'}
    site.front.application = lambda asked, start: (given.append(site.application(asked, start)), given[0])[1]
    assert site.front(environ, lambda *_said: None) is given[0], "no file is read into memory"
    assert site.asked == '"mine"', "what answers it may say that it has not changed"


def test_a_long_page_is_sent_packed_to_those_who_take_it(site, monkeypatch):
    monkeypatch.setattr(front, "SMALLEST_PACKED", 1)
    site.headers = [("Vary", "Cookie")]
    _status, body, headers = site.get(HTTP_ACCEPT_ENCODING="br, gzip")
    assert gzip.decompress(body) == b"page 1"
    assert (headers["Content-Encoding"], headers["Content-Length"]) == ("gzip", str(len(body)))
    for refused in ("", "br", "gzip;q=0, br"):
        _status, body, headers = site.get(HTTP_ACCEPT_ENCODING=refused)
        assert (body, headers["Content-Length"]) == (b"page 1", "6")
        assert "Content-Encoding" not in headers
        assert headers["Vary"] == "Cookie, Accept-Encoding", "a cache between must know"


def test_a_page_that_comes_with_a_cookie_is_the_readers_own(site):
    site.headers = [("Set-Cookie", "django_language=fr")]
    assert [site.body(), site.body()] == [b"page 1", b"page 2"]


@pytest.mark.parametrize(
    "other",
    [
        {"HTTP_HOST": "ballot.localhost"},
        {"QUERY_STRING": "page=2"},
        {"HTTP_HX_REQUEST": "true"},
        {"HTTP_ACCEPT_LANGUAGE": "fr"},
        {"HTTP_COOKIE": "django_language=fr"},
        {"wsgi.url_scheme": "https"},
        {"PATH_INFO": "/votes/"},
    ],
)
def test_each_thing_that_a_page_depends_on_has_a_page_of_its_own(site, other):
    assert (site.body(), site.body(**other), site.body(), site.body(**other)) == (
        b"page 1",
        b"page 2",
        b"page 1",
        b"page 2",
    )


def test_a_token_against_forgery_does_not_make_a_page_somebodys_own(site):
    assert site.body() == site.body(HTTP_COOKIE="csrftoken=a") == b"page 1"


def test_while_one_reader_waits_for_the_new_page_the_others_get_the_last_one(site):
    site.body()
    site.position += 1
    site.now += LOOKED_AT_EVERY
    others = []

    def meanwhile():
        site.answered = None
        others.append(site.body())

    site.answered = lambda: run(meanwhile)
    assert site.body() == b"page 2"
    assert others == [b"page 1"]
    assert site.body() == b"page 2"


def test_nobody_gets_a_page_for_ever_while_a_new_one_does_not_come(site):
    site.body()
    site.position += 1
    site.now += STALE_FOR
    others = []

    def meanwhile():
        site.answered = None
        others.append(site.body())

    site.answered = lambda: run(meanwhile)
    site.body()
    assert others == [b"page 3"]


def test_the_last_page_stays_readable_while_the_database_is_away(site):
    site.body()
    site.position = None
    site.now += 10 * STALE_FOR
    assert (site.body(), site.made) == (b"page 1", 1)
    site.position = 8
    site.now += LOOKED_AT_EVERY
    assert site.body() == b"page 2"


def test_what_is_kept_has_a_bound(site, monkeypatch):
    monkeypatch.setattr(front, "MOST_BYTES", 3 * (front.BESIDE + len(b"page 1")))
    for path in ("/a", "/b", "/c", "/a", "/d"):
        site.body(path)
    assert len(site.front.pages) == 3
    assert (site.body("/a"), site.made) == (b"page 1", 4)
    assert site.body("/b") == b"page 5"


def run(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)


@pytest.fixture
def full(site):
    """A site whose line of readers is full, until the block is left."""
    site.front.line = Line(at_once=1, waiting=0)
    with site.front.line.turn() as mine:
        assert mine
        yield site


def test_a_reader_who_comes_when_the_line_is_full_is_asked_to_come_again(full):
    status, body, headers = full.get("/ledger/17/")
    assert status == "503 Service Unavailable"
    assert headers["Retry-After"] == str(COME_AGAIN)
    assert headers["Content-Length"] == str(len(body))
    assert full.made == 0, "turning away costs nothing"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/votes/2026-01/ballot/", {"REQUEST_METHOD": "POST"}),
        ("/votes/2026-01/ballot/", {"HTTP_COOKIE": "sessionid=somebody"}),
        ("/api/v1/votes/2026-01/", {"HTTP_AUTHORIZATION": "Token t"}),
        ("/account/login/", {}),
        ("/labs/aster/order", {}),
        ("/api/v1/labs/aster/order", {}),
        ("/tips/", {}),
        ("/tlog/checkpoint", {}),
        ("/healthz", {}),
    ],
)
def test_nobody_is_turned_away_from_what_is_not_only_for_readers(full, path, asked):
    assert full.get(path, **asked)[0] == "200 OK"


def test_the_ballot_host_turns_nobody_away(full, settings):
    assert full.get("/", HTTP_HOST=f"{settings.BALLOT_HOST}:8000")[0] == "200 OK"


def test_the_last_page_is_better_than_none(site):
    site.body()
    site.front.line = Line(at_once=1, waiting=0)
    site.position += 1
    site.now += 2 * STALE_FOR
    with site.front.line.turn():
        assert site.body() == b"page 1"
    assert site.body() == b"page 2", "and once there is room, the page is made"


def test_those_who_waited_get_what_was_made_for_the_first(site):
    site.front.line, entered, go = Line(at_once=1, waiting=3, patience=30), threading.Event(), threading.Event()
    site.answered = lambda: (entered.set(), go.wait(10))
    bodies = []
    readers = [threading.Thread(target=lambda: bodies.append(site.body())) for _ in range(4)]
    readers[0].start()
    assert entered.wait(10)
    for reader in readers[1:]:
        reader.start()
    go.set()
    for reader in readers:
        reader.join(10)
    assert bodies == [b"page 1"] * 4


def test_a_turn_that_failed_makes_room_for_the_next(site):
    site.front.line = Line(at_once=1, waiting=0)

    def fails():
        raise RuntimeError

    site.answered = fails
    for _ in range(3):
        with pytest.raises(RuntimeError):
            site.get()


def test_while_somebody_acts_one_page_fewer_is_made_for_readers():
    line = Line(at_once=2, waiting=0, patience=0)
    with line.aside(), line.aside(), line.turn() as first, line.turn() as second:
        assert (first, second) == (True, False), "however many act, readers are not shut out"
    with line.turn() as first, line.turn() as second:
        assert first
        assert second
