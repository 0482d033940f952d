"""What everybody reads stays readable while nothing can be written, and while Redis is gone; who acts is told, or needs no Redis."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache, caches
from django.db import OperationalError, connection
from django.test import Client
from knox.models import AuthToken

from config.servers import valkey
from ledger.models import Entry
from tests import factories as make
from tests.once import undone
from treaty.actions.votes import notice_vote
from treaty.models import Ballot, Vote

PAGES = (
    "/", "/votes/", "/pauses/", "/labs/", "/labs/aster/", "/parties/", "/inspections/", "/treaty/", "/ledger/", "/data/",
    "/figures/", "/about/", "/status/", "/healthz", "/readyz", "/api/v1/pauses/", "/api/v1/votes/",
)  # fmt: skip

WORDS = {"title": "Publish compute", "question": "Shall compute be published every month?"}
PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers(client):
    """Ask for every page, among rows: the statuses that came, and what the page for operators says."""
    make.visit(pause=make.pause_in_force(labs=("aster", "borealis")))

    def ask():
        found = {path: client.get(path).status_code for path in PAGES}
        return found, client.get("/status/").content.decode()

    with time_machine.travel(make.NOON, tick=False):
        yield ask


def test_with_a_database_that_only_reads_every_page_is_shown(answers):
    with read_only():
        statuses, told = answers()
    assert statuses == dict.fromkeys(PAGES, 200)
    assert "Reads only: pages are shown, nothing can be done" in told


@contextmanager
def read_only():
    with undone(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        yield


@pytest.fixture
def lab():
    """Aster Institute, bound with another, and its representative with a second factor."""
    found = make.parties("aster", "borealis")[0].organisation
    person = make.representative(found, name="Ada", password=PASSWORD)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return found, person


def cast(client, lab, person):
    """Send a ballot by program, in a vote that is open."""
    token = AuthToken.objects.create(person)[1]
    noticed = {"decision": "procedural", "title": "A question", "question": "Shall it be so?", "subject": {}}
    vote = notice_vote(**noticed, requester=None, subject_organisation=None, by=None, at=make.NOON - timedelta(hours=2))
    return lambda: client.post(
        f"/api/v1/votes/{vote.key}/ballots/",
        {"organisation": lab.key, "choice": "consent"},
        content_type="application/json",
        headers={"Authorization": f"Token {token}"},
    )


@time_machine.travel(make.NOON, tick=False)
def test_with_a_database_that_only_reads_who_acts_is_told_so_and_nothing_is_done_by_halves(client, lab):
    client.raise_request_exception = False
    send, before = cast(client, *lab), (Vote.objects.count(), Entry.objects.count())
    client.force_login(lab[1])
    with read_only():
        program = send()
    with read_only():
        page = client.post("/votes/new/?decision=procedural", {"organisation": "aster", **WORDS})
    with read_only():
        signed_out = client.post("/account/logout/")
    for answer in (program, page, signed_out):
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
        assert answer.content.decode().count("Nothing was changed") == 1
    assert program.json()["code"] == "unavailable"
    assert WORDS["question"] in page.content.decode()
    assert "what you typed is still there" in signed_out.content.decode()
    assert (Vote.objects.count(), Entry.objects.count(), Ballot.objects.count()) == (*before, 0)
    assert send().status_code == 201


@pytest.mark.parametrize("path", ["/ledger/", "/votes/", "/api/v1/votes/"])
def test_while_the_database_is_away_a_page_says_when_to_come_again(client, monkeypatch, path):
    def away(*_args, **_kwargs):
        raise OperationalError

    client.raise_request_exception = False
    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "30", "no-store")
    assert "Content-Security-Policy" in answer.headers


@pytest.fixture
def redis_is_gone(settings, tmp_path):
    """A server that was there, and was stopped."""
    with valkey(tmp_path) as url:
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": f"{url}/1"}}
        cache.set("here", 1)


def test_without_redis_every_page_is_shown(answers, redis_is_gone):
    statuses, told = answers()
    assert statuses == dict.fromkeys(PAGES, 200)
    assert "Does not answer: pages are rendered anew, tasks wait" in told


@time_machine.travel(make.NOON, tick=False)
def test_without_redis_a_ballot_is_taken(client, lab, redis_is_gone):
    assert cast(client, *lab)().status_code == 201
    assert Entry.objects.filter(kind="ballot.cast").count() == 1


@pytest.fixture
def quick(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_without_redis_people_sign_in_and_attempts_are_limited_all_the_same(quick, lab, redis_is_gone):
    def sign_in(password):
        return Client().post("/account/login/", {"login": lab[1].email, "password": password})

    assert sign_in(PASSWORD).status_code == 302
    refused = [sign_in("wrong horse battery staple").content.decode() for _ in range(11)]
    assert ["Too many failed" in page for page in refused] == [False] * 10 + [True]
    assert "Too many failed" in sign_in(PASSWORD).content.decode()


def test_a_code_is_taken_once_whoever_empties_redis():
    assert cache.add("allauth.mfa.totp.used?user=1&code=1", "y", timeout=30)
    caches["default"]._redis.clear()
    assert not cache.add("allauth.mfa.totp.used?user=1&code=1", "y", timeout=30)
