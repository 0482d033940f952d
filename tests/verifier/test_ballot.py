"""`fermata ballot` against a site that answers: a ballot made with `ssh-keygen` alone is cast, recorded, proved and replayed."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Organisation
from accounts.rules.signatures import b64url
from accounts.rules.statements import KeyKind
from ledger.actions.publish import publish
from tests.signing import Voter, enrolled, passkey
from tests.verifier.signed import IN_FORCE, noticed, person_of, record, root_of, treaty_in_force
from treaty.actions.keys import ask_for_signers
from treaty.models import Ballot, BallotSignature, Vote
from verifier.ballot import read_public_key
from verifier.cli import main

ORIGIN = "localhost/tlog"


@pytest.fixture(autouse=True)
def log(settings, tmp_path):
    settings.LEDGER = {"ORIGIN": ORIGIN, "SIGNER_DIR": tmp_path / "signer", "WITNESSES": [], "QUORUM": 0}
    settings.STORAGES = {
        **settings.STORAGES,
        "tlog": {"BACKEND": "ledger.storage.DurableFiles", "OPTIONS": {"location": tmp_path / "tlog"}},
    }
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture
def voter(transactional_db, tmp_path):
    treaty_in_force()
    voter = Voter(KeyKind.SSH, tmp_path)
    enrolled(voter, root_of(), at=IN_FORCE)
    return voter


@pytest.fixture
def vote(voter):
    made = noticed(at=datetime.now(UTC) - timedelta(hours=1))
    publish(at=datetime.now(UTC))
    return made


@pytest.fixture
def fermata(live_server, capsys):
    def run(step, *arguments):
        code = main(["ballot", step, live_server.url, *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def prepared(fermata, vote, tmp_path, *rest, choice="consent", key="id.pub"):
    return fermata(
        "prepare", vote.key, "--organisation", "aster", "--choice", choice, "--key", tmp_path / key, "--out",
        tmp_path / "ballot.json", *rest,
    )  # fmt: skip


def sign(tmp_path):
    command = [
        "ssh-keygen",
        "-q",
        "-Y",
        "sign",
        "-n",
        "fermata-ballot-v1",
        "-f",
        tmp_path / "id",
        tmp_path / "ballot.json",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path / "ballot.json.sig"


def test_a_ballot_made_with_ssh_keygen_is_cast_proved_and_replayed(fermata, vote, tmp_path):
    code, told = fermata("show", vote.key, "--organisation", "aster")
    assert code == 0, told
    assert "Start a pause" in told
    assert "states this question, rule and roll" in told
    (tmp_path / "reason").write_text("Zu früh.\r\n")
    code, told = prepared(fermata, vote, tmp_path, "--reason-file", tmp_path / "reason", choice="object")
    assert (code, f"ssh-keygen -Y sign -n fermata-ballot-v1 -f KEY {tmp_path}/ballot.json" in told) == (0, True)
    signature = sign(tmp_path)
    code, told = fermata(
        "send", tmp_path / "ballot.json", "--signature", signature, "--reason-file", tmp_path / "reason"
    )
    assert code == 0, told
    ballot = Ballot.objects.get()
    assert (ballot.choice, ballot.reason, ballot.key_kind, ballot.by) == ("object", "Zu früh.", "ssh", None)
    assert json.loads((tmp_path / "ballot.json.receipt").read_text())["entry_hash"] == ballot.entry_hash
    code, told = fermata("receipt", tmp_path / "ballot.json")
    assert (code, "not covered by a signed checkpoint" in told) == (1, True)
    publish(at=datetime.now(UTC))
    code, told = fermata("receipt", tmp_path / "ballot.json")
    assert (code, "leads to the signed root" in told) == (0, True)
    assert record().problems() == []


def test_an_altered_ballot_or_a_foreign_signature_is_never_sent(fermata, vote, tmp_path):
    prepared(fermata, vote, tmp_path)
    signature = sign(tmp_path)
    altered = tmp_path / "altered.json"
    altered.write_bytes((tmp_path / "ballot.json").read_bytes().replace(b'"consent"', b'"abstain"'))
    code, told = fermata("send", altered, "--signature", signature)
    assert (code, "not made by this key" in told) == (2, True)
    assert Ballot.objects.count() == 0


def test_what_the_site_refuses_is_told_with_its_code(fermata, vote, tmp_path):
    prepared(fermata, vote, tmp_path)
    signature = sign(tmp_path)
    Vote.objects.update(withdrawn_at=vote.opens_at)
    code, told = fermata("send", tmp_path / "ballot.json", "--signature", signature)
    assert (code, "(vote_closed)" in told) == (1, True)


def test_no_ballot_is_made_out_for_a_key_that_may_not_sign(fermata, vote, tmp_path):
    other = Voter()
    pem = other.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "other.pem").write_bytes(pem)
    code, told = prepared(fermata, vote, tmp_path, key="other.pem")
    assert (code, other.id in told) == (1, True)
    assert not (tmp_path / "ballot.json").exists()


def test_a_site_that_shows_another_question_than_the_record_is_found_out(fermata, vote, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE treaty_vote DISABLE TRIGGER treaty_vote_frozen")
        cursor.execute("UPDATE treaty_vote SET question = 'Shall nothing happen?'")
        cursor.execute("ALTER TABLE treaty_vote ENABLE TRIGGER treaty_vote_frozen")
    code, told = prepared(fermata, vote, tmp_path)
    assert (code, "the question of vote" in told) == (1, True)
    assert not (tmp_path / "ballot.json").exists()


def test_a_machine_key_signs_with_openssl_and_a_second_key_the_same_file(fermata, voter, tmp_path):
    for name in ("one", "two"):
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / f"{name}.key"], check=True)
        subprocess.run(
            ["openssl", "pkey", "-in", tmp_path / f"{name}.key", "-pubout", "-out", tmp_path / f"{name}.pem"],
            check=True,
        )
    root = root_of("borealis")
    public = [read_public_key(tmp_path / f"{name}.pem")[0] for name in ("one", "two")]
    for key in public:
        machine = Voter()
        machine.__dict__["public_key"] = key
        enrolled(machine, root, "borealis", at=IN_FORCE)
    lab = Organisation.objects.get(key="borealis")
    ask_for_signers(
        organisation=lab, signers=2, signature=root.asks_for(2, organisation="borealis"), by=None, at=IN_FORCE
    )
    vote = noticed(at=datetime.now(UTC) - timedelta(hours=1))
    publish(at=datetime.now(UTC))
    file = tmp_path / "ballot.json"
    code, told = fermata(
        "prepare",
        vote.key,
        "--organisation",
        "borealis",
        "--choice",
        "abstain",
        "--key",
        tmp_path / "one.pem",
        "--out",
        file,
    )
    assert code == 0, told
    for name in ("one", "two"):
        commands = told[told.index("  (printf") :].replace("KEY.pem", str(tmp_path / f"{name}.key"))
        subprocess.run(["bash", "-ec", commands], check=True, capture_output=True)
        code, answer = fermata("send", file, "--signature", f"{file}.sig", "--key", tmp_path / f"{name}.pem")
        assert code == 0, answer
    assert (Ballot.objects.count(), BallotSignature.objects.count()) == (1, 1)
    publish(at=datetime.now(UTC))
    assert fermata("receipt", file)[0] == 0


# --- the API by itself


def test_the_api_enrols_lists_and_revokes_on_a_signature_alone(voter):
    api, root, made = APIClient(), root_of("cobalt"), passkey()
    body = {"organisation": "cobalt", **made.fields, "label": "A key", "signature": root.enrols(made, "cobalt")}
    answer = api.post("/api/v1/keys/", body)
    assert (answer.status_code, answer.json()["key"]) == (201, made.id)
    assert [one["key"] for one in api.get("/api/v1/keys/?organisation=cobalt").json()["results"]] == [made.id]
    revocation = {"by_key": "root", "signature": root.revokes(made.id, "cobalt")}
    assert api.post(f"/api/v1/keys/{made.id}/revocation/", revocation | {"by_key": voter.id}).status_code == 409
    assert api.post(f"/api/v1/keys/{made.id}/revocation/", revocation).json()["revoked_by"] == "root"
    assert api.get(f"/api/v1/keys/{made.id}/").json()["revoked_at"]
    assert api.post("/api/v1/keys/", body | {"usable_at": "2020-01-01T00:00:00Z"}).status_code == 400
    assert api.get("/api/v1/keys/none/").status_code == 404


def test_a_session_less_ballot_without_a_signature_is_refused(vote):
    answer = APIClient().post(f"/api/v1/votes/{vote.key}/ballots/", {"organisation": "aster", "choice": "consent"})
    assert answer.status_code == 401
    assert Ballot.objects.count() == 0


def test_a_token_does_not_lend_its_person_s_authority_to_another_organisation_s_ballot(vote, voter):
    api = APIClient()
    api.force_authenticate(person_of("borealis"))
    envelope = voter.casts(vote)
    body = {"ballot": b64url(envelope.ballot), "proof": dict(envelope.proof)}
    assert api.post(f"/api/v1/votes/{vote.key}/ballots/", body).status_code == 403
    api.force_authenticate(None)
    answer = api.post(f"/api/v1/votes/{vote.key}/ballots/", body)
    assert (answer.status_code, answer.json()["counts"]) == (201, True)
    assert api.post(f"/api/v1/votes/{vote.key}/ballots/", body).json() == answer.json()


@pytest.mark.parametrize(
    "body",
    [
        b'{"ballot": "AA", "ballot": "AA", "proof": {}}',
        b'{"ballot": ' + b"[" * 100_000,
        b'{"ballot": "!!", "proof": {"signature": "AA"}}',
        b'{"ballot": "AA", "proof": {"signature": 5.5}}',
        b'{"ballot": "AA", "proof": {"signature": {"a": 1}}}',
        b'{"ballot": "AA", "proof": [], "choice": "consent"}',
    ],
)
def test_an_envelope_that_has_no_one_meaning_is_malformed(vote, body):
    answer = APIClient().generic("POST", f"/api/v1/votes/{vote.key}/ballots/", body, content_type="application/json")
    assert answer.status_code == 400
    assert Ballot.objects.count() == 0


def test_the_ballot_paper_is_fresh_and_says_all_that_a_ballot_binds(vote, voter):
    api = APIClient()
    answer = api.get(f"/api/v1/votes/{vote.key}/ballot-paper/?organisation=aster")
    paper = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert paper["ballot"] | {"head": 0} == {
        "origin": ORIGIN, "text": vote.text.sha256, "vote": vote.key, "profile": vote.profile_hash, "roll": vote.roll_hash,
        "organisation": "aster", "sequence": 1, "supersedes": None, "head": 0,
    }  # fmt: skip
    assert ([one["key"] for one in paper["keys"]], paper["on_roll"], paper["signers"]) == ([voter.id], True, 1)
    assert api.get(f"/api/v1/votes/{vote.key}/ballot-paper/?organisation=nobody").status_code == 400
    assert api.get("/api/v1/votes/none/ballot-paper/?organisation=aster").status_code == 404
