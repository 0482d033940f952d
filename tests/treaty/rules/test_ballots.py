import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.rules.keys import Directory, Key, KeyKind, KeyRefused, enrolment_bytes, require_usable
from accounts.rules.signatures import BadSignature, b64url, dump_key, read_ssh_key
from core.canonical import canonical
from core.errors import Malformed
from treaty.rules.ballots import Envelope, SignedBallot, check_envelope, read_ballot, reason_hash
from treaty.rules.profiles import Choice

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EARLIER = datetime(2026, 11, 1, tzinfo=UTC)
ROOT, VOTER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def key(private=VOTER, kind=KeyKind.ED25519, **changes):
    fields = {
        "organisation": "aster",
        "kind": kind,
        "public_key": dump_key(private.public_key()),
        "enrolled_at": EARLIER,
        "usable_at": EARLIER,
    }
    return Key(**{**fields, **changes})


def ballot(signer=None, **changes):
    fields = {
        "origin": "localhost/tlog", "text": "a" * 64, "vote": "2026-01", "profile": "b" * 64, "roll": "c" * 64, "organisation": "aster",
        "choice": Choice.OBJECT, "reason": reason_hash("too early"), "sequence": 1, "supersedes": None,
        "key": (signer or key()).id, "head": 17, "nonce": "0" * 32, "at": NOON,
    }  # fmt: skip
    return SignedBallot(**{**fields, **changes})


def signed(made, private=VOTER):
    return Envelope(canonical(made.value()), {"signature": b64url(private.sign(bytes.fromhex(made.hash)))})


def test_a_ballot_reads_back_from_its_canonical_bytes():
    assert read_ballot(canonical(ballot().value())) == ballot()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b" ",
        lambda data: data.replace(b'"sequence":1', b'"sequence":1.0'),
        lambda data: data.replace(b'"sequence":1', b'"sequence":true'),
        lambda data: data.replace(b'"sequence":1', b'"sequence":-1'),
        lambda data: data.replace(b'"sequence":1', b'"sequence":1,"sequence":2'),
        lambda data: data.replace(b'"choice":"object"', b'"choice":"no"'),
        lambda data: data.replace(b'"head":17,', b""),
        lambda data: data.replace(b"2026-11-22T12:00:00Z", b"2026-11-22T24:00:00Z"),
        lambda data: b"[" * 100_000,
        lambda data: b"\xff",
    ],
)
def test_bytes_that_are_not_exactly_a_ballot_are_refused(spoil):
    with pytest.raises(Malformed):
        read_ballot(spoil(canonical(ballot().value())))


def test_a_machine_key_signs_a_ballot_and_nothing_about_it_can_change():
    envelope = signed(ballot())
    assert check_envelope(envelope, key(), synced_allowed=False) == ballot()
    for changes in (
        {"vote": "2026-02"},
        {"choice": Choice.CONSENT},
        {"origin": "elsewhere/tlog"},
        {"sequence": 2},
        {"at": EARLIER},
    ):
        other = Envelope(canonical(ballot(**changes).value()), envelope.proof)
        with pytest.raises(BadSignature):
            check_envelope(other, key(), synced_allowed=False)


def test_another_organisations_key_signs_for_nobody_else():
    theirs = key(organisation="borealis")
    with pytest.raises(KeyRefused):
        check_envelope(signed(ballot()), theirs, synced_allowed=False)


def test_a_proof_of_another_kind_is_refused():
    envelope = replace(signed(ballot()), proof={"signature": "AA", "extra": "AA"})
    with pytest.raises(BadSignature, match="exactly the members"):
        check_envelope(envelope, key(), synced_allowed=False)


def test_a_ballot_signed_with_ssh_keygen_counts(tmp_path):
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    voter = key(kind=KeyKind.SSH, public_key=read_ssh_key((tmp_path / "key.pub").read_text()))
    data = canonical(ballot(signer=voter).value())
    signature = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", file, "-n", "fermata-ballot-v1"],
        input=data,
        check=True,
        capture_output=True,
    ).stdout
    assert (
        check_envelope(Envelope(data, {"sshsig": signature.decode()}), voter, synced_allowed=False).choice
        is Choice.OBJECT
    )


def test_a_key_without_the_roots_signature_is_not_enrolled():
    directory = Directory(roots=(("aster", dump_key(ROOT.public_key())),))
    new = key()
    assert directory.enrol(new, b64url(ROOT.sign(enrolment_bytes(new)))).find(new.id) == new
    with pytest.raises(BadSignature):
        directory.enrol(new, b64url(VOTER.sign(enrolment_bytes(new))))
    with pytest.raises(KeyRefused):
        directory.enrol(replace(new, organisation="borealis"), b64url(ROOT.sign(enrolment_bytes(new))))


def test_the_old_key_signs_the_new_one_and_a_revoked_one_does_not():
    first, second = key(), Ed25519PrivateKey.generate()
    directory = Directory(roots=(("aster", dump_key(ROOT.public_key())),)).enrol(
        first, b64url(ROOT.sign(enrolment_bytes(first)))
    )
    successor = key(second, signed_by=first.id)
    signature = b64url(VOTER.sign(enrolment_bytes(successor)))
    assert directory.enrol(successor, signature).find(successor.id)
    with pytest.raises(KeyRefused):
        directory.revoke(first.id, by_key=first.id, at=NOON).enrol(successor, signature)


def test_a_key_counts_only_where_it_was_usable_at_notice_and_is_not_revoked():
    conditions = {"organisation": "aster", "kinds": ["ed25519"], "noticed_at": NOON, "at": NOON}
    assert require_usable(key(usable_at=NOON), **conditions)
    for refused in (
        None,
        key(usable_at=datetime(2026, 11, 23, tzinfo=UTC)),
        key(revoked_at=NOON),
        key(kind=KeyKind.SOFTWARE),
        key(organisation="elbe"),
    ):
        with pytest.raises(KeyRefused):
            require_usable(refused, **conditions)
