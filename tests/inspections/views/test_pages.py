import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import signing
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from inspections.actions.clarifications import dissent
from inspections.actions.evidence import attach_evidence
from inspections.models import Evidence, Report, Visit
from inspections.rules.findings import Severity
from inspections.rules.reports import Conclusion, Mark, ReportState
from inspections.rules.visits import VisitState
from inspections.views.files import FileAddress
from tests import factories as make
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]
JSON = {"headers": {"accept": "application/json"}}


@pytest.fixture
def still():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        yield


def sign_in(client, person):
    Authenticator.objects.get_or_create(user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    client.force_login(person)
    return client


@pytest.fixture
def people():
    return make.inspectors(each=2)


@pytest.fixture
def visit(people):
    make.parties("aster", "borealis")
    return make.visit(state=VisitState.IN_PROGRESS, team=people[:1] + people[2:3])


@pytest.fixture
def pair(visit):
    return [one.designation.user for one in visit.team.all()]


def address(name, visit, *more):
    return reverse(f"inspections:{name}", args=[visit.key, *more])


def filled(of, /, revision=0, **changes):
    """The form as a browser sends it."""
    fields = {"revision": revision, "conclusion": "consistent", "collected_at": "2026-11-22T12:00"}
    for layer, section in make.report_value().sections.items():
        fields |= {f"section-{layer}-notes": f"Seen: {layer}.", f"section-{layer}-mark": "public"}
        fields |= {f"items.{layer}.{item}.answer": "verified" for item in section.items}
    return fields | changes


FINDING = {
    "finding-0-severity": "discrepancy",
    "finding-0-layer": "power",
    "finding-0-article": "13",
    "finding-0-text": "Twice the power.",
    "finding-0-mark": "public",
    "finding-1-severity": "anomaly",
    "finding-1-layer": "chips",
    "finding-1-article": "",
    "finding-1-text": "",
}


# --- the public pages


@pytest.mark.parametrize("name", ["list", "evidence_page"])
def test_the_overview_answers_without_a_text(client, name):
    answer = client.get(reverse(f"inspections:{name}"))
    assert (answer.status_code, b"No treaty text" in answer.content) == (200, True)


def test_the_overview_shows_visits_reports_and_findings_and_leads_on_to_the_evidence(client, visit):
    make.submitted_report(visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),))
    page = client.get(reverse("inspections:list")).content.decode()
    for words in (
        "Aster Institute site 1",
        "Preliminary findings",
        "Discrepancy",
        "Power",
        'href="/inspections/evidence/"',
    ):
        assert words in page
    known = client.get(reverse("inspections:evidence_page")).content.decode()
    for words in ("Aster Institute site 1", 'id="matrix"', 'id="where"', 'id="conclusions"', 'id="frequency"'):
        assert words in known


def test_a_sealed_visit_is_counted_and_nothing_more(client, people):
    make.parties("aster")
    sealed = make.visit(make.facility(name="The secret hall"), team=people[:2], planned_from=NOON + timedelta(days=9))
    page = client.get(reverse("inspections:list")).content.decode()
    assert "1 more visit is planned and sealed." in page
    assert sealed.key not in page
    assert client.get(address("visit", sealed)).status_code == 404
    assert client.get("/figures/visits.csv").content.count(b"\n") == 1
    make.visit(make.facility(), state=VisitState.CANCELLED)  # called off before anybody was told
    assert client.get("/api/v1/visits/").json()["results"] == []
    sign_in(client, make.representative(make.laboratory("aster")))
    assert client.get(address("visit", sealed)).status_code == 404
    sign_in(client, people[0].user)
    assert b"This visit is sealed" in client.get(address("visit", sealed)).content


def test_programs_read_what_the_page_of_a_visit_shows(client, visit, people, django_assert_max_num_queries):
    made = make.submitted_report(visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),))
    [row] = client.get("/api/v1/visits/", {"lab": "aster", "state": "preliminary"}).json()["results"]
    assert (row["key"], row["facility"], row["bodies"]) == (visit.key, visit.facility.key, ["ivb", "nordic"])
    assert [stage["stage"] for stage in row["stages"]] == [
        "notice",
        "acknowledge",
        "access",
        "report",
        "comment",
        "final",
    ]
    assert [(one["version"], one["conclusion"]) for one in row["reports"]] == [(made.version, "discrepancy")]
    assert client.get(row["page"]).status_code == 200
    assert not any(person.user.name in str(row) for person in people)
    assert client.get("/api/v1/visits/?state=planned").status_code == 400
    for days in (9, 18):
        with django_assert_max_num_queries(9):
            client.get("/api/v1/visits/")
        earlier = NOON - timedelta(days=days)
        make.submitted_report(make.visit(state=VisitState.IN_PROGRESS, team=people[2:4], planned_from=earlier))


@pytest.mark.parametrize("table", ["matrix", "parity", "visits"])
def test_every_table_can_be_taken_away(client, visit, table):
    make.submitted_report(visit)
    rows = client.get(f"/figures/{table}.json").json()["rows"]
    lines = client.get(f"/figures/{table}.csv").content.decode().splitlines()
    assert len(lines) == len(rows) + 1 >= 2
    assert client.get("/figures/secrets.csv").status_code == 404


def count_queries(client, url, django_assert_max_num_queries):
    with django_assert_max_num_queries(60) as found:
        assert client.get(url).status_code == 200
    return len(found)


def test_the_overview_takes_the_same_number_of_queries_for_more_visits(client, people, django_assert_max_num_queries):
    make.parties("aster", "borealis")

    def add(number):
        site = make.facility(make.laboratory(("aster", "borealis")[number % 2]), key=f"site-{number}")
        team = [make.designation(make.body("ivb")), make.designation(make.body("nordic"))]
        made = make.visit(site, state=VisitState.IN_PROGRESS, team=team)
        make.submitted_report(made, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),))

    add(0)
    add(1)
    pages = [reverse("inspections:list"), reverse("inspections:evidence_page")]
    for page in pages:
        client.get(page)
    cache.clear()
    few = [count_queries(client, page, django_assert_max_num_queries) for page in pages]
    for number in range(2, 8):
        add(number)
    cache.clear()
    assert [count_queries(client, page, django_assert_max_num_queries) for page in pages] == few


def test_a_visits_page_shows_its_stages_and_no_names(client, visit, pair):
    page = client.get(address("visit", visit)).content.decode()
    assert "Access granted" in page
    assert "International Verification Body" in page
    assert pair[0].name not in page


def test_confidential_parts_are_sealed_for_all_but_the_bodies_and_the_inspected_party(client, visit, pair):
    sections = dict(make.report_value().sections)
    sections["weights"] = replace(sections["weights"], notes="Vault behind the stairs.", mark=Mark.SEALED)
    finding = make.finding_value(text="Serial 4711 is missing.", mark=Mark.SEALED)
    report = make.submitted_report(visit, sections=sections, conclusion=Conclusion.DISCREPANCY, findings=(finding,))
    sealed = ("Vault behind the stairs.", "Serial 4711")
    url = address("report", visit, report.version)
    for person in (
        None,
        make.representative(make.laboratory("borealis")),
        make.observer(),
        make.depositary(),
        make.officer(make.body("pacific")),
    ):
        if person:
            sign_in(client, person)
        page = client.get(url).content.decode()
        assert not any(words in page for words in sealed), person
        assert page.count("Sealed.") == 2
    for person in (pair[0], make.representative(make.laboratory("aster")), make.officer(make.body("ivb"))):
        page = sign_in(client, person).get(url).content.decode()
        assert all(words in page for words in sealed), person


def test_findings_are_shown_as_text_and_never_run(client, visit):
    evil = "<script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>"
    report = make.submitted_report(visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(text=evil),))
    page = client.get(address("report", visit, report.version)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page
    assert "<script>alert" not in page


# --- who may, page by page


def test_drafts_are_the_bodies_own(client, visit):
    make.draft(visit)
    pages = ("report_form", "report_draft", "report_sign")
    for page in pages:
        assert client.get(address(page, visit)).status_code == 302
    for stranger in (
        make.representative(make.laboratory("aster")),
        make.inspector(make.body("ivb")),
        make.observer(),
        make.depositary(),
    ):
        sign_in(client, stranger)
        assert [client.get(address(page, visit)).status_code for page in pages] == [403, 403, 403]
        assert client.post(address("report_form", visit), filled(visit, 1)).status_code == 403


def test_an_officer_of_the_body_reads_the_draft_and_does_not_write_in_it(client, visit):
    make.draft(visit)
    sign_in(client, make.officer(make.body("ivb")))
    assert client.get(address("report_form", visit)).status_code == 200
    assert client.post(address("report_form", visit), filled(visit, 1, conclusion="inconclusive")).status_code == 403
    assert Report.objects.get().conclusion == "consistent"


def test_reading_a_page_begins_nothing(client, visit, pair):
    sign_in(client, pair[0])
    assert client.get(address("report_form", visit)).status_code == 302
    assert not Report.objects.exists()


# --- the form


@pytest.fixture
def form(client, visit, pair):
    sign_in(client, pair[0])
    assert client.post(address("report_begin", visit)).url == address("report_form", visit)
    return address("report_form", visit)


def test_the_button_saves_the_draft_without_any_script(client, visit, form):
    answer = client.post(form, filled(visit, conclusion="discrepancy", **FINDING))
    assert answer.status_code == 302
    report = Report.objects.get()
    assert (report.revision, report.findings.get().text) == (1, "Twice the power.")
    page = client.get(form).content.decode()
    assert "Twice the power." in page
    assert page.count("data-finding>") == 3  # the finding, a blank row and the template


def test_the_script_is_told_the_revision_to_go_on_from(client, visit, form):
    def save(revision=0, **changes):
        return client.post(form, filled(visit, revision, device=str(uuid4()), key=str(uuid4()), **changes), **JSON)

    assert save().json()["revision"] == 1
    assert save(1).json()["revision"] == 1
    assert save(1, conclusion="inconclusive").json()["revision"] == 2


def test_a_newer_draft_on_the_server_is_a_conflict_that_loses_nothing(client, visit, form):
    client.post(form, filled(visit, conclusion="inconclusive"))
    mine = filled(visit, 0, **{"section-power-notes": "My own words."})
    answer = client.post(form, mine, **JSON)
    assert (answer.status_code, answer.json()["code"], answer.json()["revision"]) == (409, "draft_conflict", 1)
    page = client.post(form, mine)
    assert (page.status_code, b"My own words." in page.content, b"Save mine over the newer draft" in page.content) == (
        409,
        True,
        True,
    )
    assert Report.objects.get().conclusion == "inconclusive"
    client.post(form, mine | {"overwrite": "1"})
    assert Report.objects.get().sections["power"]["notes"] == "My own words."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("items.power.meters.answer", "perhaps"),
        ("items.power.meters.notes", "a\0b"),
        ("section-power-mark", "secret"),
        ("conclusion", "fine"),
        ("collected_at", "yesterday"),
        ("finding-0-severity", "clarified"),
        ("finding-0-layer", "cellar"),
        ("section-power-notes", "x" * 20_001),
        ("section-power-notes", "a\0b"),
        ("revision", "-1"),
    ],
)
def test_what_cannot_be_read_is_answered_with_everything_kept(client, visit, form, field, value):
    answer = client.post(form, filled(visit, conclusion="discrepancy", **FINDING) | {field: value})
    assert (answer.status_code, b"Twice the power." in answer.content) == (422, True)
    assert Report.objects.get().revision == 0


@pytest.mark.parametrize("field", ["section-power-notes", "items.power.meters.notes", "finding-0-text"])
def test_text_that_nobody_can_read_is_named_and_the_rest_is_kept(client, visit, form, field):
    typed = filled(visit, conclusion="discrepancy", **FINDING) | {"section-chips-notes": "Kept words."}
    for text, why in {"a\u202eb": "U+202E", "a" + "\u0301" * 9: "marks upon one letter", "a\ufffdb": "U+FFFD"}.items():
        page = client.post(form, typed | {field: f"First line\n{text}"})
        assert (page.status_code, "Line 2 holds" in page.text, why in page.text) == (422, True, True)
        assert "Kept words." in page.text
        told = client.post(form, typed | {field: text}, **JSON)
        assert (told.status_code, why in told.json()["detail"]) == (422, True)
    assert Report.objects.get().revision == 0


def test_ten_megabytes_of_text_are_refused_in_words_and_change_nothing(client, visit, form):
    typed = filled(visit, **{"section-power-notes": "x" * 10_000_000})
    page, told = client.post(form, typed), client.post(form, typed, **JSON)
    assert (page.status_code, "what you typed is still there: go back, shorten it" in page.text) == (413, True)
    assert (told.status_code, told.json()["code"]) == (413, "too_large")
    assert Report.objects.get().revision == 0


def test_what_is_typed_is_normalised_before_it_is_signed(client, visit, form):
    client.post(form, filled(visit, **{"section-power-notes": "Cafe\u0301\r\nnext"}))
    assert Report.objects.get().sections["power"]["notes"] == "Café\nnext"


def test_fields_that_are_not_the_forms_change_nothing(client, visit, form):
    client.post(form, filled(visit, state="submitted", version="9", visit="1", received_at="2026-11-22T12:00"))
    report = Report.objects.get()
    assert (report.state, report.version, report.received_at) == ("draft", 1, None)


def test_the_draft_can_be_taken_away_as_the_bytes_that_are_signed(client, visit, form):
    client.post(form, filled(visit))
    answer = client.get(address("report_draft", visit))
    assert answer["Content-Disposition"].startswith("attachment")
    passages = {one["place"]: one for one in json.loads(answer.content)["passages"]}
    assert passages["layers.power"] == {"place": "layers.power", "mark": "public", "value": {"notes": "Seen: power."}}


# --- signing and submitting


def test_two_people_sign_and_the_report_is_locked(client, visit, pair, form):
    client.post(form, filled(visit))
    for person in pair:
        sign_in(client, person)
        assert b"Commitment that you sign" in client.get(address("report_sign", visit)).content
        assert client.post(address("report_sign", visit), {"revision": 1}).status_code == 302
    key = {"submission_key": str(uuid4())}
    for _ in range(2):
        assert client.post(address("report_submit", visit), key).url == address("report", visit, 1)
    assert Report.objects.get().state == ReportState.SUBMITTED
    assert client.get(form).status_code == 302
    assert client.get(address("report_sign", visit)).url == address("visit", visit)


def test_one_signature_does_not_submit(client, visit, pair, form):
    client.post(form, filled(visit))
    client.post(address("report_sign", visit), {"revision": 1})
    assert b"Submit the report" not in client.get(address("report_sign", visit)).content
    answer = client.post(address("report_submit", visit), {"submission_key": str(uuid4())})
    assert (answer.status_code, b"1 of 2" in answer.content) == (409, True)
    assert Report.objects.get().state == ReportState.AWAITING


def test_an_incomplete_report_says_what_is_missing_and_is_not_signed(client, visit, form):
    client.post(form, filled(visit, **{"items.power.meters.answer": ""}))
    page = client.get(address("report_sign", visit)).content.decode()
    assert "Missing before anybody can sign" in page
    answer = client.post(address("report_sign", visit), {"revision": 1})
    assert (answer.status_code, b"1 of 5 items have none of the four answers yet" in answer.content) == (409, True)


def test_a_text_that_changed_meanwhile_is_not_signed(client, visit, form):
    client.post(form, filled(visit))
    client.post(form, filled(visit, 1, conclusion="inconclusive"))
    answer = client.post(address("report_sign", visit), {"revision": 1})
    assert (answer.status_code, b"newer" in answer.content) == (409, True)


# --- acts on a visit


def test_the_visit_goes_its_way_through_the_pages(client, people):
    make.parties("aster")
    visit = make.visit(state=VisitState.NOTIFIED, team=people[:1] + people[2:3])
    ada = make.representative(make.laboratory("aster"))
    sign_in(client, ada)
    assert b"Acknowledge the notice" in client.get(address("visit", visit)).content
    assert client.get(address("act", visit, "acknowledge")).status_code == 200
    client.post(address("act", visit, "acknowledge"))
    sign_in(client, people[0].user)
    assert client.post(address("act", visit, "delay"), {"reason": ""}).status_code == 422
    client.post(address("act", visit, "delay"), {"reason": "The escort is late.", "cause": "party"})
    for event in ("grant", "begin"):
        assert client.post(address("act", visit, event)).status_code == 302
    visit.refresh_from_db()
    assert visit.state == VisitState.IN_PROGRESS


@pytest.mark.parametrize("event", ["acknowledge", "grant", "begin", "finalise", "cancel"])
def test_a_stranger_acts_on_nothing(client, people, event):
    make.parties("aster")
    visit = make.visit(state=VisitState.NOTIFIED, team=people[:2])
    url = address("act", visit, event)
    assert client.post(url).status_code == 302  # to the sign-in
    sign_in(client, make.representative(make.laboratory("borealis")))
    assert client.post(url).status_code == 403
    visit.refresh_from_db()
    assert visit.state == VisitState.NOTIFIED
    assert client.post(address("act", visit, "notify")).status_code == 404


def test_the_party_comments_and_a_finding_is_clarified(client, visit, pair):
    report = make.submitted_report(visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),))
    sign_in(client, make.representative(make.laboratory("aster")))
    assert b"Comment on the report" in client.get(address("report", visit, 1)).content
    client.post(address("comment", visit, 1), {"text": "A meter was wrong."})
    sign_in(client, pair[0])
    assert (
        client.post(
            address("settle", visit, 1, 1), {"event": "clarify", "basis": "The meter was replaced."}
        ).status_code
        == 302
    )
    page = client.get(address("report", visit, 1)).content.decode()
    assert "A meter was wrong." in page
    assert "The meter was replaced." in page
    assert report.findings.get().state == Severity.CLARIFIED


# --- photographs


def upload(data, name="rack.jpg", **fields):
    picture = SimpleUploadedFile(name, data, content_type="image/jpeg")
    return {"photograph": picture, "caption": "Rack 7", "mark": "public", **fields}


def test_a_photograph_is_sent_with_and_without_script(client, visit, form):
    told = client.post(address("photograph", visit), upload(make.photograph(), layer="chips.seals"), **JSON).json()
    assert told["caption"] == "Rack 7"
    assert (Evidence.objects.get().layer, Evidence.objects.get().item) == ("chips", "seals")
    assert client.post(address("photograph", visit), upload(make.photograph("PNG"))).status_code == 302
    assert Evidence.objects.count() == 2


def test_a_photograph_sent_again_after_a_time_out_is_one(client, visit, form):
    first, second = (
        client.post(address("photograph", visit), upload(make.photograph()), **JSON).json() for _ in range(2)
    )
    assert first["id"] == second["id"]


@pytest.mark.parametrize("data", [b"", b"<html>", b'<svg xmlns="http://www.w3.org/2000/svg"/>'])
def test_a_refused_photograph_says_why_and_keeps_its_caption(client, visit, form, data):
    answer = client.post(address("photograph", visit), upload(data))
    assert (answer.status_code, b"Rack 7" in answer.content) == (409, True)
    told = client.post(address("photograph", visit), upload(data), **JSON)
    assert told.status_code == 409
    assert told.json()["code"].startswith("upload_")
    assert not Evidence.objects.exists()


def test_no_photograph_chosen_is_said_so(client, visit, form):
    assert client.post(address("photograph", visit), {"caption": "Rack 7"}, **JSON).status_code == 400


@pytest.fixture
def photographs(visit, pair):
    report = make.draft(visit)
    who = {"report": report, "by": pair[0], "at": NOON}
    plain = attach_evidence(**who, data=make.photograph(), name="plain.jpg")
    secret = attach_evidence(**who, data=make.photograph(colour=(9, 9, 9)), name="secret.jpg", mark=Mark.SEALED)
    return report, plain, secret


def asked(client, evidence, form):
    """What the site answers, and where it sends on, what the host of uploads does to somebody without a cookie."""
    answer = client.get(reverse("inspections:evidence", args=[evidence.pk, form]))
    return answer if answer.status_code != 302 else fetched(answer.url)


def fetched(url):
    assert url.startswith("http://files.localhost:8000/evidence/")
    answer = Client(HTTP_HOST="files.localhost:8000").get(url.removeprefix("http://files.localhost:8000"))
    if answer.streaming:
        answer.body = b"".join(answer)  # read to its end, which closes the file
    assert not answer.cookies
    return answer


def seen(client, *evidence):
    return [asked(client, one, form).status_code for one in evidence for form in ("copy", "original")]


def test_nobody_outside_sees_a_drafts_photographs(client, photographs, pair):
    _report, plain, secret = photographs
    assert seen(client, plain, secret) == [404, 404, 404, 404]
    for stranger in (make.representative(make.laboratory("aster")), make.observer(), make.inspector(make.body("ivb"))):
        assert seen(sign_in(client, stranger), plain, secret) == [404, 404, 404, 404]
    assert seen(sign_in(client, pair[0]), plain, secret) == [200, 200, 200, 200]


def test_originals_stay_sealed_after_submission_and_confidential_copies_go_to_the_party_alone(
    client, photographs, pair
):
    report, plain, secret = photographs
    for person in pair:
        make.sign_report(report=report, revision=report.revision, by=person, at=NOON)
    make.submit_report(report=report, submission_key="k", by=pair[0], at=NOON)
    assert seen(client, plain, secret) == [200, 404, 404, 404]
    assert seen(sign_in(client, make.representative(make.laboratory("borealis"))), plain, secret) == [
        200,
        404,
        404,
        404,
    ]
    assert seen(sign_in(client, make.representative(make.laboratory("aster"))), plain, secret) == [200, 404, 200, 404]
    assert seen(sign_in(client, make.officer(make.body("ivb"))), plain, secret) == [200, 200, 200, 200]


def test_a_photograph_is_a_download_that_no_browser_runs(client, photographs, pair):
    _report, plain, _secret = photographs
    answer = asked(sign_in(client, pair[0]), plain, "original")
    assert answer["Content-Disposition"] == 'attachment; filename="plain.jpg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox"
    )
    assert "no-store" in answer["Cache-Control"]
    assert answer.body == make.photograph()


def test_a_files_address_holds_for_two_minutes_and_for_that_file_alone(client, photographs, pair):
    _report, plain, secret = photographs
    url = sign_in(client, pair[0]).get(reverse("inspections:evidence", args=[plain.pk, "copy"])).url
    own = FileAddress(plain.pk, "copy").url
    assert fetched(url).status_code == 200
    with time_machine.travel(NOON + timedelta(seconds=121), tick=False):
        assert fetched(url).status_code == 404
    for wrong in (url[:-3] + "x/", url.replace(url.split("/")[-2], "x"), own.replace("/evidence/", "/evidence/x")):
        assert fetched(wrong).status_code == 404
    assert signing.loads(url.split("/")[-2], salt="fermata.files") == [plain.pk, "copy"] != [secret.pk, "copy"]


def test_the_host_of_uploads_has_nothing_of_the_site_and_the_site_no_file(client, photographs, pair):
    _report, plain, _secret = photographs
    files = Client(HTTP_HOST="files.localhost:8000")
    files.force_login(pair[0])
    paths = ("/", "/inspections/", "/api/v1/", f"/inspections/evidence/{plain.pk}/copy/", "/ledger/")
    assert [files.get(path).status_code for path in paths] == [404] * len(paths)
    token = FileAddress(plain.pk, "copy").url.split("/")[-2]
    assert sign_in(client, pair[0]).get(f"/evidence/{token}/").status_code == 404


def test_a_photograph_is_removed_by_the_team_alone(client, photographs, visit, pair):
    _report, plain, _secret = photographs
    url = address("photograph_remove", visit, plain.pk)
    assert sign_in(client, make.representative(make.laboratory("aster"))).post(url).status_code == 404
    assert sign_in(client, make.officer(make.body("ivb"))).post(url).status_code == 403
    assert sign_in(client, pair[1]).post(url).status_code == 302
    assert list(Evidence.objects.values_list("name", flat=True)) == ["secret.jpg"]


def test_visits_pages_stand_for_every_state(client, people):
    make.parties("aster")
    for number, state in enumerate(VisitState):
        made = make.visit(make.facility(key=f"s{number}"), state=state)
        expected = 404 if state in {VisitState.PLANNED, VisitState.CANCELLED} else 200
        assert client.get(address("visit", made)).status_code == expected, state
    assert Visit.objects.count() == len(VisitState)


def test_parity_and_grades_are_pages_with_the_entries_behind_each_figure(client, visit):
    make.submitted_report(visit)
    shown = client.get(reverse("inspections:grades")).content.decode()
    assert "Aster Institute" in shown
    assert "International Verification Body" in shown
    assert client.get(reverse("inspections:graded", args=["aster"])).status_code == 200
    assert visit.key in client.get(reverse("inspections:graded", args=["ivb"])).content.decode()
    assert client.get(reverse("inspections:graded", args=["nobody"])).status_code == 404
    rows = client.get(reverse("accounting_api:grades")).json()["now"]["labs"]
    assert {row["lab"]: row["visits"] for row in rows}["aster"] == 1
    assert client.get("/figures/grades.csv").status_code == 200


def test_the_grades_show_who_dissents_from_a_report_and_whether_its_conclusion_stands(client, visit):
    report, grades = make.submitted_report(visit), reverse("inspections:grades")
    assert "Nobody dissents from the conclusion" in client.get(grades).text
    inspector, pacific = (
        visit.team.first().designation,
        make.officer(make.accreditation(make.body("pacific")).organisation),
    )
    about = {"report": report, "finding": None, "words": "I saw less.", "at": NOON}
    for body, by, word in ((inspector.body, inspector.user, "Stands"), (make.body("pacific"), pacific, "Not drawn")):
        dissent(body=body, by=by, **about)
        cache.clear()
        page = client.get(grades).text
        assert (f"{visit.key}/1" in page, word in page) == (True, True)
