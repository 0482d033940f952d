"""The order that a gate saw last, in a file: written whole or not at all, and never replaced by an older one.

`os` and not `pathlib`, which takes as long to load as the signature takes to be checked.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple


class NotKept(Exception):
    """What was seen cannot be kept or read, so that an older order would not be noticed."""


class Kept(NamedTuple):
    """An order as it was fetched, and the key by which it was believed."""

    key: str
    fetched_at: datetime
    note: str


class Cache(NamedTuple):
    """The file `name` in `folder`."""

    folder: str
    name: str

    @property
    def path(self) -> str:
        """Where it is."""
        return os.path.join(self.folder, f"{self.name}.json")

    def read(self) -> Kept | None:
        """Return what was kept; None where nothing was yet. Raise NotKept where it cannot be read."""
        try:
            with open(self.path, "rb") as file:
                value = json.loads(file.read())
            return Kept(str(value["key"]), datetime.fromtimestamp(value["fetched_at"], UTC), str(value["note"]))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotKept(
                f"the order seen last cannot be read from {self.path} ({error}): look, and remove it"
            ) from None

    def write(self, kept: Kept, *, newer: Callable[[Kept], bool]) -> None:
        """Keep an order, unless another gate has kept a newer one since; raise NotKept where the folder does not take it."""
        value = {"key": kept.key, "fetched_at": int(kept.fetched_at.timestamp()), "note": kept.note}
        try:
            with self._locked():
                other = self.read()
                if other is None or not newer(other):
                    self._put(json.dumps(value).encode())
        except OSError as error:
            raise NotKept(
                f"what was seen cannot be kept in {self.folder} ({error}): name a folder with --cache"
            ) from None

    def _put(self, data: bytes) -> None:
        temporary = os.path.join(self.folder, f"{self.name}.{os.getpid()}")
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        descriptor = os.open(os.path.join(self.folder, f"{self.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
