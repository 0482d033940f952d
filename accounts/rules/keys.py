"""The key directory: which key could sign for an organisation at which position of the record.

An organisation's root key (Ed25519, offline, printed in the annex) signs each enrolment; the old key may sign for its
successor. A key becomes usable after the cooling-off that the text states, and never in a vote noticed before that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from accounts.rules.signatures import from_b64url, key_id, verify
from core.canonical import Json, canonical
from core.errors import DomainError

ENROLMENT_TAG = b"fermata/enrolment/v1\0"


class KeyKind(StrEnum):
    """How a key signs. A `software` key is made by the demonstration's server for a visitor, and labelled as such."""

    PASSKEY = "passkey"
    SSH = "ssh"
    ED25519 = "ed25519"
    SOFTWARE = "software"


class KeyRefused(DomainError):
    """The key cannot be used for this."""

    code = "key_refused"


@dataclass(frozen=True)
class Key:
    """A key as the record enrolled it. `origin`, `rp_id` and `credential` belong to passkeys."""

    organisation: str
    kind: KeyKind
    public_key: str
    enrolled_at: datetime
    usable_at: datetime
    signed_by: str = "root"  # or the id of the key that it succeeds
    origin: str = ""
    rp_id: str = ""
    credential: str = ""
    revoked_at: datetime | None = None

    @property
    def id(self) -> str:
        """The key's name in the record."""
        return key_id(self.public_key)


def enrolment(key: Key) -> Json:
    """Return what the root key (or the predecessor) signs."""
    return {
        "organisation": key.organisation,
        "kind": key.kind.value,
        "public_key": key.public_key,
        "origin": key.origin,
        "rp_id": key.rp_id,
        "credential": key.credential,
    }


def enrolment_bytes(key: Key) -> bytes:
    """Return the signed bytes of an enrolment."""
    return ENROLMENT_TAG + canonical(enrolment(key))


@dataclass(frozen=True)
class Directory:
    """Every key that was ever enrolled, and the root keys of the annexes."""

    roots: tuple[tuple[str, str], ...] = ()
    keys: tuple[Key, ...] = ()

    def root_of(self, organisation: str) -> str | None:
        """Return the organisation's root key, if the annex prints one."""
        return dict(self.roots).get(organisation)

    def find(self, wanted: str) -> Key | None:
        """Return the key with that id."""
        return next((key for key in self.keys if key.id == wanted), None)

    def enrol(self, key: Key, signature: str) -> "Directory":
        """Add `key` if root or predecessor signed it; raise KeyRefused or BadSignature."""
        if self.find(key.id):
            raise KeyRefused("This key is enrolled already: make a new one.")
        verify(self._signer(key), enrolment_bytes(key), from_b64url(signature))
        return replace(self, keys=(*self.keys, key))

    def revoke(self, wanted: str, *, by_key: str, at: datetime) -> "Directory":
        """Revoke a key with any unrevoked key of the same organisation; ballots already cast stand."""
        key, signer = self.find(wanted), self.find(by_key)
        if key is None or (signer is None and by_key != "root"):
            raise KeyRefused("There is no such key.")
        if signer is not None and signer.organisation != key.organisation:
            raise KeyRefused("Only a key of the same organisation revokes a key.")
        if key.revoked_at is not None:
            return self
        return replace(self, keys=tuple(replace(one, revoked_at=at) if one.id == wanted else one for one in self.keys))

    def _signer(self, key: Key) -> str:
        if key.signed_by == "root":
            root = self.root_of(key.organisation)
            if root is None:
                raise KeyRefused(f"The annex prints no root key for {key.organisation}.")
            return root
        predecessor = self.find(key.signed_by)
        if predecessor is None or predecessor.organisation != key.organisation or predecessor.revoked_at is not None:
            raise KeyRefused("The key that is to be succeeded is not a valid key of this organisation.")
        return predecessor.public_key


def require_usable(
    key: Key | None, *, organisation: str, kinds: Iterable[str], noticed_at: datetime, at: datetime
) -> Key:
    """Return `key` if it may sign a ballot of `organisation` at `at`; raise KeyRefused with the reason."""
    if key is None:
        raise KeyRefused("The key directory knows no such key: enrol it first.")
    for problem, wrong in [
        ("The key belongs to another organisation.", key.organisation != organisation),
        (f"The text does not accept keys of the kind {key.kind} in this vote.", key.kind.value not in set(kinds)),
        ("The key was not usable yet when the vote was noticed.", key.usable_at > noticed_at),
        ("The key has been revoked.", key.revoked_at is not None and key.revoked_at <= at),
    ]:
        if wrong:
            raise KeyRefused(problem)
    return key
