import json
import subprocess
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn import verify_authentication_response
from webauthn.helpers import encode_cbor

from accounts.rules.signatures import (
    Assertion,
    BadSignature,
    b64url,
    dump_key,
    from_b64url,
    key_id,
    read_ssh_key,
    verify,
    verify_assertion,
    verify_ssh,
)
from core.errors import Malformed

ORIGIN, RP_ID, CHALLENGE = "http://ballot.localhost:8000", "ballot.localhost", sha256(b"ballot").digest()
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256 = generate_private_key(SECP256R1())
PUBLIC = dump_key(P256.public_key())


def assertion(*, flags=0x05, rp_id=RP_ID, trailing=b"", **changes):
    client = {"type": "webauthn.get", "challenge": b64url(CHALLENGE), "origin": ORIGIN, "crossOrigin": False, **changes}
    client_data = json.dumps({key: value for key, value in client.items() if value is not None}).encode()
    data = sha256(rp_id.encode()).digest() + bytes([flags]) + (7).to_bytes(4) + trailing
    return Assertion(client_data, data, P256.sign(data + sha256(client_data).digest(), ECDSA(SHA256())))


def check(made, **changes):
    verify_assertion(
        made,
        **{
            "public_key": PUBLIC,
            "challenge": CHALLENGE,
            "origin": ORIGIN,
            "rp_id": RP_ID,
            "synced_allowed": False,
            **changes,
        },
    )


def test_a_good_assertion_passes_here_and_in_py_webauthn():
    made = assertion()
    check(made)
    numbers = P256.public_key().public_numbers()
    cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
    verify_authentication_response(
        credential={
            "id": "AA", "rawId": "AA", "type": "public-key",
            "response": {"clientDataJSON": b64url(made.client_data), "authenticatorData": b64url(made.authenticator_data), "signature": b64url(made.signature)},
        },
        expected_challenge=CHALLENGE, expected_rp_id=RP_ID, expected_origin=ORIGIN,
        credential_public_key=cose, credential_current_sign_count=0, require_user_verification=True,
    )  # fmt: skip


def test_unknown_members_of_the_client_data_are_tolerated():
    check(assertion(other_keys_can_be_added_here="do not compare"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "webauthn.create"}, "type webauthn.get"),
        ({"challenge": b64url(b"x" * 32)}, "another challenge"),
        ({"origin": "http://localhost:8000"}, "another origin"),
        ({"crossOrigin": True}, "frame"),
        ({"topOrigin": "http://evil.example"}, "frame"),
        ({"rp_id": "localhost"}, "relying party"),
        ({"flags": 0x04}, "present"),
        ({"flags": 0x01}, "verified"),
        ({"flags": 0x0D}, "copied"),
        ({"flags": 0x45}, "credential or extensions"),
        ({"trailing": b"x"}, "37 bytes"),
    ],
)
def test_an_assertion_that_is_wrong_in_one_point_is_refused(changes, reason):
    with pytest.raises(BadSignature, match=reason):
        check(assertion(**changes))


def test_a_high_s_twin_passes_and_loose_der_does_not():
    made = assertion()
    r, s = decode_dss_signature(made.signature)
    check(Assertion(made.client_data, made.authenticator_data, encode_dss_signature(r, P256_ORDER - s)))
    with pytest.raises(BadSignature, match="strict DER"):
        check(Assertion(made.client_data, made.authenticator_data, made.signature + b"\0"))


def test_another_key_is_refused():
    with pytest.raises(BadSignature, match="not made by this key"):
        check(assertion(), public_key=dump_key(generate_private_key(SECP256R1()).public_key()))


def test_base64url_has_one_spelling():
    assert from_b64url("AA") == b"\0"
    for other in ("AB", "AA==", "A", "A A", "AA\n"):
        with pytest.raises(Malformed):
            from_b64url(other)


def test_an_ed25519_signature_verifies_and_an_altered_message_does_not():
    private = Ed25519PrivateKey.generate()
    public = dump_key(private.public_key())
    verify(public, b"text", private.sign(b"text"))
    with pytest.raises(BadSignature):
        verify(public, b"texT", private.sign(b"text"))
    assert len(key_id(public)) == 32


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_what_ssh_keygen_signs_verifies_for_its_own_purpose_only(tmp_path, kind):
    file = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", file, *(["-b", "256"] if kind == "ecdsa" else [])], check=True
    )
    public = read_ssh_key((tmp_path / "key.pub").read_text())
    (tmp_path / "ballot").write_bytes(b"canonical")
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", file, "-n", "fermata-ballot-v1", tmp_path / "ballot"],
        check=True,
        capture_output=True,
    )
    armored = (tmp_path / "ballot.sig").read_text()
    verify_ssh(armored, public_key=public, message=b"canonical", namespace="fermata-ballot-v1")
    for changes in ({"message": b"canonicaL"}, {"namespace": "git"}, {"public_key": PUBLIC}):
        with pytest.raises(BadSignature):
            verify_ssh(
                armored, **{"public_key": public, "message": b"canonical", "namespace": "fermata-ballot-v1", **changes}
            )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-----BEGIN SSH SIGNATURE-----\n!!\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----",
    ],
)
def test_a_broken_ssh_signature_is_refused(text):
    with pytest.raises(BadSignature):
        verify_ssh(text, public_key=PUBLIC, message=b"", namespace="n")
