"""The record compared with itself: rows, hashes, positions, published files, signatures."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import batched

from django.db.models import Count

from core.errors import Malformed
from ledger import published
from ledger.models import Checkpoint, Entry, Leaf
from ledger.queries.entries import position
from ledger.rules.checkpoints import Head
from ledger.rules.entries import read_entry, subjects_of
from ledger.rules.merkle import leaf_hash
from ledger.rules.notes import Note, VerifierKey
from ledger.rules.tiles import WIDTH, Edge, Tile, bundle_of

type Progress = Callable[[int], object]
type Row = tuple[int, bytes | memoryview[int], bytes | memoryview[int], str, datetime, list[str]]


def audit(key: VerifierKey | None, progress: Progress = lambda _done: None) -> Iterator[str]:
    """Yield what does not fit, in words, the earliest entry first; nothing where all fits.

    Every hash is computed from the stored bytes; published tiles and bundles are compared with what the bytes give, up to
    the newest checkpoint. Memory does not grow with the log.
    """
    size = position()
    checkpoint = Checkpoint.objects.order_by("-size").first()
    covered = checkpoint.size if checkpoint else 0
    if covered > size:
        yield f"The newest checkpoint covers {covered} entries, but only {size} have a position."
    edge = Edge()
    for number, rows in enumerate(batched(_rows(), WIDTH)):
        yield from _problems_of_rows(number * WIDTH, rows)
        within = rows[: max(0, covered - number * WIDTH)]
        edge, full = edge.extend(b"".join(leaf_hash(bytes(row[2])) for row in within))
        if within:
            yield from _problems_of_files(
                [*full, (Tile(-1, number, len(within)), bundle_of([bytes(row[2]) for row in within]))]
            )
        progress(number * WIDTH + len(rows))
    yield from _problems_of_files(edge.partial_tiles)
    yield from _problems_of_counts(size)
    if checkpoint:
        yield from _problems_of_checkpoint(checkpoint, edge, key)


def _rows() -> Iterator[Row]:
    rows = Leaf.objects.order_by("index")
    return rows.values_list("index", "hash", "entry__data", "entry__kind", "entry__at", "entry__subjects").iterator(
        chunk_size=4096
    )


def _problems_of_rows(start: int, rows: tuple[Row, ...]) -> Iterator[str]:
    for expected, (index, stored, data, kind, at, subjects) in enumerate(rows, start):
        if index != expected:
            yield f"Entry {expected} is missing: the next position is {index}."
            return
        if leaf_hash(bytes(data)) != bytes(stored):
            yield f"Entry {index}: its bytes do not have the hash that was recorded at its commit."
        try:
            value = read_entry(bytes(data))
        except Malformed as error:
            yield f"Entry {index}: {error}"
            continue
        if (value.kind, value.at, subjects_of(value.payload)) != (kind, at, subjects):
            yield f"Entry {index}: the columns that it is searched by do not agree with its bytes."


def _problems_of_files(files: list[tuple[Tile, bytes]]) -> Iterator[str]:
    for tile, expected in files:
        present = published.read_file(tile.path)
        if present is None:
            yield f"The published file {tile.path} is missing."
        elif present != expected:
            yield f"The published file {tile.path} is not what the entries give."


def _problems_of_counts(size: int) -> Iterator[str]:
    leaves = Leaf.objects.aggregate(count=Count("pk"))["count"]
    if leaves != size:
        yield f"{leaves} entries have a position, but the head says {size}."
    orphans = Entry.objects.filter(leaf=None).count()
    if orphans:
        yield f"{orphans} entries have no position."


def _problems_of_checkpoint(checkpoint: Checkpoint, edge: Edge, key: VerifierKey | None) -> Iterator[str]:
    if edge.root != bytes(checkpoint.root):
        yield f"The entries do not give the root that was signed for {checkpoint.size} entries."
    try:
        note = Note.parse(checkpoint.note)
        head = Head.parse(note.text)
        if key and key not in note.verified([key]):
            yield f"The checkpoint of {checkpoint.size} entries is not signed by the log's key."
        if (head.size, head.root) != (checkpoint.size, bytes(checkpoint.root)):
            yield f"The checkpoint of {checkpoint.size} entries does not say what was signed."
    except Malformed as error:
        yield f"The checkpoint of {checkpoint.size} entries: {error}"
    present = published.head()
    if present and present.size > checkpoint.size:
        yield f"The published checkpoint covers {present.size} entries, more than any that is stored."
