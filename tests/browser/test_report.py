import os
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from inspections.models import Evidence, Report
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.follow import follow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sealed_storage(tmp_path, monkeypatch):
    for field in ("file", "published"):
        monkeypatch.setattr(Evidence._meta.get_field(field), "storage", FileSystemStorage(tmp_path / "evidence"))


@pytest.fixture(autouse=True)
def hosts(settings, live_server):
    """The host of uploads at the port of the test's server."""
    settings.FILES_URL = f"http://files.localhost:{urlsplit(live_server.url).port}"
    settings.SECURE_CSP = settings.SECURE_CSP | {"img-src": ["'self'", settings.FILES_URL]}


@pytest.fixture
def visit():
    make.parties("aster")
    people = make.inspectors(each=1, bodies=("ivb", "nordic"))
    start = timezone.now() - timedelta(hours=2)
    return make.visit(state=VisitState.IN_PROGRESS, team=people, planned_from=start)


@pytest.fixture
def opened(chromium, live_server):
    def signed_in(user):
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
        client = Client()
        client.force_login(user)
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        return page

    return signed_in


def sound(page, name):
    found = Axe().run(page).response["violations"]
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ] == []


def fill_in(page):
    expect(page.get_by_role("contentinfo")).to_be_attached()  # the last of the page: all of its questions are there
    for answer in page.get_by_role("radio", name="Verified", exact=True).all():
        answer.check()
    page.get_by_role("radio", name="Consistent with what was declared").check()
    page.locator("[name=collected_at]").fill(timezone.now().strftime("%Y-%m-%dT%H:%M"))


def test_an_inspector_writes_a_report_two_sign_and_it_is_locked(opened, live_server, visit):
    first, second = (one.designation.user for one in visit.team.all())
    page = opened(first)
    page.goto(live_server.url + reverse("inspections:visit", args=[visit.key]))
    sound(page, "visit")
    follow(page.get_by_role("button", name="Write the report"))
    expect(page).to_have_url(live_server.url + reverse("inspections:report_form", args=[visit.key]))
    sound(page, "report-empty")
    fill_in(page)
    expect(page.locator("[data-report-status]")).to_contain_text("Saved on the server", timeout=15_000)
    page.locator("[name=photograph]").set_input_files(
        {"name": "rack.jpg", "mimeType": "image/jpeg", "buffer": make.photograph(size=(800, 600))}
    )
    page.locator("#photographs [name=caption]").fill("Rack 7, sealed")
    page.get_by_role("button", name="Send the photograph").click()
    expect(page.locator("[data-report-photographs]").get_by_text("Rack 7, sealed")).to_be_visible()
    sound(page, "report-filled")
    expect(page.locator("[data-report-status]")).to_contain_text("Saved on the server", timeout=15_000)
    page.get_by_role("button", name="Save, check and sign").click()
    expect(page).to_have_url(live_server.url + reverse("inspections:report_sign", args=[visit.key]), timeout=30_000)
    sound(page, "report-sign")
    follow(page.get_by_role("button", name="Sign", exact=True))
    expect(page.get_by_text("1 of 2 signatures")).to_be_visible()

    other = opened(second)
    other.goto(live_server.url + reverse("inspections:report_sign", args=[visit.key]))
    follow(other.get_by_role("button", name="Sign", exact=True))
    other.get_by_role("button", name="Submit the report").click()
    expect(other.get_by_role("heading", name="Report on the visit")).to_be_visible()
    sound(other, "report-public")
    picture = other.locator("#photographs img")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 800)  # from the host of uploads
    report = Report.objects.get()
    assert (report.state, report.evidence.get().caption) == ("submitted", "Rack 7, sealed")
    assert page.problems + other.problems == []


def test_what_is_typed_before_the_scripts_run_is_kept_and_saved(opened, live_server, visit):
    page = opened(visit.team.first().designation.user)
    held = []
    page.route("**/report-store*.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright cannot mark a builtin
    page.goto(live_server.url + reverse("inspections:visit", args=[visit.key]))
    page.get_by_role("button", name="Write the report").click(no_wait_after=True)
    page.wait_for_url("**/report/", wait_until="commit")
    fill_in(page)  # all of the page is there, its scripts are not
    [script] = held
    script.continue_()
    expect(page.locator("[data-report-status]")).to_contain_text("Saved on the server", timeout=15_000)
    answers = page.get_by_role("radio", name="Verified", exact=True).all()
    for answer in answers:
        expect(answer).to_be_checked()
    sections = Report.objects.get().sections.values()
    assert [item["answer"] for one in sections for item in one["items"].values()] == ["verified"] * len(answers) != []


@pytest.mark.parametrize("width", [1280, 380])
def test_the_overview_is_accessible_and_breaks_no_policy(opened, live_server, visit, width):
    writer = visit.team.first().designation.user
    now = timezone.now()
    make.submitted_report(visit, at=now, collected_at=now)
    page = opened(writer)
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("list", "report"):
        args = [visit.key, 1] if name == "report" else []
        page.goto(live_server.url + reverse(f"inspections:{name}", args=args))
        sound(page, f"{name}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.problems == []
