"""The whole log as one file: a ZIP archive of the published files at one checkpoint, for checking without a network."""

import io
from collections.abc import Iterator
from typing import IO, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from django.conf import settings
from django.utils.module_loading import import_string

from ledger import published
from ledger.actions.opening import policy
from ledger.rules.checkpoints import Head
from ledger.rules.tiles import Tile, all_tiles

# The archive of one log at one checkpoint is the same bytes whenever it is made.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Pipe(io.RawIOBase):
    """A file that is written at one end and taken away at the other."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # ZipFile writes bytes only
        """Keep `data` until it is taken."""
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data, self._chunks = b"".join(self._chunks), []
        return data


def bundle_chunks() -> Iterator[bytes]:
    """Yield the archive piece by piece, in constant memory; nothing where nothing is published."""
    note = published.checkpoint()
    if note is None:
        return
    pipe = Pipe()
    with ZipFile(pipe, "w", ZIP_STORED, allowZip64=True) as archive:
        for name, data in _files(note.text, str(note)):
            archive.writestr(ZipInfo(name, _EPOCH), data)
            yield pipe.take()
    yield pipe.take()


def write_bundle(target: IO[bytes]) -> int:
    """Write the archive; return its size in bytes."""
    return sum(target.write(chunk) for chunk in bundle_chunks())


def _files(text: str, note: str) -> Iterator[tuple[str, bytes]]:
    yield published.CHECKPOINT, note.encode()
    yield "policy", policy().encode()
    for tile in all_tiles(Head.parse(text).size):
        yield tile.path, published.read_tile(tile)
        if tile.level == 0:
            yield tile.bundle.path, _bundle(tile)
    for attachments in settings.LEDGER.get("ATTACHMENTS", ()):
        yield from import_string(attachments)()


def _bundle(tile: Tile) -> bytes:
    return published.read_tile(tile.bundle)
