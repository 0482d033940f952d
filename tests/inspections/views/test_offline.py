import json
import re
from uuid import uuid4

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inspections.actions.evidence import remove_evidence
from inspections.models import Delivery, Evidence, Report
from inspections.queries.devices import FILES, keys_of, owner_of
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.conftest import ROOT
from tests.factories import NOON
from tests.inspections.views.test_pages import filled

JSON = {"headers": {"accept": "application/json, text/html"}}


@pytest.fixture
def visit(db):
    make.parties("aster")
    with time_machine.travel(NOON, tick=False):
        found = make.visit(state=VisitState.IN_PROGRESS, team=make.inspectors(each=1, bodies=("ivb", "nordic")))
        make.draft(found)
        yield found


@pytest.fixture
def team(visit):
    return [one.designation.user for one in visit.team.order_by("pk")]


@pytest.fixture
def at(visit):
    return lambda name, *more: reverse(f"inspections:{name}", args=[visit.key, *more])


@pytest.fixture
def writer(client, team):
    for user in team:
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(team[0])
    return client


def value(revision=1, **changes):
    return filled(None, revision, **{"device": DEVICE, "key": str(uuid4()), **changes})


DEVICE = str(uuid4())


def test_the_same_key_again_is_the_same_save_whatever_was_saved_since(writer, at, team):
    sent = value(**{"section-power-notes": "Sent once."})
    first = writer.post(at("report_form"), sent, **JSON).json()
    report = Report.objects.get()
    make.save_draft(report=report, value=make.report_value(), revision=2, by=team[1], at=NOON)
    again = writer.post(at("report_form"), sent, **JSON).json()
    assert (first["revision"], again["revision"], again["saved_at"]) == (2, 2, first["saved_at"])
    assert Report.objects.get().revision == 3
    late = value(2, conclusion="inconclusive")
    assert writer.post(at("report_form"), late, **JSON).json()["code"] == "draft_conflict"


def test_of_each_device_the_newest_save_alone_is_remembered(writer, at):
    for revision, device in ((1, DEVICE), (2, DEVICE), (3, str(uuid4()))):
        words = {"section-power-notes": f"After {revision}."}
        assert writer.post(at("report_form"), value(revision, device=device, **words), **JSON).status_code == 200
    assert Delivery.objects.count() == 2


def test_a_photograph_sent_again_is_one_and_brings_none_back_that_was_removed(writer, at, team):
    sent = {"key": str(uuid4()), "mark": "public"}

    def send():
        picture = SimpleUploadedFile("rack.jpg", make.photograph(), content_type="image/jpeg")
        return writer.post(at("photograph"), {**sent, "photograph": picture}, **JSON).json()

    assert send() == send()
    remove_evidence(evidence=Evidence.objects.get(), by=team[1], at=NOON)
    assert (send(), Evidence.objects.count()) == ({"id": None}, 0)


def test_answers_to_another_form_are_refused_and_stay_in_the_page(writer, at):
    page = writer.post(at("report_form"), value(version="another", **{"section-power-notes": "Old words."}))
    assert (page.status_code, b"Old words." in page.content) == (409, True)
    assert writer.post(at("report_form"), value(version="another"), **JSON).json()["code"] == "form_changed"
    assert Report.objects.get().revision == 1


def test_a_script_hears_that_it_is_signed_out_or_that_the_report_is_submitted(writer, client, at, visit, team):
    report = Report.objects.get()
    for user in team:
        make.sign_report(report=report, revision=1, by=user, at=NOON)
    key = str(uuid4())
    told = [writer.post(at("report_submit"), {"submission_key": key}, **JSON).json() for _ in range(2)]
    assert told[0] == told[1]
    for ask in (writer.get, writer.post):
        assert ask(at("report_form"), **JSON).json()["code"] == "report_locked"
    assert writer.post(at("photograph"), **JSON).json()["code"] == "report_locked"
    client.logout()
    assert client.get(at("report_form"), **JSON).status_code == 401
    assert client.get(at("report_form")).status_code == 302


def test_what_a_device_keeps_as_files_has_no_answer_no_person_and_no_key_in_it(writer, at, team):
    shell, worker = (writer.get(at(name)) for name in ("report_shell", "report_worker"))
    page = writer.get(at("report_form"))
    for secret in ("Seen: power.", team[0].name, team[0].email, owner_of(team[0]), keys_of(team[0])[0]):
        assert secret not in shell.content.decode() + worker.content.decode()
    assert all(keys_of(team[0])[0] in one.content.decode() for one in [page])
    assert page["Cache-Control"] == shell["Cache-Control"] == "private, no-store"
    fields = [re.findall(r'name="((?:items|section)[^"]*)"', one.content.decode()) for one in (page, shell)]
    assert fields[0] == fields[1]


def test_each_person_has_a_name_and_a_key_of_their_own_on_devices(team, settings):
    assert len({owner_of(user) for user in team} | {keys_of(user)[0] for user in team}) == 4
    before = keys_of(team[0])
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one, which the old drafts outlive"
    assert keys_of(team[0])[1:] == before


def test_the_worker_keeps_every_file_that_the_empty_form_and_its_scripts_name(writer, at):
    kept = json.loads(writer.get(at("report_worker")).content.split(b";\n", 1)[0].removeprefix(b"const KEPT = "))
    shell = writer.get(at("report_shell")).content.decode()
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', shell))
    assert named - {"/static/django_htmx/django-htmx.js"} <= set(kept["files"])
    for name in (one for one in FILES if re.fullmatch(r"js/(vendor/)?(report|idb).*\.js", one)):
        source = ROOT / "static" / name
        for imported in re.findall(r'from "(\.[^"]+)"', source.read_text()):
            assert str((source.parent / imported).resolve().relative_to(ROOT / "static")) in FILES


def test_another_version_of_the_form_is_another_worker(writer, at, monkeypatch):
    before = writer.get(at("report_worker")).content
    assert writer.get(at("report_worker")).content == before
    monkeypatch.setattr("inspections.views.offline.version", lambda _shell: "another")
    assert writer.get(at("report_worker")).content != before


def test_signing_out_shows_an_inspector_what_stays_on_the_device(writer, client, at, team):
    page = writer.get(reverse("inspections:drafts")).content.decode()
    assert (at("report_form") in page, owner_of(team[0]) in page) == (True, True)
    answer = writer.post(reverse("account_logout"))
    assert answer.url == reverse("inspections:drafts")
    page = client.get(answer.url).content.decode()
    assert ("You are signed out" in page, at("report_form") in page, 'data-owner=""' in page) == (True, False, True)
