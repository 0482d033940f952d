"""The ballot host as a program meets it; what a person meets there is in tests/browser/test_ballot_host.py."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.rules.signatures import b64url
from core.canonical import canonical
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.factories import LONG_AGO
from tests.signing import Voter, enrolled, passkey, with_root
from treaty.actions.votes import advance_vote, notice_vote
from treaty.handoffs import LASTS, BallotHandoff, KeyHandoff
from treaty.models import Ballot

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOON + HOUR, tick=False) as clock:
        yield clock


@pytest.fixture
def host():
    return Client(HTTP_HOST="ballot.localhost:8000")


@pytest.fixture
def vote():
    factories.parties()
    return notice_vote(
        decision="start_pause_ordinary",
        title="Start a pause",
        question="Shall a pause start?",
        subject={"level": "pause"},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )


@pytest.fixture
def root():
    factories.text()
    return with_root()


def person(key="aster"):
    return factories.representative(factories.laboratory(key))


def token(vote, **changes):
    fields = {"user": person().pk, "organisation": "aster", "choice": "consent", "reason": "", "ground": ""}
    handoff = BallotHandoff(vote=vote.key, **fields | changes)
    return handoff.link.partition("#")[2]


def key_token(**changes):
    return KeyHandoff(**{"user": person().pk, "organisation": "aster"} | changes).link.partition("#")[2]


def post(host, path, **body):
    return host.post(path, json.dumps(body), content_type="application/json")


def cast(host, vote, envelope, **changes):
    return post(
        host,
        "/ballots/",
        token=token(vote, **changes),
        ballot=b64url(envelope.ballot),
        key=envelope.signer or json.loads(envelope.ballot)["key"],
        proof=envelope.proof,
    )


def test_its_policy_lets_no_string_become_markup_and_nothing_come_from_elsewhere(host):
    for path in ("/", "/key/"):
        answer = host.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert {"require-trusted-types-for 'script'", "trusted-types 'none'", "default-src 'none'"} <= set(
            policy.split("; ")
        )
        assert "http" not in policy
        assert answer.cookies == {}
        assert "htmx" not in answer.content.decode()


def test_it_has_none_of_the_sites_pages_and_the_site_none_of_its(host, client):
    for path in ("/votes/", "/me/", "/account/login/", "/api/v1/votes/", "/keys/"):
        assert host.get(path).status_code == 404
    assert b"Sign a ballot" not in client.get("/").content
    assert client.get("/key/").status_code == 404
    assert client.post("/ballots/").status_code == 404


def test_the_paper_holds_what_was_chosen_and_the_keys_that_can_sign(host, vote, root):
    key = enrolled(passkey(), root, at=LONG_AGO)
    young = enrolled(passkey(b"young"), root, at=NOON - HOUR)
    answer = post(host, "/paper/", token=token(vote, choice="object", reason="Too early."))
    paper = answer.json()
    assert (paper["choice"], paper["reason"]) == ("object", "Too early.")
    assert paper["binds"]["organisation"] == "aster"
    assert [(one["id"], bool(one["problem"])) for one in paper["keys"]] == [(key.key_id, False), (young.key_id, True)]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_ballot_signed_with_a_passkey_is_cast_once(host, vote, root):
    voter = passkey()
    enrolled(voter, root)
    envelope = voter.casts(vote)
    first, again = cast(host, vote, envelope), cast(host, vote, envelope)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["url"].endswith(f"/votes/{vote.key}/ballot/{Ballot.objects.get().hash}/")
    assert Entry.objects.filter(kind="ballot.cast").count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"flags": 0x01},  # nobody verified
        {"rp_id": "localhost"},  # the credential of a sign-in
        {"origin": "http://localhost:8000"},
        {"crossOrigin": True},
    ],
)
def test_an_assertion_made_otherwise_than_here_is_refused(host, vote, root, changes):
    voter = passkey()
    enrolled(voter, root)
    answer = cast(host, vote, voter.envelope(voter.ballot(vote), **changes))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert (Ballot.objects.count(), Entry.objects.filter(kind="ballot.cast").count()) == (0, 0)


def test_a_representative_cannot_cast_another_laboratorys_ballot(host, vote):
    theirs = Voter()
    enrolled(theirs, with_root("borealis"), "borealis")
    answer = cast(host, vote, theirs.casts(vote, organisation="borealis"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert Ballot.objects.count() == 0


def test_a_hand_off_expires_and_serves_one_purpose(host, vote, root, frozen):
    voter = passkey()
    enrolled(voter, root)
    old = token(vote)
    assert post(host, "/key/asked/", token=old).status_code == 400
    assert post(host, "/paper/", token=key_token()).status_code == 400
    frozen.shift(LASTS + timedelta(seconds=1))
    answer = post(host, "/paper/", token=old)
    assert (answer.status_code, answer.json()["code"]) == (409, "handoff_expired")


def test_whoever_no_longer_acts_for_the_laboratory_is_refused(host, vote):
    stranger = person("borealis").pk
    assert post(host, "/paper/", token=token(vote, user=stranger)).status_code == 403
    assert post(host, "/key/asked/", token=key_token(user=stranger)).status_code == 403


def test_a_vote_that_closed_in_the_meantime_says_so(host, vote, root, frozen):
    voter = passkey()
    enrolled(voter, root)
    envelope = voter.casts(vote)
    frozen.move_to(vote.closes_at)
    advance_vote(vote=vote, at=vote.closes_at)
    answer = cast(host, vote, envelope)
    assert (answer.status_code, answer.json()["code"]) == (409, "vote_closed")


def test_the_server_signs_in_a_demonstration_only(host, vote, settings):
    ballot = Voter().ballot(vote)
    body = {"token": token(vote), "ballot": canonical(ballot.value()).decode()}
    enrolment = {"token": key_token(), "enrolment": "{}"}
    assert post(host, "/software-signature/", **body).status_code == 404
    assert post(host, "/key/root-signature/", **enrolment).status_code == 404
    settings.DEMO = True
    assert post(host, "/software-signature/", **body).status_code == 200
    assert post(host, "/key/root-signature/", **enrolment).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"token": 1}', b'{"token": "x", "token": "y"}', b"[" * 100_000])
def test_what_cannot_be_read_is_answered_400(host, body):
    for path in ("/paper/", "/ballots/", "/key/asked/", "/key/enrolments/"):
        assert host.post(path, body, content_type="application/json").status_code == 400
