"""A small published log without a site: entries, a key, and the files of both."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.canonical import canonical
from ledger.rules.checkpoints import Head
from ledger.rules.merkle import leaf_hash
from ledger.rules.notes import KeyType, Note, NoteSigner
from ledger.rules.tiles import WIDTH, Edge, bundle_of, tile_in
from ledger.rules.witnesses import Witness, policy_text

ORIGIN = "example.org/tlog"


def key(seed=1, name=ORIGIN, kind=KeyType.ED25519):
    return NoteSigner(name, kind, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def entry(kind, payload, at="2026-11-22T12:00:00Z"):
    return canonical({"v": 1, "kind": kind, "at": at, "by": None, "payload": payload})


def opening(signer):
    text = policy_text(signer.verifier, "https://example.org/tlog", [], 0)
    return entry("log.opened", {"origin": signer.name, "log_key": str(signer.verifier), "policy": text})


@dataclass
class SmallLog:
    """Entries that can be published to a folder, at any size, honestly or not."""

    signer: NoteSigner = field(default_factory=key)
    entries: list[bytes] = field(default_factory=list)
    cosigners: list[NoteSigner] = field(default_factory=list)
    quorum: int = 0

    def __post_init__(self):
        if not self.entries:
            self.entries.append(opening(self.signer))

    def add(self, count):
        start = len(self.entries)
        self.entries += [entry("thing.done", {"number": start + number}) for number in range(count)]
        return self

    def head(self):
        return Head(self.signer.name, len(self.entries), self.edge().root)

    def edge(self):
        return Edge().extend(b"".join(map(leaf_hash, self.entries)))[0]

    def note(self, timestamp=1_763_812_800):
        text = self.head().text
        return Note(text, (self.signer.sign(text), *(one.sign(text, timestamp=timestamp) for one in self.cosigners)))

    def policy(self):
        witnesses = [
            Witness(f"w{number}", f"https://w{number}.example", one.verifier)
            for number, one in enumerate(self.cosigners)
        ]
        return policy_text(self.signer.verifier, "https://example.org/tlog", witnesses, self.quorum)

    def publish(self, folder: Path):
        edge, full = Edge().extend(b"".join(map(leaf_hash, self.entries)))
        files = {tile.path: data for tile, data in [*full, *edge.partial_tiles]}
        for start in range(0, len(self.entries), WIDTH):
            tile = tile_in(0, start // WIDTH, len(self.entries)).bundle
            files[tile.path] = bundle_of(self.entries[start : start + tile.width])
        files |= {"checkpoint": str(self.note()).encode(), "policy": self.policy().encode()}
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder
