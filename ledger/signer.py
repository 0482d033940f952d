"""The log's key and what it has signed, kept in a folder outside the database.

A database that is restored from yesterday knows nothing of what was signed since. The signer does: it signs a head only
with a proof that the head extends the last one it signed, and remembers it before it lets the signature out.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.errors import DomainError
from ledger.rules.checkpoints import Head
from ledger.rules.merkle import verify_consistency
from ledger.rules.notes import KeyType, Note, NoteSigner
from ledger.storage import make_folder, write_durably


class SigningRefused(DomainError):
    """The record is not signed, because what is to be signed contradicts what was signed before."""

    code = "signing_refused"


class Signer:
    """The signer in `folder`: files `key` (mode 0600), `mark` (the last signed head) and `alarm` (why it must not sign)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exists(self) -> bool:
        """Whether the key has been made."""
        return (self.folder / "key").is_file()

    def create(self, origin: str) -> None:
        """Make the key of a new log named `origin`, unless there is one."""
        make_folder(self.folder, 0o700)
        if not self.exists():
            key = NoteSigner(origin, KeyType.ED25519, Ed25519PrivateKey.generate())
            write_durably(self.folder / "key", key.encoded().encode() + b"\n", mode=0o600)

    @property
    def key(self) -> NoteSigner:
        """The key; raise SigningRefused where it is missing."""
        try:
            return NoteSigner.parse((self.folder / "key").read_text())
        except FileNotFoundError:
            raise SigningRefused(
                "The log's key is missing from the signer's folder: restore it from its backup."
            ) from None

    @property
    def mark(self) -> Head | None:
        """The last head that was signed."""
        try:
            note = Note.parse((self.folder / "mark").read_bytes())
        except FileNotFoundError:
            return None
        note.verified([self.key.verifier])
        return Head.parse(note.text)

    @property
    def alarm(self) -> str:
        """Why nothing may be signed until somebody has looked; empty where all is well."""
        try:
            return (self.folder / "alarm").read_text().strip()
        except FileNotFoundError:
            return ""

    def raise_alarm(self, reason: str) -> None:
        """Stop signing, for good, until the file `alarm` is removed by hand."""
        make_folder(self.folder, 0o700)
        write_durably(self.folder / "alarm", reason.encode() + b"\n", mode=0o600)

    def sign(self, head: Head, proof: Sequence[bytes]) -> Note:
        """Sign `head`; `proof` shows that it extends the mark. The mark is on the disk before the signature is returned."""
        with self.locked():
            self._check(head, proof)
            note = Note(head.text, (self.key.sign(head.text),))
            write_durably(self.folder / "mark", str(note).encode(), mode=0o600)
            return note

    @contextmanager
    def publishing(self) -> Iterator[bool]:
        """Hold the right to publish while no other process has it; yields whether it was free."""
        make_folder(self.folder, 0o700)
        descriptor = os.open(self.folder / "publishing.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _check(self, head: Head, proof: Sequence[bytes]) -> None:
        mark, alarm = self.mark, self.alarm
        if alarm:
            raise SigningRefused(f"The signer has stopped: {alarm}")
        if head.origin != self.key.name:
            raise SigningRefused(f"The signer's key is for {self.key.name}, not for {head.origin}.")
        if mark is None:
            return
        if head.size < mark.size:
            raise SigningRefused(f"A tree of {head.size} entries is older than the signed one of {mark.size}.")
        if head.size == mark.size and head.root == mark.root:
            return
        if not verify_consistency(mark.size, head.size, mark.root, head.root, proof):
            raise SigningRefused(
                f"The tree of {head.size} entries does not extend the signed one of {mark.size}: history was changed."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to sign with this folder's key; other processes wait."""
        make_folder(self.folder, 0o700)
        descriptor = os.open(self.folder / "signing.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
