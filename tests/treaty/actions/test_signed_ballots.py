import json
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fido2.cose import ES256
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
)
from webauthn import verify_authentication_response
from webauthn.helpers import encode_cbor

from accounts.rules.keys import KeyRefused
from accounts.rules.signatures import BadSignature, b64url, from_b64url
from accounts.rules.statements import KeyKind, Purpose, challenge
from core.canonical import canonical, parse
from core.errors import Malformed, NotAllowed
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.factories import LONG_AGO
from tests.signing import ORIGIN, RP_ID, Voter, enrolled, passkey, with_root
from treaty.actions.ballots import BallotChanged, IsRecused, KeyNotAccepted, NotOnRoll, ReasonMissing, cast_ballot
from treaty.actions.keys import ask_for_signers, revoke_key
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.actions.votes import VoteClosed, notice_vote
from treaty.models import Ballot, BallotSignature
from treaty.rules.ballots import Envelope
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

YES, NO = Choice.CONSENT, Choice.OBJECT
HOUR = timedelta(hours=1)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(autouse=True)
def parties():
    factories.parties(*LABS)


@pytest.fixture
def root():
    return with_root()


@pytest.fixture
def vote(root):
    return notice()


@pytest.fixture
def voter(root):
    made = passkey()
    enrolled(made, root)
    return made


def notice(**fields):
    fields = {
        "decision": "start_pause_ordinary",
        "title": "Start a pause",
        "question": "Shall a pause at the level pause start?",
        "subject": {"level": "pause"},
        "requester": None,
        "subject_organisation": None,
        "by": None,
        "at": NOON,
    } | fields
    return notice_vote(**fields)


def cast(vote, envelope, *, after=HOUR, **fields):
    return cast_signed_ballot(vote=vote, envelope=envelope, **{"by": None, "at": vote.opens_at + after} | fields)


def altered(envelope, **proof):
    return replace(envelope, proof={**envelope.proof, **proof})


def cast_entries():
    return list(Entry.objects.filter(kind__startswith="ballot.").order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def refused():
    """Afterwards no ballot, no signature and no entry of one is there."""
    yield
    assert (Ballot.objects.count(), BallotSignature.objects.count(), cast_entries()) == (0, 0, [])


@pytest.mark.parametrize("kind", ["passkey", "ssh", "ed25519", "software"])
def test_a_ballot_signed_with_each_kind_of_key_is_cast_and_recorded_as_it_was_received(root, kind, tmp_path, settings):
    settings.DEMO = True
    voter = passkey() if kind == "passkey" else Voter(KeyKind(kind), tmp_path)
    enrolled(voter, root)
    vote = notice()
    envelope = voter.casts(vote, NO, "Too early.")
    ballot = cast(vote, envelope, reason="Too early.")
    payload = parse(bytes(Entry.objects.get(kind="ballot.cast").data))["payload"]
    assert (ballot.key_kind, ballot.choice, ballot.by, bytes(ballot.content)) == (kind, "object", None, envelope.ballot)
    assert from_b64url(payload["envelope"]["ballot"]) == envelope.ballot
    assert payload["envelope"]["proofs"] == [{"key": voter.id, "proof": dict(envelope.proof)}]


def test_the_same_envelope_again_is_one_ballot(vote, voter):
    envelope = voter.casts(vote)
    assert cast(vote, envelope) == cast(vote, envelope, after=2 * HOUR)
    assert cast_entries() == ["ballot.cast"]


def test_a_high_s_twin_is_the_same_ballot(vote, voter):
    envelope = voter.casts(vote)
    r, s = decode_dss_signature(from_b64url(envelope.proof["signature"]))
    twin = altered(envelope, signature=b64url(encode_dss_signature(r, P256_ORDER - s)))
    assert cast(vote, envelope) == cast(vote, twin)
    assert cast_entries() == ["ballot.cast"]


def test_a_ballot_for_one_vote_is_refused_in_another(vote, voter, refused):
    other = notice()
    with pytest.raises(BallotChanged):
        cast(other, voter.casts(vote))
    with pytest.raises(BallotChanged, match="vote"):
        cast(vote, voter.envelope(replace(voter.ballot(vote), vote=other.key)))


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "elsewhere.example/tlog"},
        {"text": "0" * 64},
        {"profile": "0" * 64},
        {"roll": "0" * 64},
        {"sequence": 2},
        {"sequence": 0},
        {"supersedes": "0" * 64},
        {"head": 10**9},
    ],
)
def test_a_ballot_of_another_deployment_text_rule_roll_or_place_is_refused(vote, voter, refused, changes):
    with pytest.raises(BallotChanged, match=next(iter(changes))):
        cast(vote, voter.casts(vote, **changes))


def test_of_two_ballots_with_one_sequence_number_the_first_counts(vote, voter):
    one, other = voter.casts(vote, YES), voter.casts(vote, Choice.ABSTAIN)
    assert cast(vote, one).choice == "consent"
    with pytest.raises(BallotChanged, match="sequence"):
        cast(vote, other)
    assert cast(vote, voter.casts(vote, Choice.ABSTAIN)).sequence == 2
    assert cast_entries() == ["ballot.cast", "ballot.cast"]


def test_a_key_revoked_between_signature_and_receipt_casts_nothing(vote, voter, root, refused):
    envelope = voter.casts(vote)
    row = enrolled(voter, root)
    revoke_key(key=row, by_key="root", signature=root.revokes(voter.id), by=None, at=vote.opens_at)
    with pytest.raises(KeyRefused, match="revoked"):
        cast(vote, envelope)


def test_a_ballot_cast_before_the_revocation_of_its_key_stands(vote, voter, root):
    ballot = cast(vote, voter.casts(vote))
    revoke_key(
        key=enrolled(voter, root), by_key="root", signature=root.revokes(voter.id), by=None, at=vote.opens_at + 2 * HOUR
    )
    assert cast(vote, Envelope(bytes(ballot.content), ballot.proofs[0]["proof"])) == ballot


def test_a_key_enrolled_after_the_notice_or_still_cooling_off_is_refused(root, refused):
    cooling, late = passkey(), passkey(b"late")
    enrolled(cooling, root, at=NOON - timedelta(hours=71))
    vote = notice()
    enrolled(late, root, at=NOON)
    for voter in (cooling, late):
        with pytest.raises(KeyRefused, match="usable"):
            cast(vote, voter.casts(vote), after=2 * HOUR)


def test_another_laboratorys_key_signs_for_it_alone(vote, voter, refused):
    theirs = passkey(b"theirs")
    enrolled(theirs, with_root("borealis"), "borealis")
    with pytest.raises(KeyRefused):
        cast(vote, theirs.casts(vote))
    envelope = voter.casts(vote)
    with pytest.raises(BadSignature):
        cast(vote, replace(theirs.casts(vote), ballot=envelope.ballot))
    with pytest.raises(KeyRefused):
        cast(vote, replace(envelope, signer=theirs.id))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flags": 0x01}, "verified"),
        ({"flags": 0x04}, "present"),
        ({"flags": 0x0D}, "copied"),
        ({"crossOrigin": True}, "frame"),
        ({"topOrigin": "https://evil.example"}, "frame"),
        ({"trailing": b"\0"}, "37 bytes"),
        ({"rp_id": "example"}, "relying party"),
        ({"rp_id": "site.example", "origin": "https://site.example"}, "origin"),
        ({"origin": "https://ballot.example:8443"}, "origin"),
        ({"origin": "http://ballot.example"}, "origin"),
        ({"type": "webauthn.create"}, "webauthn.get"),
        ({"challenge": b64url(b"0" * 32)}, "challenge"),
    ],
)
def test_an_assertion_that_could_have_been_got_by_a_trick_is_refused(vote, voter, refused, changes, reason):
    with pytest.raises(BadSignature, match=reason):
        cast(vote, voter.envelope(voter.ballot(vote), **changes))


def test_a_login_credential_casts_nothing(vote, voter, refused):
    login = Voter(KeyKind.PASSKEY, private=voter.private, credential=b64url(b"login"))
    with pytest.raises(BadSignature, match="credential"):
        cast(vote, login.casts(vote))
    stranger = passkey(b"login")
    with pytest.raises(KeyRefused, match="no such key"):
        cast(vote, stranger.casts(vote))


def test_nothing_stands_around_the_signature(vote, voter, refused):
    envelope = voter.casts(vote)
    signature = from_b64url(envelope.proof["signature"])
    for wrong in (
        altered(envelope, signature=b64url(signature + b"\0")),
        altered(envelope, signature=envelope.proof["signature"] + "="),
        altered(envelope, extra="AA"),
        replace(envelope, ballot=envelope.ballot + b"\n"),
        replace(envelope, ballot=envelope.ballot.replace(b"consent", b"abstain")),
    ):
        with pytest.raises((BadSignature, Malformed)):
            cast(vote, wrong)


def test_a_signature_for_another_purpose_is_no_ballot(vote, root, refused, tmp_path):
    for voter in (Voter(), Voter(KeyKind.SSH, tmp_path)):
        enrolled(voter, root)
        other = notice()
        message = canonical(voter.ballot(other).value())
        with pytest.raises(BadSignature):
            cast(other, Envelope(message, voter.proof(message, Purpose.ENROLMENT)))


def test_the_reason_is_the_one_that_was_signed(vote, voter, refused):
    envelope = voter.casts(vote, NO, "Too early.")
    with pytest.raises(BallotChanged, match="reason"):
        cast(vote, envelope, reason="Too late.")
    with pytest.raises(ReasonMissing):
        cast(vote, envelope)
    with pytest.raises(BallotChanged, match="reason"):
        cast(vote, voter.casts(vote), reason="Put into its mouth.")


def test_a_late_a_recused_and_a_foreign_ballot_are_refused(root, voter, refused):
    vote, about = notice(), notice(decision="stop_challenge", subject_organisation=factories.laboratory("aster"))
    with pytest.raises(VoteClosed):
        cast(vote, voter.casts(vote), after=timedelta(days=30))
    with pytest.raises(IsRecused):
        cast(about, voter.casts(about))
    stranger, hanbit = passkey(b"hanbit"), with_root("hanbit")
    enrolled(stranger, hanbit, "hanbit")
    with pytest.raises(NotOnRoll):
        cast(vote, stranger.casts(vote, organisation="hanbit"))


def test_a_session_that_brings_a_ballot_is_of_the_organisation(vote, voter):
    envelope = voter.casts(vote)
    with pytest.raises(NotAllowed):
        cast(vote, envelope, by=factories.representative(factories.laboratory("borealis")))
    assert cast_entries() == []
    mine = factories.representative(factories.laboratory())
    assert cast(vote, envelope, by=mine).by == mine


def test_a_kind_of_key_that_the_rule_does_not_accept_is_refused(vote, root, refused):
    machine = Voter()
    enrolled(machine, root)
    lab, vote = factories.laboratory(), notice()
    strict, by = _with_rule(vote, {**vote.profile, "keys": ["passkey"]}), factories.representative(lab)
    with pytest.raises(KeyRefused, match="kind"):
        cast(strict, machine.casts(strict))
    with pytest.raises(KeyNotAccepted):
        cast_ballot(vote=strict, organisation=lab, choice=YES, by=by, at=strict.opens_at + HOUR)


def _with_rule(vote, rule):
    """A copy of the vote under another rule, as a text would state it."""
    roll = list(vote.roll.all())
    vote.pk, vote.key, vote.profile = None, "2026-77", rule
    vote.save(force_insert=True)
    for line in roll:
        line.pk, line.vote = None, vote
        line.save(force_insert=True)
    return vote


def test_where_the_rule_accepts_synced_passkeys_their_ballots_count(vote, voter):
    synced = _with_rule(vote, {**vote.profile, "synced": True})
    assert cast(synced, voter.envelope(voter.ballot(synced), flags=0x1D)).key_kind == "passkey"


@pytest.fixture
def several(root):
    """Three keys of a laboratory that asks for two signatures on each ballot."""
    voters = [passkey(), Voter(), Voter()]
    for voter in voters:
        enrolled(voter, root)
    ask_for_signers(organisation=factories.laboratory(), signers=2, signature=root.asks_for(2), by=None, at=LONG_AGO)
    return voters


def test_a_ballot_counts_once_as_many_keys_as_the_laboratory_asked_for_signed_it(several, root):
    vote, (first, second, third) = notice(), several
    ballot = first.ballot(vote, NO, "Too early.")
    waiting = cast(vote, first.envelope(ballot), reason="Too early.")
    assert isinstance(waiting, BallotSignature)
    assert cast(vote, first.envelope(ballot), reason="Too early.") == waiting
    done = cast(vote, second.envelope(ballot))
    assert [one["key"] for one in done.proofs] == [first.id, second.id]
    assert (done.reason, done.hash, done.key_kind) == ("Too early.", ballot.hash, "passkey")
    assert cast(vote, third.envelope(ballot)) == done
    assert cast_entries() == ["ballot.signed", "ballot.cast"]


def test_a_signature_whose_key_was_revoked_meanwhile_does_not_complete_a_ballot(several, root):
    vote, (first, second, third) = notice(), several
    ballot = first.ballot(vote)
    cast(vote, first.envelope(ballot))
    revoke_key(
        key=enrolled(first, root), by_key="root", signature=root.revokes(first.id), by=None, at=vote.opens_at + HOUR
    )
    assert isinstance(cast(vote, second.envelope(ballot), after=2 * HOUR), BallotSignature)
    done = cast(vote, third.envelope(ballot), after=2 * HOUR)
    assert [one["key"] for one in done.proofs] == [second.id, third.id]


def test_a_laboratory_that_asked_for_signatures_casts_nothing_by_session(root, refused):
    lab = factories.laboratory()
    before = notice()
    ask_for_signers(organisation=lab, signers=1, signature=root.asks_for(1), by=None, at=NOON + HOUR)
    vote = notice(at=NOON + 2 * HOUR)
    by = factories.representative(lab)
    with pytest.raises(KeyNotAccepted, match="signed"):
        cast_ballot(vote=vote, organisation=lab, choice=YES, by=by, at=vote.opens_at + HOUR)
    assert before.key != vote.key


def test_a_passkeys_ballot_verifies_in_py_webauthn_and_in_fido2(vote, voter):
    envelope = voter.casts(vote)
    asked, proof = challenge(Purpose.BALLOT, envelope.ballot), envelope.proof
    numbers = voter.private.public_key().public_numbers()
    cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
    response = {name: proof[name] for name in ("clientDataJSON", "authenticatorData", "signature")}
    verify_authentication_response(
        credential={"id": voter.credential, "rawId": voter.credential, "type": "public-key", "response": response},
        expected_challenge=asked, expected_rp_id=RP_ID, expected_origin=ORIGIN,
        credential_public_key=encode_cbor(cose), credential_current_sign_count=0, require_user_verification=True,
    )  # fmt: skip
    server = Fido2Server(PublicKeyCredentialRpEntity(id=RP_ID, name="ballot"))
    known = AttestedCredentialData.create(bytes(16), from_b64url(voter.credential), ES256(cose))
    answer = AuthenticationResponse(
        raw_id=from_b64url(voter.credential),
        response=AuthenticatorAssertionResponse(
            client_data=CollectedClientData(from_b64url(proof["clientDataJSON"])),
            authenticator_data=AuthenticatorData(from_b64url(proof["authenticatorData"])),
            signature=from_b64url(proof["signature"]),
        ),
    )
    state = {"challenge": b64url(asked), "user_verification": "required"}
    assert server.authenticate_complete(state, [known], answer) == known


def test_a_passkeys_ballot_verifies_with_bare_openssl(vote, voter, tmp_path):
    proof = voter.casts(vote).proof
    (tmp_path / "key.pem").write_bytes(
        voter.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "data").write_bytes(from_b64url(proof["authenticatorData"]))
    (tmp_path / "client").write_bytes(from_b64url(proof["clientDataJSON"]))
    (tmp_path / "signature").write_bytes(from_b64url(proof["signature"]))
    script = (
        "openssl dgst -sha256 -binary client >> data && openssl dgst -sha256 -verify key.pem -signature signature data"
    )
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Verified OK" in done.stdout


def test_a_machine_keys_ballot_verifies_with_bare_openssl(vote, root, tmp_path):
    voter = Voter()
    enrolled(voter, root)
    envelope = voter.casts(vote)
    (tmp_path / "key.pem").write_bytes(
        voter.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "ballot").write_bytes(envelope.ballot)
    (tmp_path / "signature").write_bytes(from_b64url(envelope.proof["signature"]))
    script = (
        r"(printf 'fermata/ballot/v1\0'; cat ballot) | openssl dgst -sha256 -binary > challenge && "
        "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in challenge -sigfile signature"
    )
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout


def test_json_in_the_record_is_enough_to_verify_a_ballot(vote, voter):
    cast(vote, voter.casts(vote))
    payload = json.loads(bytes(Entry.objects.get(kind="ballot.cast").data))["payload"]
    enrolment = json.loads(bytes(Entry.objects.get(kind="key.enrolled").data))["payload"]
    assert payload["envelope"]["proofs"][0]["key"] == enrolment["key"]
    assert payload["ballot"] == json.loads(from_b64url(payload["envelope"]["ballot"]))
