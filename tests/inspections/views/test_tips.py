"""Where tips come in nobody is known; where bodies take them only their officers are let in."""

import logging
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from config import processes
from inspections.actions.tips import open_tip, record_tips
from inspections.models import Recipient, Tip, TipAnswer, TipHandling
from inspections.queries.tasks import tasks_for
from tests import factories as make
from tests.factories import NOON
from tests.tips import body_with_root, published, recipient_of, seal, signature, unseal

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SECRET = "The night shift keeps no sheet."


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def root(noon):
    return body_with_root()


@pytest.fixture
def officer(root):
    found = make.officer(make.body())
    Authenticator.objects.create(user=found, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return found


def upload(data):
    return {"file": SimpleUploadedFile("tip.age", data)}


def rows_as_text():
    """All that the database holds, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def test_a_sealed_file_is_taken_from_nobody_and_leads_back_to_its_answers(client, root, officer, noon):
    published(root)
    page = client.get("/tips/")
    assert recipient_of() in page.text
    taken = client.post("/tips/send/", upload(seal(SECRET, "ivb")), REMOTE_ADDR="203.0.113.7")
    tip = Tip.objects.get()
    assert taken.status_code == 201
    assert tip.handle in taken.text
    noon.shift(HOUR)
    record_tips(at=NOON + HOUR)
    assert tip.sha256[:8] in client.get("/tips/received/").text
    client.force_login(officer)
    desk = f"/inspections/bodies/ivb/tips/{tip.sha256}/"
    assert unseal(client.get(desk + "sealed.age").content) == SECRET
    assert client.post(desk + "open/").status_code == 302
    answer = seal("Who else saw it?", "somebody")
    assert client.post(desk + "answer/", upload(answer)).status_code == 302
    assert client.post(desk + "close/", {"outcome": "followed", "words": "A visit follows"}).status_code == 302
    client.logout()
    told = client.post("/tips/answers/", {"handle": tip.handle}, headers={"accept": "application/json"}).json()
    assert told["handlings"][0]["words"] == "A visit follows"
    assert unseal(TipAnswer.objects.get().sealed, "somebody") == "Who else saw it?"
    assert "BEGIN AGE ENCRYPTED FILE" in client.post("/tips/answers/", {"handle": tip.handle}).text


def test_no_plain_text_and_no_address_is_in_the_database_or_the_log_and_no_cookie_is_set(client, root, officer, caplog):
    published(root)
    client.force_login(officer)
    sessions = rows_as_text().count("203.0.113.7")
    with caplog.at_level(logging.DEBUG):
        for path in ("/tips/", "/tips/answers/", "/tips/received/", "/tips/nowhere/"):
            answer = client.get(path, REMOTE_ADDR="203.0.113.7", headers={"x-forwarded-for": "203.0.113.7"})
            assert not answer.cookies
            assert "Ivb" not in answer.headers.get("Set-Cookie", "")
        sent = upload(seal(SECRET))
        answer = client.post("/tips/send/", sent, REMOTE_ADDR="203.0.113.7", headers={"x-forwarded-for": "203.0.113.7"})
    assert answer.status_code == 201
    assert not answer.cookies
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    held = rows_as_text() + caplog.text
    assert SECRET not in held
    assert held.count("203.0.113.7") == sessions
    assert "came in" not in client.get("/tips/").text.lower()
    assert "--access-log" not in processes.web(8000)


def test_the_page_says_when_the_browser_brought_cookies_and_runs_nothing_but_its_own_modules(client, root, officer):
    published(root)
    words = "Your browser brought cookies"
    assert words not in client.get("/tips/").text
    client.force_login(officer)
    page = client.get("/tips/")
    assert words in page.text
    policy = page.headers["Content-Security-Policy"]
    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "require-trusted-types-for 'script'",
        "connect-src 'self'",
    ):
        assert directive in policy
    assert "unsafe" not in policy


def test_what_is_not_sealed_is_refused_and_nothing_of_it_is_kept(client, root):
    for data in (SECRET.encode(), b"", bytes(300_000), seal("", size=1000)):
        answer = client.post("/tips/send/", upload(data))
        assert answer.status_code == 400
        assert "The file was not taken" in answer.text
    assert client.post("/tips/send/", {}).status_code == 400
    wrong = client.post("/tips/send/", {**upload(seal(SECRET)), "handle": "x"}, headers={"accept": "application/json"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")
    assert Tip.objects.count() == 0


def test_an_unknown_handle_leads_nowhere(client, root):
    assert "No tip was received" in client.post("/tips/answers/", {"handle": "ab" * 32}).text
    answer = client.post("/tips/answers/", {"handle": "a code"}, headers={"accept": "application/json"})
    assert answer.status_code == 404


def test_nobody_but_officers_of_the_body_sees_its_desk(client, root, noon, officer):
    client.post("/tips/send/", upload(seal(SECRET)))
    record_tips(at=NOON + HOUR)
    tip = Tip.objects.get()
    others = [None, make.inspector(make.body()), make.representative(), make.officer(make.body("nordic"))]
    for other in others:
        client.logout()
        if other:
            Authenticator.objects.create(user=other, type=Authenticator.Type.TOTP, data={"secret": "x"})
            client.force_login(other)
        for path in ("", f"{tip.sha256}/", f"{tip.sha256}/sealed.age", f"{tip.sha256}/open/"):
            assert client.get(f"/inspections/bodies/ivb/tips/{path}").status_code == (403 if other else 302)
        client.post(f"/inspections/bodies/ivb/tips/{tip.sha256}/open/")
    assert TipHandling.objects.count() == 0


def test_an_officer_is_asked_to_open_what_came_until_it_is_opened(client, root, officer, noon):
    client.post("/tips/send/", upload(seal(SECRET)))
    assert tasks_for(officer, NOON) == []
    record_tips(at=NOON + HOUR)
    [task] = tasks_for(officer, NOON + HOUR)
    assert task.url == "/inspections/bodies/ivb/tips/"
    client.force_login(officer)
    assert "Received" in client.get(task.url).text
    open_tip(tip=Tip.objects.get(), body=make.body(), by=officer, at=NOON + HOUR)
    assert tasks_for(officer, NOON + HOUR) == []


def test_a_body_publishes_and_withdraws_its_recipient_on_pages(client, root, officer):
    client.force_login(officer)
    recipient = recipient_of()
    page = client.post("/inspections/bodies/ivb/recipients/new/", {"recipient": recipient, "signed_by": "root"})
    assert "fermata-recipient-v1" in page.text
    fields = {"recipient": recipient, "signed_by": "root", "step": "sign", "signature": signature(root, recipient)}
    assert client.post("/inspections/bodies/ivb/recipients/new/", fields).status_code == 302
    assert "cooling off" in client.get("/inspections/bodies/ivb/").text
    assert "No body can take a tip yet" in client.get("/tips/").text
    away = f"/inspections/bodies/ivb/recipients/{recipient}/withdraw/"
    assert "cannot be undone" in client.get(away).text
    fields = {"signed_by": "root", "step": "sign", "signature": signature(root, recipient, stands=False)}
    assert client.post(away, fields).status_code == 302
    assert Recipient.objects.get().withdrawn_at == NOON
    wrong = client.post(
        "/inspections/bodies/ivb/recipients/new/", {"recipient": "AGE-SECRET-KEY-1Q", "signed_by": "root"}
    )
    assert "no age recipient" in wrong.text
