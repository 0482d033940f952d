from datetime import timedelta

import pytest
import time_machine

from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.treaty.actions.test_delegations import cast, give, notice
from tests.treaty.views.test_votes import own_cache, queries, sign_in
from treaty.models import Delegation

pytestmark = pytest.mark.django_db

__all__ = ["own_cache"]
HOUR = timedelta(hours=1)
LABS = ("aster", "borealis", "cobalt", "daxing")


@pytest.fixture(autouse=True)
def frozen():
    factories.parties(*LABS)
    factories.accreditations()
    with time_machine.travel(NOON + HOUR, tick=False) as clock:
        yield clock


def post(client, **fields):
    given = {"organisation": "aster", "delegate": "borealis", "decision": "amend", "until": "2026-12-24T12:00"}
    return client.post("/votes/delegations/new/", given | fields)


def test_a_representative_names_a_delegate_and_revokes_it(client):
    sign_in(client, "aster")
    assert client.get("/votes/delegations/new/").status_code == 200
    assert post(client).status_code == 302
    row = Delegation.objects.get()
    page = client.get("/votes/delegations/").content.decode()
    assert "Borealis Research" in page
    assert f"/votes/delegations/{row.pk}/revoke/" in page
    assert client.post(f"/votes/delegations/{row.pk}/revoke/").status_code == 302
    assert "Nobody has a delegate." in client.get("/votes/delegations/").content.decode()


@pytest.mark.parametrize(
    ("fields", "status"), [({"delegate": "ivb"}, 422), ({"until": "2028-01-01T00:00"}, 409), ({"decision": "x"}, 422)]
)
def test_a_refusal_keeps_what_was_typed_and_records_nothing(client, fields, status):
    sign_in(client, "aster")
    answer = post(client, **fields)
    assert answer.status_code == status
    assert 'value="borealis" selected' in answer.content.decode() or "delegate" in fields
    assert not Entry.objects.filter(kind="delegation.given").exists()


def test_only_its_own_people_act_for_a_member(client):
    row = give()
    assert client.get("/votes/delegations/new/").status_code == 302
    sign_in(client, "cobalt")
    assert client.post(f"/votes/delegations/{row.pk}/revoke/").status_code == 403
    assert Delegation.objects.get().revoked_at is None


def test_the_roll_call_says_for_whom_a_ballot_counts(client):
    give()
    vote = notice()
    assert "counts for it unless it votes itself" in client.get(f"/votes/{vote.key}/").content.decode()
    cast(vote, "borealis")
    page = client.get(f"/votes/{vote.key}/").content.decode()
    assert "By its delegate, Borealis Research" in page
    assert "1 of them by its delegate" in page


def test_a_delegate_reads_for_whom_its_ballot_counts_as_well(client):
    give()
    give("borealis", of="cobalt")
    vote = notice()
    cast(vote, "cobalt")
    sign_in(client, "borealis")
    page = client.get(f"/votes/{vote.key}/ballot/").content.decode()
    assert "Counts also for</dt><dd>Aster Institute." in page


def test_the_roll_call_marks_who_left(client):
    vote = notice()
    party = factories.laboratory("aster").party
    party.withdrawal_noticed_at, party.withdrawal_effective_at = factories.LONG_AGO, NOON + HOUR
    party.save()
    assert "Left the roll" in client.get(f"/votes/{vote.key}/").content.decode()


def test_everybody_reads_them_through_the_api(client):
    give()
    [one] = client.get("/api/v1/delegations/").json()["results"]
    assert (one["organisation"], one["delegate"], one["holds"]) == ("aster", "borealis", True)


def test_the_page_takes_as_many_queries_for_many_as_for_one(client):
    give()
    one = queries(client, "/votes/delegations/")
    for key in ("borealis", "cobalt", "daxing"):
        give("aster", of=key)
    assert queries(client, "/votes/delegations/") == one
