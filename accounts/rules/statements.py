"""Signed statements: what an organisation's root or a voter's key says, and the proof that it was that key.

A statement is canonical JSON for one purpose. Its challenge is SHA-256("fermata/PURPOSE/v1" NUL the canonical bytes):
a plain key signs the challenge, a passkey is asked for it, and `ssh-keygen -Y sign -n fermata-PURPOSE-v1` signs the bytes.
Each statement names the log that it is for, so that it means nothing on another deployment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from accounts.rules.signatures import (
    Assertion,
    BadSignature,
    from_b64url,
    verify,
    verify_assertion,
    verify_ssh,
)
from core.canonical import Json, canonical, parse
from core.errors import Malformed

ARMOR = "-----BEGIN SSH SIGNATURE-----"


class Purpose(StrEnum):
    """What a signature is for; it fits nothing else."""

    ROOT = "root"
    ENROLMENT = "enrolment"
    REVOCATION = "revocation"
    SIGNERS = "signers"
    BALLOT = "ballot"
    REPUDIATION = "repudiation"
    ACKNOWLEDGEMENT = "acknowledgement"
    RECIPIENT = "recipient"

    @property
    def tag(self) -> str:
        """What stands before the bytes that are hashed."""
        return f"fermata/{self.value}/v1"

    @property
    def namespace(self) -> str:
        """What `ssh-keygen -Y sign -n` is given."""
        return f"fermata-{self.value}-v1"


class KeyKind(StrEnum):
    """How a key signs. A `software` key is held by the demonstration's server for its visitors, and labelled as such."""

    PASSKEY = "passkey"
    SSH = "ssh"
    ED25519 = "ed25519"
    SOFTWARE = "software"


MEMBERS = {
    KeyKind.ED25519: frozenset({"signature"}),
    KeyKind.SOFTWARE: frozenset({"signature"}),
    KeyKind.SSH: frozenset({"sshsig"}),
    KeyKind.PASSKEY: frozenset({"credential", "clientDataJSON", "authenticatorData", "signature"}),
}


@dataclass(frozen=True)
class Signer:
    """A key as the record has it. `origin`, `rp_id` and `credential` belong to passkeys."""

    kind: KeyKind
    public_key: str
    origin: str = ""
    rp_id: str = ""
    credential: str = ""


def challenge(purpose: Purpose, message: bytes) -> bytes:
    """Return the 32 bytes that a plain key signs and a passkey is asked for."""
    return sha256(purpose.tag.encode() + b"\0" + message).digest()


def check_proof(
    signer: Signer, proof: Mapping[str, str], *, purpose: Purpose, message: bytes, synced_allowed: bool
) -> None:
    """Check that `signer` signed `message` for this purpose; raise BadSignature with the first reason."""
    if set(proof) != MEMBERS[signer.kind] or not all(isinstance(part, str) for part in proof.values()):
        raise BadSignature(
            f"The proof of a {signer.kind} key has exactly the members {', '.join(sorted(MEMBERS[signer.kind]))}."
        )
    asked = challenge(purpose, message)
    match signer.kind:
        case KeyKind.PASSKEY:
            _check_passkey(proof, signer, asked, synced_allowed=synced_allowed)
        case KeyKind.SSH:
            verify_ssh(proof["sshsig"], public_key=signer.public_key, message=message, namespace=purpose.namespace)
        case KeyKind.ED25519 | KeyKind.SOFTWARE:
            verify(signer.public_key, asked, from_b64url(proof["signature"]))


def check_statement(signer: Signer, signature: str, *, purpose: Purpose, statement: Json) -> None:
    """Check the signature under a statement: base64url, an armored SSHSIG, or a passkey's proof as JSON."""
    proof = proof_of(signer.kind, signature)
    check_proof(signer, proof, purpose=purpose, message=canonical(statement), synced_allowed=True)


def root_signer(public_key: str, signature: str) -> Signer:
    """Return the root as the signer of this signature: plain, or made with `ssh-keygen`."""
    return Signer(KeyKind.SSH if signature.startswith(ARMOR) else KeyKind.ED25519, public_key)


def proof_of(kind: KeyKind, signature: str) -> dict[str, str]:
    """Return a signature that travels as one string in the form that its kind of key has; raise Malformed."""
    match kind:
        case KeyKind.SSH:
            return {"sshsig": signature}
        case KeyKind.ED25519 | KeyKind.SOFTWARE:
            return {"signature": signature}
    proof = parse(signature)
    if not isinstance(proof, Mapping):
        raise Malformed("A passkey's signature is the JSON object of its assertion.")
    return {name: part for name, part in proof.items() if isinstance(part, str)}


def _check_passkey(proof: Mapping[str, str], signer: Signer, asked: bytes, *, synced_allowed: bool) -> None:
    if proof["credential"] != signer.credential:
        raise BadSignature("The assertion was made with another credential than the one enrolled.")
    assertion = Assertion(*(from_b64url(proof[part]) for part in ("clientDataJSON", "authenticatorData", "signature")))
    verify_assertion(
        assertion,
        public_key=signer.public_key,
        challenge=asked,
        origin=signer.origin,
        rp_id=signer.rp_id,
        synced_allowed=synced_allowed,
    )
