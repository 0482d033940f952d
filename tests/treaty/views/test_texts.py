import json
from hashlib import sha256

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests.factories import NOON, text
from tests.texts import model_text
from treaty.queries.articles import LINES_A_PAGE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still(time_machine, settings):
    """Noon, and a cache of this test's own: rows made by hand do not move the record's position."""
    time_machine.move_to(NOON, tick=False)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def page(client, name, *args):
    answer = client.get(reverse(f"treaty:{name}", args=args))
    assert answer.status_code == 200, answer.content[:500]
    return answer.content.decode()


def test_without_a_text_the_page_says_so(client):
    assert "No treaty text has been published yet." in page(client, "text")


def test_the_contents_lead_to_each_article_and_annex_and_keep_the_anchors_of_old_links(client):
    text()
    body = page(client, "text")
    for anchor, address in (
        ("article-6", "/treaty/articles/6/"),
        ("annex-4", "/treaty/annexes/4/"),
        ("trigger-horizon", "/treaty/annexes/4/#trigger-horizon"),
    ):
        assert f'id="{anchor}"' in body
        assert f'href="{address}"' in body
    assert body.count('<li id="article-') == 28
    assert 'href="/treaty/1/articles/6/"' in page(client, "text_version", 1)


def test_an_article_stands_with_its_numbers_commentary_and_sources(client):
    text()
    body = page(client, "article", "4")
    assert ">45 days</a>" in body
    assert "New START" in body
    assert "{" not in body.split('<main id="main"')[1].split("</main>")[0]
    assert ">10<sup>24</sup></a>" in page(client, "article", 1, "1")


def test_parts_of_the_text_lead_to_each_other(client):
    text()
    body = page(client, "article", "6")
    assert '<a href="/treaty/annexes/4/">Annex 4</a>' in body
    assert 'rel="prev" href="/treaty/articles/5/"' in body
    assert 'rel="next" href="/treaty/articles/7/"' in body
    assert 'rel="next" href="/treaty/1/annexes/1/"' in page(client, "article", 1, "28")
    assert 'rel="next"' not in page(client, "annex", "10")


def test_the_whole_text_stands_on_one_page(client):
    text()
    body = page(client, "whole")
    assert body.count('<article class="article"') == 28
    assert body.count('<section id="annex-') == 10
    assert body.count('id="trigger-') == 7
    assert 'Within <a class="provision"' in body


def test_a_text_that_was_replaced_says_so_and_leads_to_the_one_in_force(client):
    text()
    text(model_text().replace(b"\nversion: 1\n", b"\nversion: 2\n"), in_force_at=NOON)
    assert "Read the text in force" in page(client, "article", 1, "4")
    assert "Read the text in force" not in page(client, "article", "4")
    assert "version 2" in page(client, "article", "4")


def test_words_are_found_in_articles_and_annexes_with_what_stands_around_them(client):
    text()
    body = client.get("/treaty/", {"q": "  NIL  return "}).content.decode()
    assert '<a href="/treaty/articles/4/">' in body
    assert "<mark>nil return</mark>" in body
    assert 'href="/treaty/annexes/9/#profile-' in client.get("/treaty/", {"q": "silence is consent"}).content.decode()
    assert "The text does not have these words." in client.get("/treaty/", {"q": "<zebra>"}).content.decode()


def test_a_number_leads_to_its_line_in_the_yaml(client):
    text()
    lines = model_text().decode().splitlines()
    line = next(number for number, it in enumerate(lines, 1) if it == "  initial_due: 45 d")
    at = f"/treaty/1/source/{(line - 1) // LINES_A_PAGE + 1}/"
    assert f'href="{at}#L{line}"' in page(client, "article", "4")
    assert f'<span id="L{line}"><a href="#L{line}">{line:>4}</a>   initial_due: 45 d' in client.get(at).content.decode()
    assert client.get(f"/treaty/1/source/?line={line}")["Location"] == f"{at}#L{line}"
    pages = -(-len(lines) // LINES_A_PAGE)
    shown = [page(client, "text_lines", 1, number).count('<span id="L') for number in range(1, pages + 1)]
    assert sum(shown) == len(lines)
    assert client.get(f"/treaty/1/source/{pages + 1}/").status_code == 404


def test_annexes_say_triggers_and_profiles_in_words(client):
    text()
    triggers, profiles = page(client, "annex", "4"), page(client, "annex", "9")
    assert "Silence is consent: adopted after 48 hours unless more than 1/3 of those entitled object" in profiles
    assert triggers.count('id="trigger-') == 7
    assert page(client, "annex", "7").count('id="criterion-') == 4
    assert "International Verification Body" in page(client, "annex", "2")


def test_the_exact_bytes_are_served_and_never_change(client):
    made = text()
    url = reverse("treaty:text_source", args=[made.sha256])
    answer = client.get(url)
    assert sha256(answer.content).hexdigest() == made.sha256
    assert answer["Content-Type"] == "application/yaml; charset=utf-8"
    assert "immutable" in answer["Cache-Control"]
    assert client.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.post(url).status_code == 405


@pytest.mark.parametrize(
    "url",
    [
        "/treaty/" + "0" * 64 + ".yaml",
        "/treaty/nothing.yaml",
        "/treaty/9/",
        "/treaty/9/source/",
        "/treaty/9/whole/",
        "/treaty/9/articles/1/",
        "/treaty/1/articles/99/",
        "/treaty/annexes/11/",
    ],
)
def test_a_text_that_was_never_published_is_not_found(client, url):
    text()
    assert client.get(url).status_code == 404


def test_the_schema_is_published(client):
    schema = json.loads(client.get(reverse("treaty:text_schema")).content)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "profiles" in schema["properties"]


def test_the_page_costs_few_queries_however_long_the_text_is(client, django_assert_max_num_queries):
    text()
    page(client, "text")
    with django_assert_max_num_queries(4):
        page(client, "text")


def test_the_page_is_cached_by_the_records_position(client, django_assert_num_queries):
    text()
    tag = client.get(reverse("treaty:text"))["ETag"]
    with django_assert_num_queries(1):  # the position
        assert client.get(reverse("treaty:text"), headers={"If-None-Match": tag}).status_code == 304
