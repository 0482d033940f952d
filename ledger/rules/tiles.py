"""The published form of the tree (c2sp.org/tlog-tiles): tiles of 256 hashes, and bundles of the entries themselves."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import Malformed
from ledger.rules.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    consistency_proof,
    fold,
    inclusion_proof,
    perfect_root,
    perfect_subtrees,
)

WIDTH: Final = 256
HEIGHT: Final = 8
FULL: Final = WIDTH * HASH_SIZE
# The level of a bundle of entries in `Tile`: it has the address of its level-0 tile under another name.
ENTRIES: Final = -1
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-5]?[0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, order=True)
class Tile:
    """The address of a tile (level 0 to 63) or of a bundle of entries (level ENTRIES)."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The address below the log's prefix: tile/0/x001/x234/067.p/12."""
        name = "entries" if self.level == ENTRIES else str(self.level)
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{name}/{'/'.join(reversed(groups))}{partial}"

    @property
    def bundle(self) -> "Tile":
        """The entries whose hashes a level-0 tile holds."""
        return Tile(ENTRIES, self.index, self.width)


def parse_path(path: str) -> Tile:
    """Read an address; raise Malformed unless it is written exactly as `Tile.path` writes it."""
    found = _PATH.fullmatch(path)
    if found:
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(found["width"] or WIDTH))
        if tile.path == path:
            return tile
    raise Malformed(f"{path[:80]!r} is not the address of a tile.")


def width_of(level: int, index: int, size: int) -> int:
    """Return how many hashes tile `index` of `level` holds in a tree of `size`: 0 to 256."""
    return max(0, min(WIDTH, (size >> HEIGHT * max(level, 0)) - index * WIDTH))


def tile_in(level: int, index: int, size: int) -> Tile:
    """Return the address of a tile as it stands in a tree of `size`."""
    return Tile(level, index, width_of(level, index, size))


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tiles of a tree of `size`, lowest level first; none is empty."""
    tiles = []
    for level in range(64):
        count = size >> HEIGHT * level
        if not count:
            break
        if count % WIDTH:
            tiles.append(Tile(level, count // WIDTH, count % WIDTH))
    return tiles


def all_tiles(size: int) -> Iterator[Tile]:
    """Yield every hash tile of a tree of `size`, level by level."""
    for level in range(64):
        count = size >> HEIGHT * level
        if not count:
            return
        yield from (tile_in(level, index, size) for index in range(-(-count // WIDTH)))


@dataclass(frozen=True)
class Edge:
    """The right edge of a tree: the hashes of the incomplete tile of each level. Enough to extend it and for its root."""

    size: int = 0
    levels: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """The RFC 6962 root."""
        perfect = []
        for hashes in reversed(self.levels):
            count = len(hashes) // HASH_SIZE
            for level, index in perfect_subtrees(0, count):
                start = (index << level) * HASH_SIZE
                perfect.append(perfect_root(hashes[start : start + (HASH_SIZE << level)]))
        return fold(perfect) if perfect else EMPTY_ROOT

    @property
    def partial_tiles(self) -> list[tuple[Tile, bytes]]:
        """The incomplete tiles with what they hold, lowest level first."""
        return [(tile, self.levels[tile.level]) for tile in edge_tiles(self.size)]

    def extend(self, leaves: bytes) -> "tuple[Edge, list[tuple[Tile, bytes]]]":
        """Append concatenated leaf hashes; return the new edge and the tiles that became full, lowest level first."""
        size = self.size + len(leaves) // HASH_SIZE
        full: list[tuple[Tile, bytes]] = []
        levels: list[bytes] = []
        new, level = leaves, 0
        while new or level < len(self.levels):
            hashes = (self.levels[level] if level < len(self.levels) else b"") + new
            whole = len(hashes) // FULL * FULL
            tiles = [hashes[at : at + FULL] for at in range(0, whole, FULL)]
            first = (self.size >> HEIGHT * level) // WIDTH
            full += [(Tile(level, first + number), tile) for number, tile in enumerate(tiles)]
            levels.append(hashes[whole:])
            new, level = b"".join(map(perfect_root, tiles)), level + 1
        return Edge(size, tuple(levels)), full


def read_edge(size: int, read: Callable[[Tile], bytes]) -> Edge:
    """Return the edge of a tree of `size` from its partial tiles."""
    levels: list[bytes] = []
    for level in range(64):
        count = size >> HEIGHT * level
        if not count:
            break
        width = count % WIDTH
        levels.append(read(Tile(level, count // WIDTH, width)) if width else b"")
        if len(levels[-1]) != width * HASH_SIZE:
            raise Malformed(
                f"{Tile(level, count // WIDTH, width).path} holds {len(levels[-1])} bytes instead of {width * HASH_SIZE}."
            )
    return Edge(size, tuple(levels))


class TiledTree:
    """A tree of `size` leaves read through its tiles; `read` answers an address with the tile's bytes.

    What `read` returns is not checked here beyond its length: a reader that trusts nobody verifies the proof it gets.
    """

    def __init__(self, size: int, read: Callable[[Tile], bytes]) -> None:
        self.size = size
        self._read = read
        self._seen: dict[Tile, bytes] = {}

    def subtree(self, level: int, index: int) -> bytes:
        """Return the root of the perfect subtree of 2^level leaves that starts at leaf index * 2^level."""
        tile_level, within = divmod(level, HEIGHT)
        first = index << within
        hashes = self._tile(tile_level, first // WIDTH)
        start = first % WIDTH * HASH_SIZE
        return perfect_root(hashes[start : start + (HASH_SIZE << within)])

    def root(self) -> bytes:
        """Return the root."""
        return read_edge(self.size, lambda tile: self._tile(tile.level, tile.index)).root

    def inclusion(self, index: int) -> list[bytes]:
        """Return the audit path of leaf `index`."""
        return inclusion_proof(index, self.size, self.subtree)

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that this tree extends its own first `old` leaves."""
        return consistency_proof(old, self.size, self.subtree)

    def root_at(self, old: int) -> bytes:
        """Return the root that the first `old` leaves have."""
        return fold([self.subtree(level, index) for level, index in perfect_subtrees(0, old)])

    def _tile(self, level: int, index: int) -> bytes:
        tile = tile_in(level, index, self.size)
        if tile not in self._seen:
            hashes = self._read(tile)
            if len(hashes) != tile.width * HASH_SIZE:
                raise Malformed(f"{tile.path} holds {len(hashes)} bytes instead of {tile.width * HASH_SIZE}.")
            self._seen[tile] = hashes
        return self._seen[tile]


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """Return a bundle: each entry behind its length in 16 bits."""
    return b"".join([part for entry in entries for part in (len(entry).to_bytes(2), entry)])


def entries_of(bundle: bytes, width: int) -> list[bytes]:
    """Cut a bundle into its entries; raise Malformed unless it holds exactly `width` entries, none of them empty."""
    entries, at, end = [], 0, len(bundle)
    while at < end:
        start = at + 2
        at = start + (bundle[at] << 8 | bundle[at + 1]) if start <= end else end + 1
        if at > end or at == start:
            raise Malformed("The bundle is cut short or holds an empty entry.")
        entries.append(bundle[start:at])
    if len(entries) != width:
        raise Malformed(f"The bundle holds {len(entries)} entries instead of {width}.")
    return entries
