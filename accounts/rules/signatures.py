"""Checking signatures offline: Ed25519, OpenSSH's SSHSIG, and WebAuthn assertions. `cryptography` and nothing else.

Sources: RFC 8032; OpenSSH PROTOCOL.sshsig; W3C Web Authentication Level 3, section 7.2.
"""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256, sha512

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_ssh_public_key,
)

from core.errors import Malformed

type PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, ATTESTED, EXTENSIONS = 0x01, 0x04, 0x08, 0x40, 0x80
AUTHENTICATOR_DATA = 37  # bytes without attested credential and extensions
SSH_HASHES = {b"sha256": sha256, b"sha512": sha512}


class BadSignature(Malformed):
    """The signature does not fit."""

    code = "bad_signature"


class Algorithm(StrEnum):
    """The signature algorithms that a key may have."""

    ED25519 = "ed25519"
    ES256 = "es256"


def b64url(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    """Read base64url without padding; refuse any other spelling of the same bytes."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Malformed("This is not base64url.") from None
    if b64url(data) != text:
        raise Malformed("This is not base64url in its one canonical form, without padding.")
    return data


def load_key(public_key: str) -> PublicKey:
    """Read a public key: DER SubjectPublicKeyInfo in base64url; Ed25519 or P-256."""
    try:
        key = load_der_public_key(from_b64url(public_key))
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("The public key is not DER SubjectPublicKeyInfo.") from None
    return _supported(key)


def dump_key(key: PublicKey) -> str:
    """Return the key as `load_key` reads it."""
    return b64url(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def key_id(public_key: str) -> str:
    """Return the key's name in the record: the first 32 hexadecimal digits of SHA-256 over its DER."""
    return sha256(from_b64url(public_key)).hexdigest()[:32]


def algorithm_of(key: PublicKey) -> Algorithm:
    """Return which algorithm the key signs with."""
    return Algorithm.ED25519 if isinstance(key, Ed25519PublicKey) else Algorithm.ES256


def verify(public_key: str, message: bytes, signature: bytes) -> None:
    """Check a plain signature over `message`; raise BadSignature."""
    key = load_key(public_key)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            _require_strict_der(signature)
            key.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        raise BadSignature("The signature was not made by this key over these bytes.") from None


def _supported(key: object) -> PublicKey:
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise Malformed("The key is neither Ed25519 nor P-256.")


def _require_strict_der(signature: bytes) -> None:
    """Refuse trailing bytes and loose encodings, so that an envelope has one form."""
    try:
        strict = encode_dss_signature(*decode_dss_signature(signature))
    except ValueError:
        strict = b""
    if strict != signature:
        raise BadSignature("The ECDSA signature is not strict DER.")


@dataclass(frozen=True)
class Assertion:
    """What an authenticator answered, each part as its raw bytes."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes


def verify_assertion(
    assertion: Assertion, *, public_key: str, challenge: bytes, origin: str, rp_id: str, synced_allowed: bool
) -> None:
    """Check a WebAuthn assertion; `public_key`, `origin` and `rp_id` come from the record, never from the envelope.

    Raises BadSignature with the first reason. Unknown members of the client data are tolerated, the counter is ignored.
    """
    _check_client_data(assertion.client_data, challenge, origin)
    _check_authenticator_data(assertion.authenticator_data, rp_id, synced_allowed=synced_allowed)
    verify(public_key, assertion.authenticator_data + sha256(assertion.client_data).digest(), assertion.signature)


def _check_client_data(raw: bytes, challenge: bytes, origin: str) -> None:
    try:
        data = json.loads(raw.decode())
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise BadSignature("The client data is not a JSON object.")
    for problem, wrong in [
        ("The client data is not of type webauthn.get.", data.get("type") != "webauthn.get"),
        ("The assertion was made for another challenge.", data.get("challenge") != b64url(challenge)),
        ("The assertion was made on another origin.", data.get("origin") != origin),
        ("The assertion was made inside another site's frame.", data.get("crossOrigin", False) is not False),
        ("The assertion was made inside another site's frame.", "topOrigin" in data),
    ]:
        if wrong:
            raise BadSignature(problem)


def _check_authenticator_data(data: bytes, rp_id: str, *, synced_allowed: bool) -> None:
    flags = data[32] if len(data) == AUTHENTICATOR_DATA else 0
    for problem, wrong in [
        ("The authenticator data has another length than 37 bytes.", len(data) != AUTHENTICATOR_DATA),
        ("The authenticator data holds a credential or extensions.", flags & (ATTESTED | EXTENSIONS)),
        ("The assertion was made for another relying party.", data[:32] != sha256(rp_id.encode()).digest()),
        ("Nobody was present.", not flags & USER_PRESENT),
        ("The person was not verified.", not flags & USER_VERIFIED),
        ("The text does not accept a passkey that can be copied.", flags & BACKUP_ELIGIBLE and not synced_allowed),
    ]:
        if wrong:
            raise BadSignature(problem)


def verify_ssh(armored: str, *, public_key: str, message: bytes, namespace: str) -> None:
    """Check what `ssh-keygen -Y sign -n NAMESPACE` made over `message`; raise BadSignature."""
    fields = _ssh_fields(armored)
    if fields.namespace != namespace.encode():
        raise BadSignature(f"The signature was made for another purpose than {namespace}.")
    if fields.hash_name not in SSH_HASHES:
        raise BadSignature("The signature's hash is neither sha256 nor sha512.")
    if dump_key(fields.key) != public_key:
        raise BadSignature("The signature was made by another key.")
    hashed = SSH_HASHES[fields.hash_name](message).digest()
    signed = b"SSHSIG" + b"".join(map(_ssh_string, (fields.namespace, b"", fields.hash_name, hashed)))
    verify(public_key, signed, _ssh_signature(fields))


def read_ssh_key(line: str) -> str:
    """Return an OpenSSH public key line ("ssh-ed25519 AAAA… comment") as `load_key` reads it."""
    try:
        return dump_key(_supported(load_ssh_public_key(line.encode())))
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("This is not an OpenSSH public key of type ssh-ed25519 or ecdsa-sha2-nistp256.") from None


@dataclass(frozen=True)
class _SshFields:
    key: PublicKey
    namespace: bytes
    hash_name: bytes
    kind: bytes
    signature: bytes


def _ssh_fields(armored: str) -> _SshFields:
    lines = armored.strip().splitlines()
    if len(lines) < 3 or lines[0] != "-----BEGIN SSH SIGNATURE-----" or lines[-1] != "-----END SSH SIGNATURE-----":
        raise BadSignature("This is not an armored SSH signature.")
    try:
        data = b64decode("".join(lines[1:-1]), validate=True)
    except ValueError:
        raise BadSignature("The SSH signature is not base64.") from None
    if data[:10] != b"SSHSIG\0\0\0\1":
        raise BadSignature("The SSH signature is not of version 1.")
    blob, namespace, reserved, hash_name, signature = _ssh_strings(data[10:], 5)
    if reserved:
        raise BadSignature("The SSH signature's reserved field is not empty.")
    kind, raw = _ssh_strings(signature, 2)
    line = b" ".join([_ssh_strings(blob, None)[0], b64encode(blob)])
    return _SshFields(load_key(read_ssh_key(line.decode("ascii", "replace"))), namespace, hash_name, kind, raw)


def _ssh_signature(fields: _SshFields) -> bytes:
    expected = b"ssh-ed25519" if isinstance(fields.key, Ed25519PublicKey) else b"ecdsa-sha2-nistp256"
    if fields.kind != expected:
        raise BadSignature("The SSH signature's algorithm is not that of its key.")
    if isinstance(fields.key, Ed25519PublicKey):
        return fields.signature
    r, s = (int.from_bytes(part) for part in _ssh_strings(fields.signature, 2))
    return encode_dss_signature(r, s)


def _ssh_string(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _ssh_strings(data: bytes, count: int | None) -> list[bytes]:
    """Split `data` into its length-prefixed strings; exactly `count` of them, or as many as there are."""
    found = []
    while data:
        length = int.from_bytes(data[:4])
        if len(data) < 4 + length:
            raise BadSignature("The SSH signature ends too early.")
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    if not found or (count is not None and len(found) != count):
        raise BadSignature("The SSH signature has other fields than it should.")
    return found
