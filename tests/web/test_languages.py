from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.utils import translation

from web.caching import cached_by
from web.languages import STYLES, Languages, instant

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def two_languages(settings):
    settings.LANGUAGES = [("en", "English"), ("fr", "Français")]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    before = translation.get_language()
    yield
    translation.activate(before)


@pytest.fixture
def site():
    page = cached_by(lambda: 7)(lambda request: HttpResponse(translation.get_language()))
    return Languages(page)


def read(site, rf, address="/", **headers):
    return site(rf.get(address, headers=headers))


def test_a_page_kept_in_one_language_is_never_given_to_a_reader_of_another(site, rf):
    french = read(site, rf, **{"Accept-Language": "fr"})
    english = read(site, rf, **{"Accept-Language": "en"})
    assert (french.content, english.content) == (b"fr", b"en")
    assert french.headers["Content-Language"] == "fr"
    assert {"Accept-Language", "Cookie"} <= set(french.headers["Vary"].split(", "))
    stale = read(site, rf, **{"Accept-Language": "fr", "If-None-Match": english.headers["ETag"]})
    assert (stale.status_code, stale.content) == (200, b"fr")
    again = read(site, rf, **{"Accept-Language": "fr", "If-None-Match": french.headers["ETag"]})
    assert again.status_code == 304


def test_the_address_goes_before_the_browser_and_is_remembered(site, rf):
    answer = read(site, rf, "/?lang=fr", **{"Accept-Language": "en"})
    assert answer.content == b"fr"
    assert answer.cookies["django_language"].value == "fr"
    assert read(site, rf, Cookie="django_language=fr").content == b"fr"


@pytest.mark.parametrize("address", ["/?lang=tlh", "/?lang="])
def test_a_language_that_is_not_offered_is_not_given(site, rf, address):
    answer = read(site, rf, address, **{"Accept-Language": "tlh"})
    assert answer.content == b"en"
    assert not answer.cookies


@pytest.mark.parametrize("address", ["/votes.csv", "/api/v1/parties", "/indicators/code/chart.svg"])
def test_data_has_the_same_words_for_everybody_unless_its_address_asks(site, rf, address):
    assert read(site, rf, address, **{"Accept-Language": "fr"}).content == b"en"
    assert read(site, rf, f"{address}?lang=fr").content == b"fr"


@pytest.mark.parametrize("style", STYLES)
def test_every_style_writes_the_instant(style):
    with translation.override("en"):
        assert any(part in instant(NOON, style) for part in ("22", "12:00", "2026"))
