"""The pages and the interface of the balance of compute, and what is filed through them."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inspections.actions.accounting import declare_work
from inspections.models import BalanceAlarm, ComputeObservation, WorkDeclaration
from inspections.rules.accounting import BalancePeriod
from inspections.tasks import note_alarms
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from verifier import balance as balance_command

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]
MONTHS = [datetime(2026, n, 1, tzinfo=UTC) for n in range(7, 12)]


@pytest.fixture
def still():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def hall():
    make.parties("aster")
    make.accreditations("ivb")
    return make.facility(make.laboratory("aster"))


def page(client, name, *args, status=200):
    answer = client.get(reverse(f"inspections:{name}", args=args))
    assert answer.status_code == status
    return answer.content.decode()


def sign_in(client, person):
    Authenticator.objects.get_or_create(user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    client.force_login(person)


def sent(client, user, hall, what, **data):
    sign_in(client, user)
    address = reverse(f"accounting_api:{what}", args=[hall.key])
    return client.post(address, json.dumps(data), content_type="application/json")


def span(start, end):
    return {"from_at": f"{start:%Y-%m-%d}T00:00:00Z", "until_at": f"{end:%Y-%m-%d}T00:00:00Z"}


def test_a_site_without_an_account_says_what_is_missing(client, hall):
    assert "0 of 1" in page(client, "balances")
    assert "Not enough periods yet" in page(client, "balance_party", "aster")
    assert "Not enough periods yet" in page(client, "balance_site", hall.key)
    page(client, "balance_party", "nobody", status=404)
    page(client, "balance_site", "nowhere", status=404)


def test_both_sides_are_filed_by_program_and_the_account_is_what_the_command_reads(client, hall, tmp_path, capsys):
    lab, body = make.representative(hall.organisation), make.officer(make.body("ivb"))
    for number, (start, end) in enumerate(pairwise(MONTHS)):
        work = {"work": {"inference": 1000}, "begun_with": None if number else 50, "in_progress": 50}
        assert sent(client, lab, hall, "declarations", **span(start, end), **work).status_code == 201
        seen = {"body": "ivb", "measurement": "power", "hours": 1100 if number == 2 else 1000}
        assert sent(client, body, hall, "observations", **span(start, end), **seen).status_code == 201
    refused = sent(client, lab, hall, "declarations", **span(*MONTHS[:2]), work={}, in_progress=0)
    assert (refused.status_code, refused.json()["code"]) == (409, "filing_refused")
    assert sent(client, lab, hall, "observations", **span(*MONTHS[:2]), **seen).status_code == 403
    assert sent(client, lab, hall, "declarations", work={}, status="verified").status_code == 400
    note_alarms()
    client.logout()
    account = client.get(reverse("accounting_api:balance", args=[hall.key])).json()["accounts"]["power"]
    (tmp_path / "p.json").write_text(json.dumps(account))
    parser = ArgumentParser()
    balance_command.add_arguments(parser)
    assert balance_command.run(parser.parse_args(["--periods", str(tmp_path / "p.json"), "--json"])) == 0
    assert json.loads(capsys.readouterr().out)["sitmuf"] == account["sitmuf"]
    assert client.get(reverse("accounting_api:balances")).json()["results"][0]["standing"] == "anomaly"
    for name, args in (("balances", ()), ("balance_party", ["aster"]), ("balance_site", [hall.key])):
        assert "Anomaly" in page(client, name, *args)
    [every, own] = [
        client.get(f"/figures/{name}.csv").content for name in ("balance", f"site-balance/{hall.key}/power")
    ]
    assert every == own
    assert b"polyline" not in client.get("/figures/party-balance/aster.svg").content
    assert json.loads(page(client, "balance_file", hall.key))["alarms"][0]["tests"] == ["sitmuf"]


def test_people_file_by_form_and_a_body_settles_the_anomaly(client, hall):
    sign_in(client, make.representative(hall.organisation))
    form = {"from_at": "2026-10-01T00:00", "until_at": "2026-11-01T00:00", "begun_with": "0", "in_progress": "0"}
    address = reverse("inspections:declare_work", args=[hall.key])
    assert "Done on run" not in client.get(address).content.decode()
    assert client.post(address, form | {"begun_with": "", "work_0": "1000"}).status_code == 409
    assert client.post(address, form | {"work_0": "1000"}).status_code == 302
    assert WorkDeclaration.objects.get().work == {"inference": 1000}
    page(client, "observe_compute", hall.key, status=403)
    sign_in(client, make.officer(make.body("ivb")))
    seen = {"organisation": "ivb", "period": "0", "measurement": "power", "hours": "1200"}
    assert client.post(reverse("inspections:observe_compute", args=[hall.key]), seen).status_code == 302
    assert ComputeObservation.objects.get().hours == 1200
    note_alarms()
    assert "Settle it" in page(client, "balance_site", hall.key)
    settle = reverse("inspections:settle_alarm", args=[hall.key, BalanceAlarm.objects.get().pk])
    assert client.post(settle, {"organisation": "ivb", "event": "clarify", "basis": " "}).status_code == 422
    words = {"organisation": "ivb", "event": "clarify", "basis": "<b>An exchanged meter.</b>"}
    assert client.post(settle, words).status_code == 302
    shown = page(client, "balance_site", hall.key)
    assert "&lt;b&gt;An exchanged meter." in shown
    assert "Clarified" in shown


def test_the_pages_ask_the_database_as_often_for_many_sites_as_for_one(client, hall, django_assert_max_num_queries):
    for number in range(4):
        make.facility(hall.organisation, key=f"hall-{number}", name=f"Hall {number}")
    with django_assert_max_num_queries(24):
        page(client, "balances")


def test_a_cell_says_what_it_needs_and_takes_a_reading(client, hall):
    shown = page(client, "cell", hall.key, "power")
    assert "nobody has looked at this layer here" in shown
    assert "International Verification Body" in shown
    page(client, "cell", hall.key, "nothing", status=404)
    sign_in(client, make.representative(hall.organisation))
    page(client, "read_stream", hall.key, "power", status=403)
    cells = client.get(reverse("accounting_api:matrix")).json()["results"]
    assert {one["needs"] for one in cells if one["layer"] == "power"} == {"first_visit"}
    sign_in(client, make.officer(make.body("ivb")))
    program = reverse("accounting_api:readings", args=[hall.key, "power"])
    sent_ = {"body": "ivb", "observed_at": "2026-11-22T10:00:00Z", "intact": True}
    assert client.post(program, json.dumps(sent_), content_type="application/json").status_code == 201
    address = reverse("inspections:read_stream", args=[hall.key, "power"])
    reading = {"organisation": "ivb", "observed_at": "2026-11-22T11:00", "intact": "no"}
    assert client.post(address, reading).status_code == 302
    assert client.post(address, reading | {"intact": "yes"}).status_code == 409
    assert "Broken, or changed" in page(client, "cell", hall.key, "power")


HEADING = "facility,from_at,until_at,measurement,hours\n"


def declared(hall, start=9, end=11):
    """The months that the laboratory has declared, so that a body may say what it saw."""
    by = make.representative(hall.organisation)
    for first, last in pairwise(MONTHS[start - 7 : end - 6]):
        declare_work(
            facility=hall, period=BalancePeriod(first, last), work={"inference": 900}, in_progress=0,
            begun_with=None if WorkDeclaration.objects.exists() else 0, by=by, at=NOON,
        )  # fmt: skip


def test_a_file_of_observations_is_checked_put_right_and_filed_whole_once(client, hall):
    declared(hall)
    rows = HEADING + f"{hall.key},2026-09-01,2026-10-01,power,1000\n{hall.key},2026-10-01,2026-11-01,power,1100\n"
    wrong = rows + "nowhere,2026-10-01,2026-11-01,power,7\n" + f"{hall.key},2026-05-01,2026-06-01,power,7\n"
    address, entries = reverse("inspections:file_observations"), Entry.objects.filter(kind="compute.observed")
    sign_in(client, make.officer(make.body("ivb")))

    def send(text, **more):
        return client.post(address, {"organisation": "ivb", "rows": text, **more})

    for button in ({}, {"file_all": "1"}):
        answer = send(wrong, **button)
        assert answer.status_code == (409 if button else 200)
        assert "There is no site" in answer.text
        assert "has declared nothing for this period" in answer.text
        assert "nowhere,2026-10-01" in answer.text  # what was sent stays in the form
        assert "File all rows" not in answer.text
    assert (ComputeObservation.objects.count(), entries.count()) == (0, 0)
    file = SimpleUploadedFile("seen.csv", rows.encode())
    assert "File all rows" in client.post(address, {"organisation": "ivb", "file": file}).text
    assert ComputeObservation.objects.count() == 0
    for _again in range(2):
        assert "Every row is on file" in send(rows, file_all="1").text
        assert (ComputeObservation.objects.count(), entries.count()) == (2, 2)
    assert "instead of 1000" in send(rows.replace("1000", "1010")).text
    assert send("not a heading").status_code == 409
    assert client.post(address, {"organisation": "ivb"}).status_code == 422


def test_a_program_tries_and_files_the_same_file_and_no_other_role_does(client, hall):
    declared(hall)
    sign_in(client, make.officer(make.body("ivb")))
    address = reverse("accounting_api:observation_file")
    file = HEADING + f"{hall.key},2026-10-01,2026-11-01,counters,1000\n"

    def send(text=file, **more):
        return client.post(address, json.dumps({"body": "ivb", "csv": text, **more}), content_type="application/json")

    told = send(trial=True)
    assert (told.status_code, told.json()["filed"], told.json()["rows"][0]["state"]) == (200, False, "new")
    refused = send(file + f"{hall.key},2026-10-01,2026-11-01,counters,2\n")
    assert (refused.status_code, refused.json()["code"]) == (409, "rows_refused")
    assert [one["state"] for one in refused.json()["rows"]] == ["new", "refused"]
    assert not ComputeObservation.objects.exists()
    assert [send().json()["rows"][0]["state"] for _ in range(2)] == ["new", "unchanged"]
    assert send(hours=3).status_code == 400
    for other in (make.representative(hall.organisation), make.officer(make.body("nordic")), make.depositary()):
        sign_in(client, other)
        assert send(file.replace("1000", "1")).status_code == 403
        assert client.get(reverse("inspections:file_observations")).status_code == 403
    assert ComputeObservation.objects.get().hours == 1000
