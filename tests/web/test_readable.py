"""What everybody reads stays readable while nothing can be written, and while Redis is gone; ballots do not need Redis either."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from knox.models import AuthToken

from ledger.models import Entry
from tests import factories as make
from tests.once import undone
from treaty.actions.votes import notice_vote

PAGES = (
    "/", "/votes/", "/pauses/", "/labs/", "/labs/aster/", "/parties/", "/inspections/", "/treaty/", "/ledger/", "/data/",
    "/figures/", "/about/", "/status/", "/healthz", "/readyz", "/api/v1/pauses/", "/api/v1/votes/",
)  # fmt: skip

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
    with undone(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        statuses, told = answers()
    assert statuses == dict.fromkeys(PAGES, 200)
    assert "Reads only: pages are shown, nothing can be done" in told


@pytest.fixture
def redis_is_gone(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1"}}


def test_without_redis_every_page_is_shown(answers, redis_is_gone):
    statuses, told = answers()
    assert statuses == dict.fromkeys(PAGES, 200)
    assert "Does not answer: pages are rendered anew, tasks wait" in told


def test_without_redis_a_ballot_is_taken(client, redis_is_gone):
    lab = make.parties("aster", "borealis")[0].organisation
    token = AuthToken.objects.create(make.representative(lab))[1]
    noticed = {"decision": "procedural", "title": "A question", "question": "Shall it be so?", "subject": {}}
    vote = notice_vote(**noticed, requester=None, subject_organisation=None, by=None, at=make.NOON - timedelta(hours=2))
    with time_machine.travel(make.NOON, tick=False):
        answer = client.post(
            f"/api/v1/votes/{vote.key}/ballots/",
            {"organisation": lab.key, "choice": "consent"},
            content_type="application/json",
            headers={"Authorization": f"Token {token}"},
        )
    assert answer.status_code == 201
    assert Entry.objects.filter(kind="ballot.cast").count() == 1
