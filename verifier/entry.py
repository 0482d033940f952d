"""`fermata entry`: one entry of a record, with its inclusion proof checked."""

import json
from argparse import ArgumentParser, Namespace
from contextlib import closing
from pathlib import Path

from core.errors import Malformed
from ledger.rules.encoding import base64_of
from ledger.rules.merkle import leaf_hash, verify_inclusion
from ledger.rules.tiles import WIDTH, TiledTree, entries_of, tile_in
from verifier.heads import DoesNotFollow, Trust, read_head
from verifier.output import complain, say
from verifier.sources import Missing, Source, Unreachable, open_source
from verifier.verify import CANNOT_REACH, DOES_NOT_FOLLOW, FOLLOWS, WRONG_USAGE


def add_arguments(parser: ArgumentParser) -> None:
    """Take the log and the position."""
    parser.add_argument("place", metavar="URL|FILE", help="the site's address, or a bundle file of its record")
    parser.add_argument("index", type=int, metavar="N", help="the entry's position")
    parser.add_argument("--key", help="the log's verifier key")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="a tlog-policy file")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(options: Namespace) -> int:
    """Show the entry; exit code 1 where its proof does not lead to the signed root."""
    try:
        with closing(open_source(options.place)) as source:
            shown = prove(source, Trust.of(options.key, options.policy), options.index)
    except Unreachable as error:
        complain(f"fermata: cannot reach the log: {error}")
        return CANNOT_REACH
    except (DoesNotFollow, Missing, Malformed) as error:
        complain(f"DOES NOT FOLLOW: {error}")
        return DOES_NOT_FOLLOW
    except (ValueError, OSError) as error:
        complain(f"fermata: {error}")
        return WRONG_USAGE
    say(json.dumps(shown, indent=2, ensure_ascii=False) if options.json else _words(shown))
    return FOLLOWS


def prove(source: Source, trust: Trust, index: int) -> dict[str, object]:
    """Return the entry with the proof that was checked; raise DoesNotFollow where it fails, ValueError for no such entry."""
    signed = read_head(source, trust)
    size = signed.head.size
    if not 0 <= index < size:
        raise ValueError(f"the log has the entries 0 to {size - 1}")
    tile = tile_in(0, index // WIDTH, size)
    entry = entries_of(source.read(tile.bundle.path), tile.width)[index % WIDTH]
    proof = TiledTree(size, lambda wanted: source.read(wanted.path)).inclusion(index)
    leaf = leaf_hash(entry)
    if not verify_inclusion(index, size, leaf, proof, signed.head.root):
        raise DoesNotFollow(f"entry {index} does not lead to the root that was signed")
    return {
        "index": index,
        "size": size,
        "origin": signed.head.origin,
        "hash": leaf.hex(),
        "proof": [base64_of(value) for value in proof],
        "root": base64_of(signed.head.root),
        "entry": json.loads(entry),
    }


def _words(shown: dict[str, object]) -> str:
    proof = shown["proof"]
    assert isinstance(proof, list)
    return "\n".join(
        [
            json.dumps(shown["entry"], indent=2, ensure_ascii=False),
            f"entry {shown['index']} of {shown['size']} in {shown['origin']}",
            f"hash {shown['hash']}",
            f"{len(proof)} hashes lead to the signed root {shown['root']}",
        ]
    )
