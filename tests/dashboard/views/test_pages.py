import re

import pytest

from tests import factories as make

PAGES = ["/about/", "/about/accessibility/", "/about/source/", "/api/"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("has_text", [False, True], ids=["no text", "text"])
def test_a_page_about_the_site_is_there_with_and_without_a_treaty(client, path, has_text):
    if has_text:
        make.text()
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content.count(b"<h1>") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", *PAGES, "/me/"])
def test_the_footer_leads_only_to_pages_that_are_there(client, path):
    client.force_login(make.observer())
    page = client.get(path).content.decode()
    links = re.findall(r'href="(/[^"#]*)', page[page.index('class="foot"') :])
    assert links
    for link in links:
        assert client.get(link).status_code in {200, 302, 404 if "bundle" in link else 200}, link


@pytest.mark.django_db
def test_every_operation_of_the_schema_is_on_its_readable_page_with_an_example(client, settings):
    schema = client.get("/api/v1/schema.json").json()
    index = client.get("/api/").content.decode()
    links = re.findall(r'<dt><a href="(/api/[a-z_]+/)"', index)
    page = "".join(client.get(link).content.decode() for link in links)
    assert schema["openapi"].startswith("3.1")
    operations = [(path, method) for path, methods in schema["paths"].items() for method in methods]
    assert len(operations) >= 3
    for path, method in operations:
        assert f"<code>{method.upper()} {path}</code>" in page
        assert f"<code>{method.upper()} {path}</code>" in index
    assert page.count(f"{settings.SITE_URL}/api/v1/") >= len(operations)
    assert "<script>" not in page
    assert client.get("/api/nothing/").status_code == 404


@pytest.mark.django_db
def test_what_describes_the_interface_is_in_the_readers_language_and_the_interface_itself_in_english(client):
    assert '<html lang="fr"' in client.get("/api/", headers={"Accept-Language": "fr"}).content.decode()
    assert client.get("/api/v1/votes/", headers={"Accept-Language": "fr"})["Content-Language"] == "en"


@pytest.mark.django_db
def test_the_schema_is_open_to_every_origin_in_both_notations(client):
    for path, kind in [("/api/v1/schema.json", "openapi+json"), ("/api/v1/schema.yaml", "openapi;")]:
        answer = client.get(path)
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert kind in answer["Content-Type"]


@pytest.mark.django_db
def test_what_is_not_known_is_a_question_mark_and_never_nought(client):
    make.text()
    page = client.get("/about/").content.decode()
    assert page.count("<b>?</b>") == 3
    assert "the register is still empty" in page
