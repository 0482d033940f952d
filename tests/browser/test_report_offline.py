"""The report form without a connection: what is typed survives, and is received exactly once."""

import json
import os
import re
import signal
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Error, expect

from inspections.actions.evidence import remove_evidence
from inspections.actions.reports import save_draft, sign_report, submit_report
from inspections.forms import DraftForm
from inspections.models import Evidence, Report
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.browser.conftest import OPTIONS, REPORT_VIOLATIONS
from tests.browser.wires import Wire
from tests.follow import follow
from tests.together import entries

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HEAD = ".page-head, .banner"  # what changes there; the form below is looked at whole once
EXPECTED = re.compile(r"Failed to load resource|net::ERR_|service worker|ServiceWorker")


@pytest.fixture(autouse=True)
def sealed_storage(tmp_path, monkeypatch):
    for field in ("file", "published"):
        monkeypatch.setattr(Evidence._meta.get_field(field), "storage", FileSystemStorage(tmp_path / "evidence"))


@pytest.fixture
def wire(live_server):
    made = Wire(urlsplit(live_server.url).port)
    yield made
    made.close()


@pytest.fixture
def visit():
    make.parties("aster")
    people = make.inspectors(each=1, bodies=("ivb", "nordic"))
    start = timezone.now() - timedelta(hours=2)
    found = make.visit(state=VisitState.IN_PROGRESS, team=people, planned_from=start)
    make.open_report(visit=found, by=found.team.first().designation.user, at=timezone.now())
    return found


@pytest.fixture
def form(wire, visit):
    return wire.url + reverse("inspections:report_form", args=[visit.key])


@pytest.fixture
def team(visit):
    return [one.designation.user for one in visit.team.order_by("pk")]


def watch(context, problems):
    context.add_init_script(REPORT_VIOLATIONS)
    page = context.pages[0] if context.pages else context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda message: problems.append(message.text) if is_a_problem(message) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return page


def is_a_problem(message):
    return message.type == "error" and not EXPECTED.search(message.text)


@pytest.fixture
def device(chromium):
    """`device()` is a browser of its own, with nothing in it; `device.problems` what its pages complained of."""
    contexts, problems = [], []

    def fresh(**options):
        contexts.append(
            chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **options)
        )
        return watch(contexts[-1], problems)

    yield fresh
    for context in contexts:
        context.close()
    assert problems == []


def sign_in(page, user, wire):
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": wire.url}])


def notes(page):
    return page.locator("[name=section-power-notes]")


def status(page, words):
    expect(page.locator("[data-report-status]")).to_contain_text(words, timeout=20_000)


def ready(page):
    expect(page.get_by_text("ready without a connection", exact=True)).to_be_visible(timeout=20_000)


def save(page):
    page.get_by_role("button", name="Save the draft").click()


def stored():
    return json.dumps(Report.objects.get().sections)


def shot(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def large_photograph():
    """A JPEG of some five megabytes, which noise alone makes."""
    file = BytesIO()
    Image.frombytes("RGB", (2600, 1950), os.urandom(2600 * 1950 * 3)).save(file, "JPEG", quality=92)
    assert 4_000_000 < file.tell() < 10_000_000
    return {"name": "rack.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def photograph(page, file, caption):
    page.locator("[name=photograph]").set_input_files(file)
    page.locator("#photographs [name=caption]").fill(caption)
    page.get_by_role("button", name="Send the photograph").click()


def submit(report, team):
    """The whole of it, signed by both and submitted, from another device."""
    at = timezone.now()
    value = make.report_value(collected_at=at)
    report = save_draft(report=report, value=value, revision=report.revision, by=team[1], at=at)
    for user in team:
        sign_report(report=report, revision=report.revision, by=user, at=at)
    submit_report(report=report, submission_key="elsewhere-elsewhere", by=team[1], at=at)


def sign_out(page):
    page.locator(".menu summary").click()
    follow(page.get_by_role("button", name="Sign out"))


def work_in_the_cellar(page, wire, axe):
    wire.cut()
    notes(page).fill("Typed in the cellar.")
    status(page, "Saved on this device")
    save(page)
    status(page, "No connection")
    photograph(page, large_photograph(), "Rack 7")
    expect(page.locator("[data-report-queue]")).to_contain_text("waits for a connection")
    page.reload()
    expect(page.get_by_text("Restored from this device")).to_be_visible()
    expect(notes(page)).to_have_value("Typed in the cellar.")
    expect(page.locator("[data-report-queue]")).to_contain_text("Rack 7")
    axe(page, HEAD + ", #photographs")
    shot(page, "offline-restored")
    assert "cellar" not in stored()


def test_without_a_network_reloads_and_a_sign_out_lose_nothing(device, wire, form, team, axe):
    page = device()
    sign_in(page, team[0], wire)
    page.goto(form)
    ready(page)
    axe(page)
    shot(page, "offline-ready")
    work_in_the_cellar(page, wire, axe)

    wire.mend()
    Session.objects.all().delete()  # it expires while the photograph and the draft wait
    save(page)
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    axe(page, HEAD)
    sign_in(page, team[1], wire)  # a colleague, on the same device, in another tab
    other = page.context.new_page()
    other.goto(wire.url + reverse("inspections:drafts"))
    expect(page.get_by_role("heading", name="You are no longer signed in on this device")).to_be_visible()
    other.close()
    assert "cellar" not in page.content()
    page.goto(form)
    expect(notes(page)).to_have_value("")
    expect(page.locator("[data-report-queue] li")).to_have_count(0)
    sign_out(page)
    expect(page.locator("[data-drafts-list]")).to_contain_text("not all of it has reached the site")
    axe(page)
    shot(page, "offline-signed-out")
    page.goto(form)
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    wire.cut()
    page.goto(form)
    expect(page.get_by_role("heading", name="Sign in to open your draft")).to_be_visible()
    assert "cellar" not in page.content()

    wire.mend()
    sign_in(page, team[0], wire)
    page.goto(form)
    expect(notes(page)).to_have_value("Typed in the cellar.")
    status(page, "Saved on the server")
    expect(page.locator("[data-report-photographs]").get_by_text("Rack 7")).to_be_visible()
    report = Report.objects.get()
    assert (report.revision, stored().count("cellar"), report.evidence.count()) == (1, 1, 1)


def test_an_answer_that_is_lost_makes_no_second_save_and_no_second_photograph(device, wire, form, team):
    page = device()
    sign_in(page, team[0], wire)
    page.goto(form)
    ready(page)
    wire.is_deaf = True
    notes(page).fill("Sent into the dark.")
    status(page, "No connection")
    wire.mend()
    assert Report.objects.get().revision == 1
    at = timezone.now()
    whole = make.report_value(collected_at=at)
    save_draft(report=Report.objects.get(), value=whole, revision=1, by=team[1], at=at)
    save(page)  # sent again under its key: the first answer, although the draft has moved on since
    status(page, "Saved on the server")
    expect(page.locator("[data-report-conflict]")).to_be_hidden()
    wire.is_deaf = True
    photograph(page, large_photograph(), "Rack 8")
    expect(page.locator("[data-report-queue]")).to_contain_text("waits for a connection", timeout=20_000)
    wire.mend()
    remove_evidence(evidence=Evidence.objects.get(), by=team[1], at=timezone.now())
    save(page)
    expect(page.locator("[data-report-queue] li")).to_have_count(0)
    assert (Report.objects.get().revision, Evidence.objects.count()) == (2, 0)
    for user in team:
        sign_report(report=Report.objects.get(), revision=2, by=user, at=timezone.now())
    page.goto(form + "sign/")
    wire.is_deaf = True
    page.get_by_role("button", name="Submit the report").click()
    expect(page.locator("[data-report-submit-status]")).to_contain_text("sent again by itself")
    wire.mend()
    expect(page.get_by_role("heading", name="Report on the visit")).to_be_visible(timeout=20_000)
    assert entries("report.submitted") == 1


def test_two_devices_meet_in_a_choice_that_loses_nothing(device, wire, form, team, axe):
    phone, desk = device(), device()
    for page in (phone, desk):
        sign_in(page, team[0], wire)
        page.goto(form)
        ready(page)
    desk.locator("[name=section-chips-notes]").fill("Counted at the desk.")
    notes(desk).fill("From the desk.")
    save(desk)
    status(desk, "Saved on the server")
    notes(phone).fill("From the phone.")
    save(phone)
    expect(phone.get_by_role("heading", name="The draft on the site is newer")).to_be_visible()
    axe(phone)
    shot(phone, "offline-conflict")
    phone.set_viewport_size({"width": 390, "height": 844})
    shot(phone, "offline-conflict-390")
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(phone.locator("[name=choice-layer-chips][value=theirs]")).to_be_checked()
    phone.get_by_role("button", name="Go on with what is chosen").click()
    expect(phone.locator("[data-report-unchosen]")).to_contain_text("Choose for:")
    axe(phone, "[data-report-conflict]")
    phone.locator("[name=choice-layer-power][value=mine]").press("Space")
    phone.get_by_role("button", name="Go on with what is chosen").press("Enter")
    status(phone, "Saved on the server")
    axe(phone, HEAD)
    assert "Counted at the desk." in stored()
    assert "From the phone." in stored()
    with phone.expect_download() as download:
        phone.get_by_role("button", name="Save as a file").click()
    assert "From the desk." in download.value.path().read_text()


def test_a_draft_goes_to_another_device_as_a_file(device, wire, form, team, axe, tmp_path):
    old, new = device(), device()
    for page in (old, new):
        sign_in(page, team[0], wire)
        page.goto(form)
        ready(page)
    wire.cut()
    notes(old).fill("Carried on a stick.")
    photograph(old, {"name": "seal.jpg", "mimeType": "image/jpeg", "buffer": make.photograph()}, "The seal")
    expect(old.locator("[data-report-queue] li")).to_have_count(1)
    with old.expect_download() as download:
        old.get_by_role("button", name="Save as a file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    wire.mend()
    new.locator("#import").set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"{}"})
    expect(new.locator("#import-error")).to_have_text("This file holds no draft of this visit.")
    axe(new, "#device")
    new.locator("#import").set_input_files(file)
    new.get_by_role("radio", name="In the file").check()
    new.get_by_role("button", name="Go on with what is chosen").click()
    status(new, "Saved on the server")
    expect(new.locator("[data-report-photographs]").get_by_text("The seal")).to_be_visible()
    save(old)
    expect(old.locator("[data-report-queue] li")).to_have_count(0, timeout=20_000)
    assert (stored().count("stick"), Evidence.objects.count()) == (1, 1)


def test_a_refused_photograph_comes_back_with_its_caption(device, wire, form, team, axe):
    page = device()
    sign_in(page, team[0], wire)
    page.goto(form)
    photograph(page, {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": b"<html></html>"}, "A page")
    expect(page.locator("[data-report-queue]")).to_contain_text("more than a picture")
    axe(page, "#photographs")
    page.get_by_role("button", name="Change and send again").click()
    expect(page.locator("[data-report-upload-error]")).to_contain_text("more than a picture")
    assert page.locator("#photographs [name=caption]").input_value() == "A page"
    assert page.locator("[name=photograph]").evaluate("input => input.files.length") == 1
    assert Evidence.objects.count() == 0


def test_a_full_device_says_so_and_the_site_still_receives(device, wire, form, team, axe):
    page = device()
    sign_in(page, team[0], wire)
    protocol = page.context.new_cdp_session(page)
    protocol.send("Storage.overrideQuotaForOrigin", {"origin": wire.url, "quotaSize": 1})
    page.goto(form)
    expect(page.get_by_text("only with a connection: this device keeps nothing")).to_be_visible()
    notes(page).fill("No room for this.")
    status(page, "This device has no room left")
    axe(page, HEAD)
    status(page, "Saved on the server")
    photograph(page, large_photograph(), "From memory")
    expect(page.locator("[data-report-photographs]").get_by_text("From memory")).to_be_visible()
    assert (stored().count("No room"), Evidence.objects.count()) == (1, 1)


def test_a_dead_battery_loses_nothing_that_was_saved_on_the_device(chromium, chromium_path, tmp_path, wire, form, team):
    problems = []

    def start():
        options = {"executable_path": chromium_path, "args": OPTIONS, "headless": True}
        return chromium.browser_type.launch_persistent_context(tmp_path / "profile", **options)

    context = start()
    page = watch(context, problems)
    sign_in(page, team[0], wire)
    page.goto(form)
    ready(page)
    wire.cut()
    notes(page).fill("Before the light went out.")
    status(page, "Saved on this device")
    for process in processes_of(tmp_path / "profile"):
        os.kill(process, signal.SIGKILL)
    with suppress(Error):
        context.close()
    context = start()
    page = watch(context, problems)
    page.goto(form)  # without a network still
    expect(notes(page)).to_have_value("Before the light went out.")
    wire.mend()
    sign_in(page, team[0], wire)
    save(page)
    status(page, "Saved on the server")
    context.close()
    assert (stored().count("light went out"), problems) == (1, [])


def processes_of(profile):
    """The processes of the browser that uses this profile, and of no other."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"--user-data-dir={profile}".encode() in (folder / "cmdline").read_bytes():
                yield int(folder.name)


AS_ANOTHER_RELEASE_HAD_IT = """() => {
  document.querySelector("[name=section-power-notes]").name = "section-power-remarks";
}"""


def test_a_report_that_was_submitted_or_a_form_that_changed_meanwhile_is_said_and_keeps_what_was_typed(
    device, wire, form, team, axe, monkeypatch
):
    page = device()
    sign_in(page, team[0], wire)
    page.goto(form)
    ready(page)
    monkeypatch.setattr(DraftForm, "version", "another")
    page.evaluate(AS_ANOTHER_RELEASE_HAD_IT)
    page.locator("[name=section-power-remarks]").fill("Typed into the old form.")
    page.locator("[name=section-chips-notes]").fill("In both forms.")
    expect(page.get_by_role("heading", name="The form has changed")).to_be_visible(timeout=20_000)
    axe(page, HEAD)
    shot(page, "offline-form-changed")
    follow(page.get_by_role("link", name="Open the form anew"))
    expect(page.get_by_role("heading", name="Answers without a place")).to_be_visible()
    expect(page.locator("[data-report-homeless]")).to_contain_text("Typed into the old form.")
    axe(page, HEAD)
    status(page, "Saved on the server")
    assert "In both forms." in stored()
    submit(Report.objects.get(), team)
    notes(page).fill("Too late.")
    expect(page.get_by_role("heading", name="The report was submitted meanwhile")).to_be_visible(timeout=20_000)
    axe(page, HEAD)
    shot(page, "offline-locked")
    assert notes(page).input_value() == "Too late."
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    assert "Too late." in download.value.path().read_text()
    assert "Too late." not in stored()
