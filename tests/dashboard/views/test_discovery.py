"""What other sites and search engines find: the head of each page, robots.txt, the list of pages, the picture."""

import re
from html import unescape
from io import BytesIO

import pytest
from django.conf import settings
from django.core.cache import cache
from django.urls import resolve, reverse
from django.utils import timezone, translation
from PIL import Image

from dashboard.picture import HEIGHT, WIDTH, drawn
from dashboard.words import HEADLINES
from tests import factories as make

pytestmark = pytest.mark.django_db
SITE = settings.SITE_URL


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


def told(page, name):
    """What a page's head says under a name or property, each."""
    return [unescape(found) for found in re.findall(rf'<meta (?:name|property)="{name}" content="([^"]*)"', page)]


def test_a_page_tells_other_sites_its_title_a_sentence_and_its_picture(client):
    page = client.get("/votes/").content.decode()
    assert told(page, "og:title") == ["Votes"]
    assert told(page, "description") == told(page, "og:description")
    assert told(page, "description")[0].startswith("Every decision, with its rule")
    assert told(page, "og:url") == [f"{SITE}/votes/"]
    assert told(page, "og:image") == [f"{SITE}/picture.png"]
    assert told(page, "twitter:card") == ["summary_large_image"]


def test_the_first_page_says_the_state_without_any_markup(client):
    make.pause_in_force(effective_at=timezone.now())
    said = told(client.get("/").content.decode(), "og:description")[0]
    assert said.startswith("A pause is in force.")
    assert "<" not in said
    assert "\n" not in said
    assert "10²⁴ FLOP" in said


def test_a_page_names_itself_and_its_other_languages_by_absolute_addresses(client):
    page = client.get("/votes/?lang=fr").content.decode()
    assert re.findall(r'rel="canonical" href="([^"]+)"', page) == [f"{SITE}/votes/?lang=fr"]
    others = dict(re.findall(r'hreflang="([^"]+)" href="([^"]+)"', page[: page.index("</head>")]))
    assert set(others) == {code for code, _name in settings.LANGUAGES} | {"x-default"}
    assert others["en"] == others["x-default"] == f"{SITE}/votes/"
    assert others["ar"] == f"{SITE}/votes/?lang=ar"
    assert told(page, "og:image") == [f"{SITE}/picture.png?lang=fr"]


def test_a_page_that_is_not_there_is_not_offered_to_anybody(client):
    page = client.get("/no-such-page/").content.decode()
    assert told(page, "robots") == ["noindex"]
    assert "canonical" not in page


def test_robots_are_led_to_the_list_of_pages_and_past_what_is_one_persons(client):
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert "Disallow: /me/" in lines
    assert f"Sitemap: {SITE}/sitemap.xml" in lines


def test_the_list_of_pages_has_every_subject_once_at_an_address_of_the_site(client):
    pause = make.pause_in_force(effective_at=timezone.now())
    listed = re.findall(r"<loc>([^<]+)</loc>", client.get("/sitemap.xml").content.decode())
    assert {SITE + reverse("treaty:pause", args=[pause.key]), SITE + reverse("labs:lab", args=["aster"])} <= set(listed)
    assert len(listed) == len(set(listed))
    assert {resolve(address.removeprefix(SITE)).url_name for address in listed} >= {
        "vote",
        "pause",
        "indicator",
        "trigger",
    }


def test_the_picture_is_of_the_size_that_other_sites_expect_and_changes_with_the_state(client):
    before = client.get("/picture.png")
    assert before["Content-Type"] == "image/png"
    assert Image.open(BytesIO(before.content)).size == (WIDTH, HEIGHT) == (1200, 630)
    assert len(before.content) < 100_000
    make.pause_in_force(effective_at=timezone.now())
    cache.clear()
    assert client.get("/picture.png").content != before.content


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_longest_headline_fits_the_picture(language):
    with translation.override(language):
        longest = max((str(headline) for headline in HEADLINES.values()), key=len)
    image = Image.open(BytesIO(drawn(longest, ["A", "B"]))).convert("L")
    least, most = image.crop((WIDTH - 60, 0, WIDTH, HEIGHT)).getextrema()
    assert least == most, longest


def test_a_script_that_the_faces_lack_is_drawn_in_english(client):
    assert client.get("/picture.png?lang=ar").content == client.get("/picture.png").content


def test_browsers_find_an_icon_where_they_have_always_looked(client):
    assert client.get("/favicon.ico", follow=False).status_code == 302
