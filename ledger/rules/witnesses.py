"""The witness protocol's texts (c2sp.org/tlog-witness) and the policy file (c2sp.org/tlog-policy)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.errors import Malformed
from ledger.rules.encoding import base64_of, decimal, from_base64
from ledger.rules.merkle import HASH_SIZE
from ledger.rules.notes import KeyType, Note, VerifierKey

MOST_PROOF_LINES: Final = 63
SIZE_TYPE: Final = "text/x.tlog.size"
_SPACES: Final = re.compile("[ \t]+")


@dataclass(frozen=True)
class AddCheckpoint:
    """A request to cosign a checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Note

    @property
    def body(self) -> str:
        """The request's body."""
        return "\n".join([f"old {self.old}", *map(base64_of, self.proof), "", str(self.checkpoint)])

    @classmethod
    def parse(cls, body: bytes) -> "AddCheckpoint":
        """Read a request's body; raise Malformed for any other form than the specification's."""
        try:
            head, gap, note = body.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise Malformed("The request is not UTF-8.") from None
        first, *lines = head.split("\n")
        if not gap or not first.startswith("old ") or len(lines) > MOST_PROOF_LINES:
            raise Malformed("This is not a request to cosign a checkpoint.")
        proof = tuple(from_base64(line, size=HASH_SIZE) for line in lines)
        return cls(decimal(first.removeprefix("old ")), proof, Note.parse(note))


@dataclass(frozen=True)
class Witness:
    """Somebody who cosigns: where, and with which key."""

    name: str
    url: str
    key: VerifierKey

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """Read name=url=verifier-key, the form of the setting FERMATA_WITNESSES."""
        name, _, rest = text.partition("=")
        url, _, key = rest.partition("=")
        if not name or not url.startswith(("http://", "https://")):
            raise Malformed(f"{text[:80]!r} is not a witness: write name=url=verifier-key.")
        parsed = VerifierKey.parse(key)
        if parsed.type is not KeyType.COSIGNATURE:
            raise Malformed(f"The key of {name} is not one for cosignatures.")
        return cls(name, url.rstrip("/"), parsed)


@dataclass(frozen=True)
class Policy:
    """Which logs and witnesses are known, and which of the witnesses make a checkpoint valid."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[tuple[str, VerifierKey], ...]
    groups: tuple[tuple[str, int, tuple[str, ...]], ...]
    quorum: str

    @property
    def keys(self) -> list[VerifierKey]:
        """The witnesses' keys."""
        return [key for _name, key in self.witnesses]

    def is_met_by(self, cosigners: Collection[VerifierKey]) -> bool:
        """Whether cosignatures by `cosigners` make the quorum."""
        met = {"none"} | {name for name, key in self.witnesses if key in cosigners}
        for name, least, members in self.groups:
            if len(met.intersection(members)) >= least:
                met.add(name)
        return self.quorum in met

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read a policy file; raise Malformed with the line that is wrong."""
        logs: list[VerifierKey] = []
        witnesses: list[tuple[str, VerifierKey]] = []
        groups: list[tuple[str, int, tuple[str, ...]]] = []
        quorum: list[str] = []
        names, members_of_groups = {"none"}, set[str]()
        for number, line in enumerate(text.split("\n"), 1):
            match _SPACES.split(line.strip(" \t")):
                case [""]:
                    pass
                case [word, *_] if word.startswith("#"):
                    pass
                case ["log", key] | ["log", key, _]:
                    logs.append(VerifierKey.parse(key))
                case ["witness", name, key] | ["witness", name, key, _] if name not in names:
                    witnesses.append((name, VerifierKey.parse(key)))
                    names.add(name)
                case ["group", name, least, *members] if name not in names and _may_group(
                    members, names, members_of_groups
                ):
                    groups.append((name, _threshold(least, members), tuple(members)))
                    names.add(name)
                    members_of_groups.update(members)
                case ["quorum", name] if name in names and not quorum:
                    quorum.append(name)
                case _:
                    raise Malformed(f"Line {number} of the policy cannot be read: {line[:80]!r}")
        if not quorum:
            raise Malformed("The policy names no quorum.")
        return cls(tuple(logs), tuple(witnesses), tuple(groups), quorum[0])


def policy_text(log: VerifierKey, url: str, witnesses: Sequence[Witness], quorum: int) -> str:
    """Return a policy file: this log, these witnesses, and how many of them must have cosigned."""
    lines = [f"log {log} {url}", *(f"witness {witness.name} {witness.key} {witness.url}" for witness in witnesses)]
    if quorum:
        lines += [f"group witnesses {quorum} {' '.join(witness.name for witness in witnesses)}", "quorum witnesses"]
    else:
        lines += ["quorum none"]
    return "\n".join(lines) + "\n"


def origin_hash(origin: str) -> str:
    """Return the name under which a witness shows a log's last cosigned checkpoint."""
    return sha256(origin.encode()).hexdigest()


def _may_group(members: Sequence[str], names: set[str], taken: set[str]) -> bool:
    known = names - {"none"} - taken
    return bool(members) and len(set(members)) == len(members) and known.issuperset(members)


def _threshold(text: str, members: Sequence[str]) -> int:
    least = {"any": 1, "all": len(members)}.get(text) or decimal(text)
    if not 1 <= least <= len(members):
        raise Malformed(f"A group of {len(members)} cannot need {text}.")
    return least
