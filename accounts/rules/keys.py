"""The key directory: which key could sign for an organisation at which position of the record.

An organisation's root key (offline, printed in the annex or declared once) signs each enrolment; an enrolled key may sign
for its successor. A key becomes usable after the cooling-off that the text states, never in a vote noticed before that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from accounts.rules.signatures import Algorithm, algorithm_of, from_b64url, key_id, load_key
from accounts.rules.statements import KeyKind, Purpose, Signer, check_statement, root_signer
from core.canonical import Json
from core.errors import DomainError

ROOT = "root"  # the name by which a statement says that the root signed it
MOST_SIGNERS = 9
LONGEST_CREDENTIAL = 1364  # 1,023 bytes in base64url


class KeyRefused(DomainError):
    """The key cannot be used for this."""

    code = "key_refused"


@dataclass(frozen=True)
class Key(Signer):
    """A key as the record enrolled it."""

    organisation: str = ""
    enrolled_at: datetime | None = None
    usable_at: datetime | None = None
    signed_by: str = ROOT  # or the id of the key that it succeeds
    revoked: bool = False

    @property
    def id(self) -> str:
        """The key's name in the record."""
        return key_id(self.public_key)


def enrolment(key: Key, log: str) -> Json:
    """Return what the root key (or the predecessor) signs."""
    return {
        "log": log,
        "organisation": key.organisation,
        "kind": key.kind.value,
        "public_key": key.public_key,
        "origin": key.origin,
        "rp_id": key.rp_id,
        "credential": key.credential,
    }


def revocation(key: str, *, organisation: str, log: str) -> Json:
    """Return what any unrevoked key of the organisation, or its root, signs."""
    return {"log": log, "organisation": organisation, "key": key}


def root_declaration(public_key: str, supersedes: str | None, *, organisation: str, log: str) -> Json:
    """Return what a root key signs about itself, and about its successor. `supersedes` is a key id."""
    return {"log": log, "organisation": organisation, "public_key": public_key, "supersedes": supersedes}


def signers_statement(signers: int, number: int, *, organisation: str, log: str) -> Json:
    """Return what the root signs to ask for so many keys on each ballot; `number` counts these statements from 1."""
    return {"log": log, "organisation": organisation, "signers": signers, "number": number}


@dataclass(frozen=True)
class Directory:
    """The keys ever enrolled, the root keys by organisation, and the log whose statements these are."""

    log: str = ""
    roots: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)

    def find(self, wanted: str) -> Key | None:
        """Return the key with that id."""
        return self.keys.get(wanted)

    def declare_root(self, organisation: str, public_key: str, signature: str) -> "Directory":
        """Take the organisation's first root key, which signs for itself, or a new one, which the old one signs."""
        load_key(public_key)
        old = self.roots.get(organisation)
        statement = root_declaration(public_key, key_id(old) if old else None, organisation=organisation, log=self.log)
        check_statement(root_signer(old or public_key, signature), signature, purpose=Purpose.ROOT, statement=statement)
        return replace(self, roots={**self.roots, organisation: public_key})

    def enrol(self, key: Key, signature: str) -> "Directory":
        """Add `key` if root or predecessor signed it; raise KeyRefused or BadSignature."""
        if key.id in self.keys:
            raise KeyRefused("This key is enrolled already: make a new one.")
        require_well_formed(key)
        signer = self.signer(key.organisation, key.signed_by, signature)
        check_statement(signer, signature, purpose=Purpose.ENROLMENT, statement=enrolment(key, self.log))
        return replace(self, keys={**self.keys, key.id: key})

    def revoke(self, wanted: str, *, by_key: str, signature: str) -> "Directory":
        """Revoke a key with any unrevoked key of the same organisation or its root; ballots already cast stand."""
        key = self.keys.get(wanted)
        if key is None:
            raise KeyRefused("There is no such key.")
        signer = self.signer(key.organisation, by_key, signature)
        statement = revocation(wanted, organisation=key.organisation, log=self.log)
        check_statement(signer, signature, purpose=Purpose.REVOCATION, statement=statement)
        return replace(self, keys={**self.keys, wanted: replace(key, revoked=True)})

    def check_root(self, organisation: str, signature: str, *, purpose: Purpose, statement: Json) -> None:
        """Check that the organisation's root signed `statement`; raise KeyRefused or BadSignature."""
        signer = self.signer(organisation, ROOT, signature)
        check_statement(signer, signature, purpose=purpose, statement=statement)

    def signer(self, organisation: str, signed_by: str, signature: str) -> Signer:
        """Return the root or the unrevoked key that may sign for the organisation; raise KeyRefused."""
        if signed_by == ROOT:
            if organisation not in self.roots:
                raise KeyRefused(f"{organisation} has no root key: the annex prints none, and it has declared none.")
            return root_signer(self.roots[organisation], signature)
        key = self.keys.get(signed_by)
        if key is None or key.organisation != organisation or key.revoked:
            raise KeyRefused("The key that signs is not a valid key of this organisation.")
        return key


def require_well_formed(key: Key) -> None:
    """Refuse a key that could not sign a ballot as its kind does, or a passkey that is not of a host of its own."""
    algorithm = algorithm_of(load_key(key.public_key))
    host = urlsplit(key.origin).hostname or ""
    passkey = key.kind is KeyKind.PASSKEY
    for problem, wrong in [
        (
            f"A key of the kind {key.kind} is an Ed25519 key.",
            key.kind in {KeyKind.ED25519, KeyKind.SOFTWARE} and algorithm is not Algorithm.ED25519,
        ),
        (
            "Only a passkey has an origin, a relying party and a credential.",
            not passkey and bool(key.origin or key.rp_id or key.credential),
        ),
        ("A passkey for ballots is enrolled with its credential.", passkey and not key.credential),
        ("The credential is too long.", len(key.credential) > LONGEST_CREDENTIAL),
        (
            "A passkey for ballots belongs to the ballot host alone: its relying party is that very host.",
            passkey and (not host.startswith("ballot.") or key.rp_id != host),
        ),
    ]:
        if wrong:
            raise KeyRefused(problem)
    if passkey:
        from_b64url(key.credential)


def require_signers(signers: int) -> None:
    """Refuse a number of signatures that nobody could mean."""
    if not 1 <= signers <= MOST_SIGNERS:
        raise KeyRefused(f"A ballot is signed by 1 to {MOST_SIGNERS} keys.")


def require_usable(key: Key | None, *, organisation: str, kinds: Iterable[str], noticed_at: datetime) -> Key:
    """Return `key` if it may now sign a ballot of `organisation`; raise KeyRefused with the reason."""
    if key is None:
        raise KeyRefused("The key directory knows no such key: enrol it first.")
    for problem, wrong in [
        ("The key belongs to another organisation.", key.organisation != organisation),
        (f"The text does not accept keys of the kind {key.kind} in this vote.", key.kind.value not in set(kinds)),
        (
            "The key was not usable yet when the vote was noticed.",
            key.usable_at is None or key.usable_at > noticed_at,
        ),
        ("The key has been revoked.", key.revoked),
    ]:
        if wrong:
            raise KeyRefused(problem)
    return key
