"""The key that orders are signed with, and the number of the last order that it signed for each laboratory.

Like the log's key it lies in a folder outside the database: a database that is restored from yesterday does not know which
orders have gone out since. A number is on the disk before the signature that uses it is let out, and is never used again.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings

from ledger.rules.notes import Note, NoteSigner
from ledger.signer import Signer, SigningRefused
from ledger.storage import write_durably

type Draft = Callable[[int], str]  # from an order's number to the text that is signed


class OrderSigner:
    """The signer in `folder`: files `key` (mode 0600) and `sequences` (the last number by laboratory)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept = Signer(folder)

    def create(self, name: str) -> None:
        """Make the key, unless there is one."""
        self._kept.create(name)

    def exists(self) -> bool:
        """Whether the key has been made."""
        return self._kept.exists()

    @property
    def key(self) -> NoteSigner:
        """The key; raise SigningRefused where it is missing."""
        if not self.exists():
            raise SigningRefused("The key of the orders is missing from its folder: restore it from its backup.")
        return self._kept.key

    def sequences(self) -> dict[str, int]:
        """Return the last number that was used for each laboratory."""
        try:
            return dict(json.loads((self.folder / "sequences").read_bytes()))
        except FileNotFoundError:
            return {}

    def sign(self, drafts: Mapping[str, tuple[int, Draft]]) -> dict[str, Note]:
        """Sign an order for each laboratory; beside the draft stands the last number that the database knows."""
        key = self.key
        with self._kept.locked():
            used = self.sequences()
            numbers = {lab: max(last, used.get(lab, 0)) + 1 for lab, (last, _draft) in drafts.items()}
            texts = {lab: draft(numbers[lab]) for lab, (_last, draft) in drafts.items()}
            sequences = json.dumps(used | numbers, sort_keys=True).encode()
            write_durably(self.folder / "sequences", sequences + b"\n", mode=0o600)
            return {lab: Note(text, (key.sign(text),)) for lab, text in texts.items()}


def order_signer() -> OrderSigner:
    """Return the signer of this site's orders; its folder lies in that of the log's signer."""
    return OrderSigner(settings.LEDGER["SIGNER_DIR"] / "orders")
