"""The published log as files of the storage "tlog": what everybody can fetch."""

from collections.abc import Iterable
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from core.errors import DomainError
from ledger.rules.checkpoints import Head
from ledger.rules.notes import Note
from ledger.rules.tiles import Tile, TiledTree

CHECKPOINT: Final = "checkpoint"


class FileDiffers(DomainError):
    """A published file already exists with other bytes."""

    code = "published_file_differs"


def storage() -> Storage:
    """Return the storage of the published log."""
    return storages["tlog"]


def read_file(path: str) -> bytes | None:
    """Return a published file; None where there is none."""
    try:
        with storage().open(path, "rb") as file:
            data: bytes = file.read()
            return data
    except FileNotFoundError:
        return None


def read_tile(tile: Tile) -> bytes:
    """Return a tile's bytes; raise FileNotFoundError where it is missing. A partial tile may be read from its full one."""
    data = read_file(tile.path)
    if data is None:
        raise FileNotFoundError(tile.path)
    return data


def tree(size: int) -> TiledTree:
    """Return the published tree as it stood at `size`."""
    return TiledTree(size, read_tile)


def checkpoint() -> Note | None:
    """Return the checkpoint that is in place."""
    data = read_file(CHECKPOINT)
    return Note.parse(data) if data else None


def head() -> Head | None:
    """Return what the checkpoint in place says."""
    note = checkpoint()
    return Head.parse(note.text) if note else None


def write_once(files: Iterable[tuple[str, bytes]]) -> None:
    """Write files that never change; those already there with the same bytes are left, with other bytes refused."""
    new = []
    for path, data in files:
        present = read_file(path) if storage().exists(path) else None
        if present is None:
            new.append((path, data))
        elif present != data:
            raise FileDiffers(f"The published file {path} is not what the entries give: run verify_ledger.")
    write(new)


def write(files: Iterable[tuple[str, bytes]]) -> None:
    """Write files, replacing what is there."""
    target = storage()
    if hasattr(target, "save_many"):
        target.save_many(files)
        return
    for path, data in files:
        saved = target.save(path, ContentFile(data))
        if saved != path:
            target.delete(saved)
            raise FileDiffers(f"The storage of the published log does not replace files: it saved {path} as {saved}.")
