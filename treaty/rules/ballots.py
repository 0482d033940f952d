"""Signed ballots: the canonical ballot, the envelope it travels in, and whether its signature counts.

challenge = SHA-256("fermata/ballot/v1" NUL JCS(ballot)). An SSH key signs the canonical bytes under the namespace
`fermata-ballot-v1`; a machine key signs the challenge. What is published per ballot is the envelope, never re-serialised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from accounts.rules.keys import Key, KeyRefused
from accounts.rules.signatures import b64url
from accounts.rules.statements import Purpose, check_proof
from core.canonical import Json, canonical, commitment, parse, tagged_digest
from core.errors import Malformed
from core.times import instant, stamp
from treaty.rules.profiles import Choice

SHORTEST: Final = timedelta(microseconds=1)
CHOSEN = frozenset({"choice", "reason", "key", "nonce", "at", "ground"})  # by whoever makes the ballot
FIELDS = frozenset(
    {"origin", "text", "vote", "profile", "roll", "organisation", "choice", "reason", "sequence", "supersedes", "key", "head", "nonce", "at"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignedBallot:
    """What a voter signs. It binds the deployment, the text, the vote, its rule and roll, so that it fits nowhere else.

    `reason` and `supersedes` are SHA-256 in hex or None; `head` is the size of the log that the voter saw; `nonce` is
    made by the client, 32 hexadecimal digits; `ground` is that of a veto, where the rule knows such grounds.
    """

    origin: str
    text: str
    vote: str
    profile: str
    roll: str
    organisation: str
    choice: Choice
    reason: str | None
    sequence: int
    supersedes: str | None
    key: str
    head: int
    nonce: str
    at: datetime
    ground: str = ""

    def value(self) -> dict[str, Json]:
        """Return the ballot as it is hashed; a ground stands in it only where one is named."""
        named: dict[str, Json] = {"ground": self.ground} if self.ground else {}
        return named | {
            "origin": self.origin,
            "text": self.text,
            "vote": self.vote,
            "profile": self.profile,
            "roll": self.roll,
            "organisation": self.organisation,
            "choice": self.choice.value,
            "reason": self.reason,
            "sequence": self.sequence,
            "supersedes": self.supersedes,
            "key": self.key,
            "head": self.head,
            "nonce": self.nonce,
            "at": stamp(self.at),
        }

    @property
    def hash(self) -> str:
        """The ballot's name: the challenge in hex. Twins of an ECDSA signature share it."""
        return tagged_digest(Purpose.BALLOT.tag, self.value())


def read_ballot(data: bytes) -> SignedBallot:
    """Read a ballot from its canonical bytes; raise Malformed where they are not exactly that."""
    value = parse(data)
    if not isinstance(value, Mapping) or set(value) - {"ground"} != FIELDS:
        raise Malformed(f"A ballot has exactly the members {', '.join(sorted(FIELDS))}, and ground where one is named.")
    if canonical(value) != data:
        raise Malformed("The ballot's bytes are not in canonical form.")
    texts = {name: _text(value, name) for name in FIELDS - {"choice", "reason", "supersedes", "sequence", "head", "at"}}
    try:
        choice = Choice(_text(value, "choice"))
    except ValueError:
        raise Malformed("A ballot's choice is consent, object or abstain.") from None
    return SignedBallot(
        **texts,
        choice=choice,
        at=instant(_text(value, "at")),
        reason=_text_or_none(value, "reason"),
        supersedes=_text_or_none(value, "supersedes"),
        sequence=_count(value, "sequence"),
        head=_count(value, "head"),
        ground=_ground(value),
    )


@dataclass(frozen=True, slots=True)
class Envelope:
    """A ballot's bytes and the signature over them.

    `proof` holds, by the kind of the key: {"signature"} (base64url; machine and software keys), {"sshsig"} (armored),
    or {"credential", "clientDataJSON", "authenticatorData", "signature"} (base64url; passkeys). `signer` is the id of the
    key that signed; empty, it is the one that the ballot names. A second key signs the same bytes.
    """

    ballot: bytes
    proof: Mapping[str, str]
    signer: str = ""


def check_envelope(envelope: Envelope, key: Key, *, synced_allowed: bool) -> SignedBallot:
    """Return the ballot if `key` – as the *record* enrolled it – signed it; raise BadSignature or KeyRefused."""
    ballot = read_ballot(envelope.ballot)
    if (envelope.signer or ballot.key) != key.id or ballot.organisation != key.organisation:
        raise KeyRefused("The ballot names another key or another organisation than the one that signed.")
    check_proof(key, envelope.proof, purpose=Purpose.BALLOT, message=envelope.ballot, synced_allowed=synced_allowed)
    return ballot


def misfits(ballot: SignedBallot, expected: SignedBallot) -> list[str]:
    """Return the members in which a ballot differs from the one that would be cast now; nonce and instant are its maker's."""
    names = [one.name for one in fields(SignedBallot) if one.name not in {"nonce", "head", "at"}]
    wrong = [name for name in names if getattr(ballot, name) != getattr(expected, name)]
    return [*wrong, "head"] if ballot.head > expected.head else wrong


def repudiation(ballot: str, vote: str, *, organisation: str, log: str) -> Json:
    """Return what the organisation's root signs to say that a ballot, by its hash, was not its own."""
    return {"log": log, "organisation": organisation, "vote": vote, "ballot": ballot}


def reason_hash(reason: str) -> str | None:
    """Return what a ballot binds of the stated reason: SHA-256 of its UTF-8 bytes in hex, None for no reason."""
    return sha256(reason.encode()).hexdigest() if reason else None


def receipt_instant(at: datetime, last: datetime | None) -> datetime:
    """Return when a ballot that comes in at `at` was received: later than the `last` of its vote, so that no two share an instant."""
    return at if last is None or last < at else last + SHORTEST


def cast_payload(ballot: SignedBallot, received_at: datetime, proofs: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Return the payload of `ballot.cast`; a ballot that is signed comes with its envelope, as it was received."""
    payload: dict[str, Json] = {
        "vote": ballot.vote,
        "organisation": ballot.organisation,
        "ballot": ballot.value(),
        "hash": ballot.hash,
        "ground": ballot.ground or None,
        "received_at": stamp(received_at),
    }
    if proofs:
        payload["envelope"] = {"ballot": b64url(canonical(ballot.value())), "proofs": list(proofs)}
    return payload


SHOWN = ("vote", "organisation", "received_at")  # what a sealed ballot's entry says of what `ballot.cast` would


def sealed_part(payload: Mapping[str, Json]) -> dict[str, Json]:
    """Return what stays sealed of the payload that `ballot.cast` would have."""
    return {name: value for name, value in payload.items() if name not in SHOWN}


def seal(payload: Mapping[str, Json], *, salt: str, **shown: Json) -> dict[str, Json]:
    """Return what the record says of a sealed `payload`: who, in which vote, when, `shown`, and a commitment to the rest."""
    known = {name: payload[name] for name in SHOWN}
    return known | shown | {"commitment": commitment(salt, sealed_part(payload))}


def unseal(payload: Mapping[str, Json], *, sequence: int, salt: str) -> dict[str, Json]:
    """Return the payload of `ballot.opened`."""
    shown = {name: payload[name] for name in SHOWN if name != "received_at"}
    return shown | {"sequence": sequence, "salt": salt} | sealed_part(payload)


def question_hash(title: str, question: str, subject: Mapping[str, Json]) -> str:
    """Return the hash of the words that are voted on, which the record holds."""
    return tagged_digest("fermata/question/v1", {"title": title, "question": question, "subject": subject})


def _text(value: Mapping[str, Json], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise Malformed(f"A ballot's {name} is a string.")
    return found


def _text_or_none(value: Mapping[str, Json], name: str) -> str | None:
    return None if value[name] is None else _text(value, name)


def _ground(value: Mapping[str, Json]) -> str:
    if "ground" not in value:
        return ""
    if not (ground := _text(value, "ground")):
        raise Malformed("A ballot without a ground has no such member.")
    return ground


def _count(value: Mapping[str, Json], name: str) -> int:
    found = value[name]
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Malformed(f"A ballot's {name} is a whole number.")
    return found
