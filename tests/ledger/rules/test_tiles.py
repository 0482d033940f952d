import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from ledger.rules.merkle import leaf_hash, node_hash, verify_consistency, verify_inclusion
from ledger.rules.tiles import (
    ENTRIES,
    Edge,
    Tile,
    TiledTree,
    all_tiles,
    bundle_of,
    edge_tiles,
    entries_of,
    parse_path,
    read_edge,
)


def naive_root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))


def leaves_of(count):
    return [leaf_hash(str(number).encode()) for number in range(count)]


def grown(hashes, cuts):
    """Extend a tree in batches; return its edge and every tile that was ever stored, by address."""
    edge, stored = Edge(), {}
    for start, end in zip([0, *cuts], [*cuts, len(hashes)], strict=True):
        edge, full = edge.extend(b"".join(hashes[start:end]))
        stored.update(full)
        stored.update(edge.partial_tiles)
    return edge, stored


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(63, 1000, 12), "tile/63/x001/000.p/12"),
        (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_an_address_is_written_as_the_specification_writes_it(tile, path):
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/012",
        "tile/0/1000",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "tile/8/000/",
        "tile/entries/x001",
    ],
)
def test_an_address_of_another_form_is_refused(path):
    with pytest.raises(Malformed):
        parse_path(path)


@given(st.integers(-1, 63), st.integers(0, 10**9), st.integers(1, 256))
def test_every_address_is_read_back(level, index, width):
    assert parse_path(Tile(level, index, width).path) == Tile(level, index, width)


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification():
    assert [tile.path for tile in edge_tiles(70_000)] == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    full = [tile for tile in all_tiles(70_000) if tile.width == 256]
    assert len([tile for tile in full if tile.level == 0]) == 273
    assert [tile.path for tile in full if tile.level == 1] == ["tile/1/000"]


@settings(max_examples=40)
@given(st.integers(1, 1500), st.data())
def test_any_sequence_of_batches_gives_the_naive_tree(size, data):
    hashes = leaves_of(size)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=5)))
    edge, stored = grown(hashes, cuts)
    assert edge.root == naive_root(hashes)
    assert stored.keys() >= set(all_tiles(size))
    tree = TiledTree(size, stored.__getitem__)
    assert tree.root() == edge.root
    assert read_edge(size, stored.__getitem__) == edge


@settings(max_examples=25)
@given(st.integers(1, 1500), st.data())
def test_proofs_read_from_tiles_verify(size, data):
    hashes = leaves_of(size)
    tree = TiledTree(size, grown(hashes, [])[1].__getitem__)
    root = naive_root(hashes)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert verify_inclusion(index, size, hashes[index], tree.inclusion(index), root)
    assert verify_consistency(old, size, naive_root(hashes[:old]), root, tree.consistency(old))
    assert tree.root_at(old) == naive_root(hashes[:old])


def test_a_tree_beyond_two_levels_of_tiles_is_right():
    size = 65_536 + 300
    hashes = leaves_of(size)
    edge, stored = grown(hashes, [100, 65_535, 65_536, 65_700])
    assert edge.root == naive_root(hashes)
    tree = TiledTree(size, stored.__getitem__)
    for index in (0, 255, 256, 65_535, 65_536, size - 1):
        assert verify_inclusion(index, size, hashes[index], tree.inclusion(index), edge.root)


def test_a_tile_of_the_wrong_length_is_refused():
    with pytest.raises(Malformed):
        TiledTree(5, lambda _tile: b"\0" * 32).root()


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_its_entries_back(entries):
    assert entries_of(bundle_of(entries), len(entries)) == entries


@pytest.mark.parametrize("bundle", [b"\0", b"\0\0", b"\0\x02a", b"\0\x01ab", b"\0\x01a\0\x01b"])
def test_a_bundle_cut_short_or_with_another_number_of_entries_is_refused(bundle):
    with pytest.raises(Malformed):
        entries_of(bundle, 1)


def test_the_longest_entry_fits_a_bundle():
    entry = b"x" * 65_535
    assert entries_of(bundle_of([entry]), 1) == [entry]
