"""The order that a gate saw last, in a file: written whole or not at all, and never replaced by an older one."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class NotKept(Exception):
    """What was seen cannot be kept or read, so that an older order would not be noticed."""


@dataclass(frozen=True)
class Kept:
    """An order as it was fetched, and the key by which it was believed."""

    key: str
    fetched_at: datetime
    note: str


@dataclass(frozen=True)
class Cache:
    """The file `name` in `folder`."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / f"{self.name}.json"

    def read(self) -> Kept | None:
        """Return what was kept; None where nothing was yet. Raise NotKept where it cannot be read."""
        try:
            value = json.loads(self.path.read_bytes())
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
                    self._replace(json.dumps(value).encode())
        except OSError as error:
            raise NotKept(
                f"what was seen cannot be kept in {self.folder} ({error}): name a folder with --cache"
            ) from None

    def _replace(self, data: bytes) -> None:
        temporary = self.path.with_suffix(f".{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{self.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
