"""The signed head of a log: fetched, believed or not, and compared with the one kept from last time."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import Malformed
from ledger.rules.checkpoints import Head
from ledger.rules.notes import Note, Signature, VerifierKey
from ledger.rules.witnesses import Policy
from verifier.sources import Missing, Source


class DoesNotFollow(Exception):
    """The record contradicts itself, or what was seen of it before."""


@dataclass(frozen=True)
class SignedHead:
    """A checkpoint whose signatures were checked."""

    head: Head
    note: Note
    key: VerifierKey
    policy: Policy
    cosignatures: dict[VerifierKey, Signature]

    @property
    def has_quorum(self) -> bool:
        """Whether the witnesses that cosigned make the policy's quorum."""
        return self.policy.is_met_by(self.cosignatures)


@dataclass(frozen=True)
class Trust:
    """Whom the person who runs the verifier trusts: a policy of their own, or a log's key, or the site's own word."""

    key: VerifierKey | None = None
    policy: Policy | None = None

    @classmethod
    def of(cls, key: str | None, policy: Path | None) -> "Trust":
        """Read what the command line named."""
        return cls(VerifierKey.parse(key) if key else None, Policy.parse(policy.read_text()) if policy else None)


def read_head(source: Source, trust: Trust) -> SignedHead:
    """Fetch the checkpoint and check its signatures; raise DoesNotFollow where one is wrong."""
    try:
        policy = trust.policy or Policy.parse(source.read("policy").decode())
        note = Note.parse(source.read("checkpoint"))
        return signed_head(note, policy, trust.key)
    except (Malformed, Missing, UnicodeDecodeError) as error:
        raise DoesNotFollow(f"the checkpoint cannot be believed: {error}") from None


def signed_head(note: Note, policy: Policy, key: VerifierKey | None) -> SignedHead:
    """Check a note's signatures; raise Malformed where it is not the log's."""
    head = Head.parse(note.text)
    logs = [key] if key else [one for one in policy.logs if one.name == head.origin]
    if not logs or (key and key.name != head.origin):
        raise Malformed(f"no key for the log {head.origin} is known")
    verified = note.verified([*logs, *policy.keys])
    signers = [one for one in logs if one in verified]
    if not signers:
        raise Malformed(f"it is not signed by the key of {head.origin}")
    return SignedHead(head, note, signers[0], policy, {one: verified[one] for one in policy.keys if one in verified})


def read_kept(path: Path, key: VerifierKey) -> Head:
    """Read a checkpoint kept from last time; it must be signed by the same key."""
    try:
        note = Note.parse(path.read_bytes())
        if key not in note.verified([key]):
            raise DoesNotFollow(f"the kept checkpoint {path} is of another log, or the log's key has changed")
        return Head.parse(note.text)
    except Malformed as error:
        raise DoesNotFollow(f"the kept checkpoint {path} cannot be read: {error}") from None
