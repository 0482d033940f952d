"""Publishing the record: entries into tiles, a signed head, witnesses, the checkpoint in its place.

Each step is written so that it can be repeated: killed between any two statements, the next run goes on from there.
A head is signed only when everything it covers is on the disk, and only when it extends what the signer has signed.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import batched
from typing import Final

from django.conf import settings
from django.db import transaction

from core.errors import DomainError, Malformed
from ledger import published
from ledger.actions.opening import lock_log, open_log, signer, witnesses
from ledger.actions.witnesses import ask_witnesses
from ledger.models import Checkpoint, Leaf, Publisher
from ledger.queries.entries import entry_at, position
from ledger.rules.checkpoints import Head
from ledger.rules.notes import Note, Signature
from ledger.rules.tiles import ENTRIES, WIDTH, Edge, Tile, bundle_of, read_edge

logger = logging.getLogger(__name__)

# Entries that are turned into tiles at a time: memory stays below some 30 MB.
BATCH: Final = 64 * WIDTH
# An unchanged log asks its witnesses again this often, so that its cosignatures stay fresh.
REFRESH: Final = timedelta(minutes=10)

type Files = Iterable[tuple[str, bytes]]
type Write = Callable[[Files], None]


class PublishingRefused(DomainError):
    """The record is not published further, because it does not agree with what was published before."""

    code = "publishing_refused"


def publish(*, at: datetime) -> Checkpoint | None:
    """Sign and publish what was recorded since the last checkpoint; return the newest checkpoint.

    Records nothing but `log.opened` in an empty log. Returns None when another process is publishing, or when it refuses:
    the reason is then in the log and in `ledger.queries.health`.
    """
    with signer().publishing() as free:
        if not free:
            return None
        try:
            checkpoint = _publish(at)
        except (DomainError, FileNotFoundError) as refusal:
            _note_refusal(str(refusal), at)
            return None
        _note_refusal("", at)
        return checkpoint


def _publish(at: datetime) -> Checkpoint:
    newest = Checkpoint.objects.order_by("-size").first()
    size = position()
    if not size:
        _refuse_older_than_signed(0, newest)
        open_log(at=at)
        size = position()
    _refuse_older_than_signed(size, newest)
    if newest is None or newest.size < size:
        newest = sign_head(at=at)
    elif newest.published_at and not _is_refresh_due(at):
        return newest
    return _witness_and_place(newest, at)


def _witness_and_place(checkpoint: Checkpoint, at: datetime) -> Checkpoint:
    if not settings.LEDGER.get("QUORUM", 0):  # nobody needs to wait for a slow witness
        place_checkpoint(checkpoint=checkpoint, at=at)
    if witnesses():
        ask_witnesses(checkpoint=checkpoint, at=at)
        Publisher.objects.update_or_create(pk=1, defaults={"witnesses_asked_at": at})
        place_checkpoint(checkpoint=checkpoint, at=at)
    checkpoint.refresh_from_db()
    return checkpoint


@transaction.atomic
def sign_head(*, at: datetime) -> Checkpoint:
    """Write the tiles of all entries that have a position, then sign their head and store the checkpoint."""
    lock_log()
    newest = Checkpoint.objects.order_by("-size").first()
    size = position()
    if newest and newest.size == size:
        return newest
    _refuse_older_than_signed(size, newest)
    _require_genesis()
    mark = signer().mark
    edge = _edge_at(newest, mark)
    _refuse_another_history(edge, mark)
    edge = _extend(edge, size, published.write_once)
    proof = published.tree(size).consistency(mark.size) if mark else []
    head = Head(signer().key.name, size, edge.root)
    note = signer().sign(head, proof)
    return Checkpoint.objects.create(size=size, root=head.root, note=str(note), signed_at=at)


@transaction.atomic
def place_checkpoint(*, checkpoint: Checkpoint, at: datetime) -> bool:
    """Move the checkpoint with its cosignatures to where everybody reads it, once its quorum holds; never back."""
    lock_log()
    lines = [
        Signature.parse(line.strip())
        for line in checkpoint.cosignatures.order_by("witness").values_list("line", flat=True)
    ]
    present = published.head()
    if len(lines) < settings.LEDGER.get("QUORUM", 0) or (present and present.size > checkpoint.size):
        return False
    note = Note.parse(checkpoint.note).with_signatures(lines)
    published.write([(published.CHECKPOINT, str(note).encode())])
    Checkpoint.objects.filter(pk=checkpoint.pk, published_at=None).update(published_at=at)
    return True


@transaction.atomic
def rebuild() -> int:
    """Write every published tile again from the entries; return how many checkpoints were written.

    For a storage that lost files. Nothing is written unless the entries give the root of the newest checkpoint, and the one
    that the signer remembers: an older database, or one that went its own way, must not write over what was published.
    """
    lock_log()
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return 0
    if _extend(Edge(), newest.size, lambda _files: None).root != bytes(newest.root):
        raise PublishingRefused(
            f"The entries do not give the root that was signed for {newest.size} entries: nothing was written."
        )
    _refuse_another_history(Edge(), signer().mark)
    edge, count = Edge(), 0
    for size in Checkpoint.objects.order_by("size").values_list("size", flat=True).iterator():
        edge, count = _extend(edge, size, published.write), count + 1
    return count


def _refuse_older_than_signed(size: int, newest: Checkpoint | None) -> None:
    mark, present = signer().mark if signer().exists() else None, published.head()
    if signer().alarm:
        raise PublishingRefused(f"The signer has stopped: {signer().alarm}")
    for what, signed in [
        ("The signer has signed", mark.size if mark else 0),
        ("The published checkpoint covers", present.size if present else 0),
        ("The newest checkpoint covers", newest.size if newest else 0),
    ]:
        if size < signed:
            raise PublishingRefused(
                f"{what} {signed} entries, but the database holds {size}: it is an older copy. Nothing is signed."
            )


def _refuse_another_history(edge: Edge, mark: Head | None) -> None:
    """Before anything is written: the entries up to the signer's mark must have the root that was signed."""
    if mark is None:
        return
    if mark.size < edge.size:
        raise PublishingRefused(
            f"The signer remembers {mark.size} entries only, but {edge.size} were signed: its folder is an older copy."
        )
    if _extend(edge, mark.size, lambda _files: None).root != mark.root:
        raise PublishingRefused(
            f"The first {mark.size} entries are not those that were signed: history was changed. Nothing is signed."
        )


def _require_genesis() -> None:
    first = entry_at(0)
    if first is None or first.value.kind != "log.opened":
        raise PublishingRefused(
            "Entry 0 is not log.opened: begin with an empty database and run open_ledger before all else."
        )
    if first.value.payload.get("log_key") != str(signer().key.verifier):
        raise PublishingRefused(
            "The log was opened with another key than the signer's: this database belongs to another log."
        )


def _edge_at(newest: Checkpoint | None, mark: Head | None) -> Edge:
    """Return the tree's right edge at the newest checkpoint, from the published tiles; raise where they do not fit it."""
    if newest is None:
        return Edge()
    try:
        edge = read_edge(newest.size, published.read_tile)
    except (FileNotFoundError, Malformed) as error:
        raise PublishingRefused(f"The published tiles are damaged ({error}): {_advice(newest, mark)}") from None
    if edge.root != bytes(newest.root):
        raise PublishingRefused(f"The published tiles do not give the root that was signed: {_advice(newest, mark)}")
    return edge


def _advice(newest: Checkpoint, mark: Head | None) -> str:
    """Say what mends the tiles: writing them again, unless the signer remembers another head than this database does."""
    if mark is None or (mark.size, mark.root) == (newest.size, bytes(newest.root)):
        return "run verify_ledger --rebuild."
    return (
        f"the signer remembers another head, of {mark.size} entries, than this database's newest checkpoint, of {newest.size}. "
        "Where the database was restored, it is another copy: docs/operators.md says under “Back-ups” what to do. "
        "verify_ledger --rebuild mends lost files only."
    )


def _extend(edge: Edge, size: int, write: Write) -> Edge:
    """Extend the tree to `size`, writing full tiles and bundles as they fill, the right edge last."""
    while edge.size < size:
        edge, files = _extended(edge, min(size, (edge.size // BATCH + 1) * BATCH))
        write(files)
    if size:
        write([(tile.path, hashes) for tile, hashes in edge.partial_tiles])
    return edge


def _extended(edge: Edge, size: int) -> tuple[Edge, list[tuple[str, bytes]]]:
    start = edge.size // WIDTH * WIDTH
    known, hashes, files = edge.size - start, [], []
    for number, chunk in enumerate(batched(_checked_leaves(start, size), WIDTH)):
        hashes += [leaf for leaf, _data in chunk]
        files.append(
            (Tile(ENTRIES, start // WIDTH + number, len(chunk)).path, bundle_of([data for _leaf, data in chunk]))
        )
    if edge.levels and b"".join(hashes[:known]) != edge.levels[0]:
        raise PublishingRefused(
            f"The entries from {start} to {edge.size} are not those that were signed. Nothing is signed."
        )
    edge, full = edge.extend(b"".join(hashes[known:]))
    return edge, files + [(tile.path, tile_hashes) for tile, tile_hashes in full]


def _checked_leaves(start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield hash and bytes of the entries [start, end), each hash computed anew from the bytes."""
    rows = (
        Leaf.objects.filter(index__gte=start, index__lt=end)
        .order_by("index")
        .values_list("index", "hash", "entry__data")
    )
    expected = start
    for index, stored, data in rows:  # at most one batch: all at once is faster than through a cursor
        leaf = sha256(b"\0" + data).digest()
        if index != expected or leaf != stored:
            raise PublishingRefused(
                f"Entry {expected} is missing or its bytes do not have the hash that was recorded. Nothing is signed."
            )
        yield leaf, bytes(data)
        expected += 1
    if expected != end:
        raise PublishingRefused(f"Entry {expected} is missing. Nothing is signed.")


def _is_refresh_due(at: datetime) -> bool:
    asked = Publisher.objects.filter(pk=1).values_list("witnesses_asked_at", flat=True).first()
    return bool(witnesses()) and (asked is None or at - asked >= REFRESH)


def _note_refusal(reason: str, at: datetime) -> None:
    present = Publisher.objects.filter(pk=1).first()
    if (present.refusal if present else "") == reason:
        return
    if reason:
        logger.error("the record is not published: %s", reason)
    Publisher.objects.update_or_create(pk=1, defaults={"refusal": reason, "refused_at": at if reason else None})
