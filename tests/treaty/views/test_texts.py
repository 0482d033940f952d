import json
from hashlib import sha256

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests.factories import NOON, text
from tests.texts import model_text

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


def test_the_articles_stand_with_their_numbers_commentary_and_sources(client):
    text()
    body = page(client, "text")
    assert body.count('<article class="article"') == 28
    assert 'Within <a class="provision"' in body
    assert ">45 days</a>" in body
    assert ">10<sup>24</sup></a>" in body
    assert "New START" in body
    assert "{" not in body.split('<main id="main"')[1].split("</main>")[0]


def test_a_number_leads_to_its_line_in_the_yaml(client):
    text()
    line = next(
        number for number, it in enumerate(model_text().decode().splitlines(), 1) if it == "  initial_due: 45 d"
    )
    assert f'href="/treaty/1/source/#L{line}"' in page(client, "text")
    assert f'<span id="L{line}"><a href="#L{line}">{line:>4}</a>   initial_due: 45 d' in page(client, "text_lines", 1)


def test_annexes_say_triggers_and_profiles_in_words(client):
    text()
    body = page(client, "text")
    assert "Silence is consent: adopted after 48 hours unless more than 1/3 of those entitled object" in body
    assert body.count('id="trigger-') == 7
    assert body.count('id="criterion-') == 4
    assert "International Verification Body" in body


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
    "url", ["/treaty/" + "0" * 64 + ".yaml", "/treaty/nothing.yaml", "/treaty/9/", "/treaty/9/source/"]
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
