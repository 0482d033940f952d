"""Keys of every kind, held by a test: a laboratory's root, and authenticators that sign as real ones do."""

import json
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings

from accounts.rules.keys import Key, enrolment, revocation, root_declaration, signers_statement
from accounts.rules.signatures import b64url, dump_key, key_id, read_ssh_key
from accounts.rules.statements import KeyKind, Purpose, challenge
from core.canonical import Json, canonical
from tests import factories
from tests.factories import LONG_AGO
from treaty.actions.keys import declare_root, enrol_key
from treaty.models import Ballot, Vote
from treaty.queries.ballot_papers import ballot_for
from treaty.rules.ballots import Envelope, SignedBallot, reason_hash, repudiation
from treaty.rules.profiles import Choice

ORIGIN, RP_ID = "https://ballot.example", "ballot.example"


@dataclass
class Voter:
    """A key that signs statements and ballots of its kind."""

    kind: KeyKind = KeyKind.ED25519
    folder: Path | None = None
    private: object = field(default_factory=Ed25519PrivateKey.generate)
    credential: str = ""

    @cached_property
    def public_key(self) -> str:
        if self.kind is KeyKind.SSH:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "id"], check=True)
            return read_ssh_key((self.folder / "id.pub").read_text())
        return dump_key(self.private.public_key())

    @property
    def id(self) -> str:
        return key_id(self.public_key)

    @property
    def fields(self) -> dict[str, str]:
        own = {"origin": ORIGIN, "rp_id": RP_ID, "credential": self.credential} if self.credential else {}
        return {"kind": self.kind, "public_key": self.public_key, **own}

    def proof(self, message: bytes, purpose: Purpose = Purpose.BALLOT, **changes) -> dict[str, str]:
        match self.kind:
            case KeyKind.SSH:
                command = ["ssh-keygen", "-q", "-Y", "sign", "-f", self.folder / "id", "-n", purpose.namespace]
                done = subprocess.run(command, input=message, check=True, capture_output=True)
                return {"sshsig": done.stdout.decode()}
            case KeyKind.PASSKEY:
                return self.assertion(challenge(purpose, message), **changes)
        return {"signature": b64url(self.private.sign(challenge(purpose, message)))}

    def assertion(self, asked: bytes, *, flags=0x05, rp_id=RP_ID, trailing=b"", **changes) -> dict[str, str]:
        """What an authenticator answers; `changes` alter the client data, None takes a member out."""
        client = {"type": "webauthn.get", "challenge": b64url(asked), "origin": ORIGIN, "crossOrigin": False, **changes}
        client_data = json.dumps({name: value for name, value in client.items() if value is not None}).encode()
        data = sha256(rp_id.encode()).digest() + bytes([flags]) + bytes(4) + trailing
        signature = self.private.sign(data + sha256(client_data).digest(), ECDSA(SHA256()))
        parts = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature}
        return {"credential": self.credential} | {name: b64url(part) for name, part in parts.items()}

    def signature(self, purpose: Purpose, statement: Json) -> str:
        """A signature under a statement, as it travels: one string."""
        proof = self.proof(canonical(statement), purpose)
        return json.dumps(proof) if self.kind is KeyKind.PASSKEY else next(iter(proof.values()))

    def enrols(self, other: "Voter", organisation: str = "aster", **changes) -> str:
        key = Key(**{**other.fields, **changes}, organisation=organisation)
        return self.signature(Purpose.ENROLMENT, enrolment(key, log()))

    def revokes(self, key: str, organisation: str = "aster") -> str:
        return self.signature(Purpose.REVOCATION, revocation(key, organisation=organisation, log=log()))

    def repudiates(self, ballot: Ballot) -> str:
        statement = repudiation(ballot.hash, vote=ballot.vote.key, organisation=ballot.organisation.key, log=log())
        return self.signature(Purpose.REPUDIATION, statement)

    def asks_for(self, signers: int, number: int = 1, organisation: str = "aster") -> str:
        return self.signature(Purpose.SIGNERS, signers_statement(signers, number, organisation=organisation, log=log()))

    def declares(self, public_key: str, supersedes: str | None = None, organisation: str = "aster") -> str:
        return self.signature(
            Purpose.ROOT, root_declaration(public_key, supersedes, organisation=organisation, log=log())
        )

    def envelope(self, ballot: SignedBallot, **changes) -> Envelope:
        message = canonical(ballot.value())
        return Envelope(message, self.proof(message, **changes), "" if ballot.key == self.id else self.id)

    def ballot(self, vote: Vote, choice=Choice.CONSENT, reason="", organisation="aster", **changes) -> SignedBallot:
        """The ballot that fits now, made out for this key; `changes` falsify it."""
        made = ballot_for(
            vote,
            factories.laboratory(organisation),
            choice=choice,
            reason=reason_hash(reason),
            ground="",
            key=self.id,
            nonce="0" * 32,
            at=vote.opens_at,
        )
        return SignedBallot(**{name: getattr(made, name) for name in made.__dataclass_fields__} | changes)

    def casts(self, vote: Vote, *args, **fields) -> Envelope:
        return self.envelope(self.ballot(vote, *args, **fields))


def log() -> str:
    return settings.LEDGER["ORIGIN"]


def passkey(credential: bytes = b"credential") -> Voter:
    return Voter(KeyKind.PASSKEY, private=generate_private_key(SECP256R1()), credential=b64url(credential))


def with_root(organisation="aster", *, at=LONG_AGO, by=None) -> Voter:
    """The root key of a laboratory, declared by `by` or by a new representative."""
    root, lab = Voter(), factories.laboratory(organisation)
    declare_root(
        organisation=lab,
        public_key=root.public_key,
        signature=root.declares(root.public_key, organisation=organisation),
        by=by or factories.representative(lab),
        at=at,
    )
    return root


def enrolled(voter: Voter, root: Voter, organisation="aster", *, at=LONG_AGO):
    """The row of a key that the root enrolled."""
    return enrol_key(
        organisation=factories.laboratory(organisation),
        **voter.fields,
        signature=root.enrols(voter, organisation),
        by=None,
        at=at,
    )
