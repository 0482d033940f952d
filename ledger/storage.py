"""Files that are wholly on the disk before anybody can see them: the storage of the published log."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from django.core.files.storage import FileSystemStorage

# From this many files on, one sync of the whole machine is cheaper than one for each file.
MANY: Final = 24


class DurableFiles(FileSystemStorage):
    """A folder in which a file appears under its name at once and for good: temporary file, fsync, rename, fsync.

    Saving under a name that is taken replaces the file: the log's files are written again with the same bytes after
    a crash, and `checkpoint` is replaced by its successor.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 - Django's signature
        """Return the name itself."""
        return name

    def _save(self, name: str, content: IO[bytes]) -> str:
        self.save_many([(name, content.read())])
        return name

    def save_many(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Save all of `files`; none is visible before all are on the disk."""
        pending = [
            (self._written(target, data), target)
            for target, data in ((Path(self.path(name)), data) for name, data in files)
        ]
        if len(pending) >= MANY:
            os.sync()
        else:
            for temporary, _target in pending:
                sync(temporary)
        for temporary, target in pending:
            temporary.replace(target)
        for folder in {target.parent for _temporary, target in pending}:
            sync(folder)

    def _written(self, target: Path, data: bytes) -> Path:
        make_folder(target.parent)
        temporary = target.with_name(f".{target.name}.{uuid4().hex}")
        temporary.write_bytes(data)
        return temporary


def sync(path: Path) -> None:
    """Wait until `path`, a file or a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Create `folder` and those above it, each on the disk before the next."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync(folder.parent)


def write_durably(path: Path, data: bytes, *, mode: int) -> None:
    """Put `data` at `path` with `mode`, wholly or not at all."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)
