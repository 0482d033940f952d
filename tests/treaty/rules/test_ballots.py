import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.rules.keys import (
    Directory,
    Key,
    KeyRefused,
    enrolment,
    require_usable,
    require_well_formed,
    revocation,
    root_declaration,
)
from accounts.rules.signatures import BadSignature, b64url, dump_key, key_id, read_ssh_key
from accounts.rules.statements import KeyKind, Purpose, challenge
from core.canonical import canonical
from core.errors import Malformed
from treaty.rules.ballots import Envelope, SignedBallot, check_envelope, misfits, read_ballot, reason_hash
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


def enrolled_by(private, new, log="localhost/tlog"):
    return b64url(private.sign(challenge(Purpose.ENROLMENT, canonical(enrolment(new, log)))))


def revoked_by(private, wanted, log="localhost/tlog"):
    return b64url(
        private.sign(challenge(Purpose.REVOCATION, canonical(revocation(wanted, organisation="aster", log=log))))
    )


DIRECTORY = Directory("localhost/tlog", {"aster": dump_key(ROOT.public_key())})


def test_a_key_without_the_roots_signature_is_not_enrolled():
    new = key()
    assert DIRECTORY.enrol(new, enrolled_by(ROOT, new)).find(new.id) == new
    with pytest.raises(BadSignature):
        DIRECTORY.enrol(new, enrolled_by(VOTER, new))
    with pytest.raises(BadSignature):
        DIRECTORY.enrol(new, enrolled_by(ROOT, new, log="elsewhere/tlog"))
    with pytest.raises(KeyRefused):
        DIRECTORY.enrol(replace(new, organisation="borealis"), enrolled_by(ROOT, new))


def test_the_old_key_signs_the_new_one_and_a_revoked_one_does_not():
    first, second = key(), Ed25519PrivateKey.generate()
    directory = DIRECTORY.enrol(first, enrolled_by(ROOT, first))
    successor = key(second, signed_by=first.id)
    assert directory.enrol(successor, enrolled_by(VOTER, successor)).find(successor.id)
    revoked = directory.revoke(first.id, by_key=first.id, signature=revoked_by(VOTER, first.id))
    with pytest.raises(KeyRefused):
        revoked.enrol(successor, enrolled_by(VOTER, successor))


def test_a_key_is_revoked_by_its_organisations_keys_only():
    mine, theirs = key(), key(Ed25519PrivateKey.generate(), organisation="borealis")
    directory = replace(DIRECTORY, keys={mine.id: mine, theirs.id: theirs})
    assert directory.revoke(mine.id, by_key="root", signature=revoked_by(ROOT, mine.id)).keys[mine.id].revoked
    with pytest.raises(KeyRefused):
        directory.revoke(mine.id, by_key=theirs.id, signature=revoked_by(VOTER, mine.id))
    with pytest.raises(BadSignature):
        directory.revoke(mine.id, by_key="root", signature=revoked_by(VOTER, mine.id))


def test_a_root_key_signs_for_itself_and_then_for_its_successor():
    new, newer = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = [dump_key(one.public_key()) for one in (new, newer)]

    def declared(private, public_key, supersedes):
        statement = root_declaration(public_key, supersedes, organisation="cobalt", log="localhost/tlog")
        return b64url(private.sign(challenge(Purpose.ROOT, canonical(statement))))

    first = DIRECTORY.declare_root("cobalt", public[0], declared(new, public[0], None))
    assert first.roots["cobalt"] == public[0]
    second = first.declare_root("cobalt", public[1], declared(new, public[1], key_id(public[0])))
    assert second.roots["cobalt"] == public[1]
    for signature in (declared(newer, public[1], None), declared(newer, public[1], key_id(public[0]))):
        with pytest.raises(BadSignature):
            first.declare_root("cobalt", public[1], signature)


PASSKEY = {"kind": KeyKind.PASSKEY, "origin": "https://ballot.example", "rp_id": "ballot.example", "credential": "AAAA"}


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://site.example"},
        {"rp_id": "example"},
        {"origin": "https://site.example", "rp_id": "site.example"},
        {"credential": ""},
        {"kind": KeyKind.SSH},
    ],
)
def test_a_passkey_of_another_host_than_the_ballots_is_not_enrolled(changes):
    require_well_formed(key(**PASSKEY))
    with pytest.raises(KeyRefused):
        require_well_formed(key(**{**PASSKEY, **changes}))


def test_a_key_counts_only_where_it_was_usable_at_notice_and_is_not_revoked():
    conditions = {"organisation": "aster", "kinds": ["ed25519"], "noticed_at": NOON}
    assert require_usable(key(usable_at=NOON), **conditions)
    for refused in (
        None,
        key(usable_at=datetime(2026, 11, 23, tzinfo=UTC)),
        key(revoked=True),
        key(kind=KeyKind.SOFTWARE),
        key(organisation="elbe"),
    ):
        with pytest.raises(KeyRefused):
            require_usable(refused, **conditions)


def test_a_ballot_names_what_does_not_fit():
    assert misfits(ballot(), ballot(nonce="1" * 32, at=EARLIER)) == []
    assert misfits(ballot(vote="2026-02", sequence=3), ballot()) == ["vote", "sequence"]
    assert misfits(ballot(head=18), ballot(head=17)) == ["head"]


def test_the_ground_of_a_veto_is_signed_along():
    named = ballot(ground="security")
    assert read_ballot(canonical(named.value())) == named
    assert named.hash != ballot().hash
    with pytest.raises(Malformed):
        read_ballot(canonical({**ballot().value(), "ground": ""}))


def test_a_second_key_signs_the_same_bytes():
    other = Ed25519PrivateKey.generate()
    envelope = replace(signed(ballot(), other), signer=key(other).id)
    assert check_envelope(envelope, key(other), synced_allowed=False) == ballot()
    with pytest.raises(KeyRefused):
        check_envelope(replace(envelope, signer=""), key(other), synced_allowed=False)
