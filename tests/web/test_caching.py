from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.cache import cache
from django.http import HttpResponse
from django.middleware.csrf import get_token

from web.caching import cached_by

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Page:
    """A page that counts how often it is rendered, over a record that can grow."""

    def __init__(self, position=7, *parameters):
        self.position, self.rendered = position, 0
        self.view = cached_by(lambda: self.position, *parameters)(self.render)

    def render(self, request, **_arguments):
        self.rendered += 1
        return HttpResponse(f"rendered {self.rendered}", content_type="text/html; charset=utf-8")


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


@pytest.fixture
def page():
    return Page()


def test_a_second_visitor_gets_the_page_that_the_first_one_caused(page, rf):
    first, second = page.view(rf.get("/")), page.view(rf.get("/"))
    assert page.rendered == 1
    assert first.content == second.content
    assert second.headers["Content-Type"] == "text/html; charset=utf-8"
    assert second.headers["ETag"] == first.headers["ETag"]


def test_a_browser_that_has_the_page_is_told_so_without_its_bytes(page, rf):
    tag = page.view(rf.get("/")).headers["ETag"]
    again = page.view(rf.get("/", headers={"If-None-Match": tag}))
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag


def test_a_new_entry_in_the_record_is_on_the_page_at_once(page, rf):
    tag = page.view(rf.get("/")).headers["ETag"]
    page.position += 1
    again = page.view(rf.get("/", headers={"If-None-Match": tag}))
    assert (again.status_code, again.content) == (200, b"rendered 2")


def test_what_time_alone_changes_is_late_by_a_minute_at_most(page, rf, clock):
    page.view(rf.get("/"))
    clock.shift(59)
    page.view(rf.get("/"))
    assert page.rendered == 1
    clock.shift(1)
    page.view(rf.get("/"))
    assert page.rendered == 2


@pytest.mark.parametrize(
    "other",
    [{"path": "/fr/"}, {"headers": {"HX-Request": "true"}}, {"headers": {"Host": "127.0.0.1"}}],
    ids=["path", "part of a page", "host"],
)
def test_different_questions_have_different_answers(page, rf, other):
    page.view(rf.get("/", headers={"Host": "localhost"}))
    page.view(rf.get(**{"path": "/", "headers": {"Host": "localhost"}} | other))
    assert page.rendered == 2


def test_only_the_parameters_that_the_page_reads_are_a_part_of_its_key(rf):
    page = Page(7, "lab")
    for query in ("", "?x=1", "?utm=2", "?lab=aster", "?lab=aster&x=3"):
        page.view(rf.get(f"/{query}"))
    assert page.rendered == 2


def test_languages_do_not_share_a_page(page, rf):
    from django.utils.translation import override

    page.view(rf.get("/"))
    with override("fr"):
        page.view(rf.get("/"))
    assert page.rendered == 2


@pytest.mark.parametrize("cookie", ["sessionid", "messages"])
def test_whoever_is_signed_in_or_has_a_message_waiting_gets_a_page_of_their_own(page, rf, cookie):
    page.view(rf.get("/"))
    mine = rf.get("/")
    mine.COOKIES[cookie] = "something"
    answer = page.view(mine)
    assert answer.content == b"rendered 2"
    assert "ETag" not in answer.headers
    assert not {"CDN-Cache-Control", "X-Accel-Expires"} & set(answer.headers)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert page.view(rf.get("/")).content == b"rendered 1"


def test_caches_between_may_keep_what_everybody_sees_for_a_second(page, rf):
    answer = page.view(rf.get("/"))
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.headers["CDN-Cache-Control"].startswith("max-age=1,")
    assert answer.headers["X-Accel-Expires"] == "1"


def test_every_answer_says_what_it_depends_on(page, rf):
    assert set(page.view(rf.get("/")).headers["Vary"].split(", ")) == {"Cookie", "Accept-Language", "HX-Request"}


def test_a_page_with_a_form_token_is_kept_for_nobody(rf):
    page = Page()

    def with_token(request):
        get_token(request)
        return page.render(request)

    view = cached_by(lambda: 7)(with_token)
    view(rf.get("/"))
    assert "ETag" not in view(rf.get("/")).headers
    assert page.rendered == 2


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_no_page_is_not_kept(rf, status):
    asked = []

    def view(request):
        asked.append(request)
        return HttpResponse(status=status)

    cached = cached_by(lambda: 7)(view)
    cached(rf.get("/"))
    cached(rf.get("/"))
    assert len(asked) == 2


def test_without_redis_the_page_is_rendered_anew(page, rf, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    assert page.view(rf.get("/")).content == b"rendered 1"
    assert page.view(rf.get("/")).content == b"rendered 2"


def test_posting_is_never_answered_from_the_cache(page, rf):
    page.view(rf.get("/"))
    page.view(rf.post("/"))
    assert page.rendered == 2


def test_messages_are_kept_in_the_cookie_that_the_cache_looks_at():
    assert CookieStorage.cookie_name == "messages"
