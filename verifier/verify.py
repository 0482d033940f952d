"""`fermata verify`: a whole record checked by somebody who trusts nobody.

First the transport: the checkpoint's signatures, each entry's hash, every published tile, the root, and that it all extends
what was seen before. Then the replay: what each entry says must follow from those before it.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.errors import Malformed
from ledger.rules.checkpoints import Head
from ledger.rules.merkle import HASH_SIZE, leaf_hash
from ledger.rules.tiles import WIDTH, Edge, Tile, entries_of, tile_in
from verifier.heads import DoesNotFollow, SignedHead, Trust, read_head, read_kept
from verifier.output import complain, say
from verifier.replay import Problem, Replay, grades
from verifier.replay.log import Log
from verifier.replay.texts import Texts
from verifier.sources import Mirror, Missing, Source, Unreachable, open_source, read_in_order

FOLLOWS: Final = 0
DOES_NOT_FOLLOW: Final = 1
WRONG_USAGE: Final = 2
CANNOT_REACH: Final = 3
MOST_PROBLEMS: Final = 50


@dataclass
class Report:
    """What was checked, and what does not follow."""

    source: str
    head: SignedHead | None = None
    kept: Head | None = None
    entries: int = 0
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    failure: str = ""
    replay: Replay | None = None

    @property
    def follows(self) -> bool:
        """Whether all that was checked follows."""
        return not self.problems and not self.failure

    def add(self, problems: Iterable[Problem]) -> None:
        """Keep the first problems, count the rest."""
        for problem in problems:
            if len(self.problems) < MOST_PROBLEMS:
                self.problems.append(problem)
            else:
                self.more_problems += 1


def add_arguments(parser: ArgumentParser) -> None:
    """Take the log and whom to trust."""
    parser.add_argument("place", metavar="URL|FILE", help="the site's address, or a bundle file of its record")
    parser.add_argument(
        "--from-checkpoint",
        type=Path,
        metavar="FILE",
        help="a checkpoint kept from last time, which the log must extend",
    )
    parser.add_argument(
        "--key", help="the log's verifier key; without it and without --policy the site's own word is taken"
    )
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="a tlog-policy file: the log's key, witnesses and quorum"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep what was fetched and the checkpoint there; a second run goes on from it",
    )
    parser.add_argument("--no-replay", action="store_true", help="check signatures and hashes only")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: Namespace) -> int:
    """Verify, print what was found, and return the exit code."""
    try:
        trust = Trust.of(options.key, options.policy)
        source = open_source(options.place)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            source = Mirror(source, options.keep)
    except (Malformed, OSError) as error:
        complain(f"fermata: {error}")
        return WRONG_USAGE
    except Unreachable as error:
        complain(f"fermata: {error}")
        return CANNOT_REACH
    with closing(source):
        return _verify_and_tell(source, trust, options)


def _verify_and_tell(source: Source, trust: Trust, options: Namespace) -> int:
    report = Report(source.name)
    try:
        verify(
            source,
            trust,
            report,
            kept=_kept_file(options),
            replaying=not options.no_replay,
            bar=not (options.quiet or options.json),
        )
    except (DoesNotFollow, Missing) as error:
        report.failure = str(error)
    except Unreachable as error:
        complain(f"fermata: cannot reach the log: {error}")
        return CANNOT_REACH
    if report.follows and options.keep and report.head:
        (options.keep / "checkpoint").write_text(str(report.head.note))
    say(json.dumps(as_json(report), indent=2) if options.json else "\n".join(as_words(report)))
    return FOLLOWS if report.follows else DOES_NOT_FOLLOW


def verify(source: Source, trust: Trust, report: Report, *, kept: Path | None, replaying: bool, bar: bool) -> None:
    """Check the log of `source` into `report`; raise DoesNotFollow at the first thing that makes the rest worthless."""
    signed = report.head = read_head(source, trust)
    if kept:
        report.kept = read_kept(kept, signed.key)
        if report.kept.size > signed.head.size:
            raise DoesNotFollow(
                f"the log was rolled back: {report.kept.size} entries were signed before, now {signed.head.size}"
            )
    if not signed.has_quorum:
        raise DoesNotFollow(
            f"the checkpoint lacks the quorum of witnesses: {len(signed.cosignatures)} of {len(signed.policy.keys)} cosigned"
        )
    if replaying:
        report.replay = Replay()
        report.replay.of(Log).expected = signed.key
        report.replay.of(Texts).fetch = partial(fetch_text, source)
    edge = Edge()
    with tqdm(total=signed.head.size, unit="entries", unit_scale=True, disable=not bar, file=sys.stderr) as progress:
        for tile, entries, hashes in checked_bundles(source, signed.head.size):
            if report.kept and edge.size <= report.kept.size < edge.size + tile.width:
                compare(edge, hashes, report.kept)
            edge, full = edge.extend(b"".join(hashes))
            compare_tiles(source, [tile for tile in full if tile[0].level])
            if report.replay:
                report.add(
                    chain.from_iterable(
                        map(report.replay.apply, range(report.entries, report.entries + len(entries)), entries)
                    )
                )
            report.entries += len(entries)
            progress.update(len(entries))
    compare_tiles(source, [tile for tile in edge.partial_tiles if tile[0].level])
    if edge.root != signed.head.root:
        raise DoesNotFollow("the entries do not give the root that was signed")
    if report.kept and report.kept.size == edge.size and report.kept.root != edge.root:
        raise DoesNotFollow(
            f"history was changed: the log does not extend the {report.kept.size} entries that were signed before"
        )


def fetch_text(source: Source, sha256: str) -> bytes:
    """Return the bytes that the source publishes under this hash, unchecked; raise FileNotFoundError."""
    try:
        return source.read_beside(f"treaty/{sha256}.yaml")
    except Missing as error:
        raise FileNotFoundError(str(error)) from None


def checked_bundles(source: Source, size: int) -> Iterator[tuple[Tile, list[bytes], list[bytes]]]:
    """Yield each bundle's address, entries and leaf hashes, compared with its level-0 tile."""
    count = -(-size // WIDTH)
    tiles = (tile_in(0, index, size) for index in range(count))
    addresses = chain.from_iterable((tile.bundle, tile) for tile in tiles)
    pairs = read_in_order(source, addresses)
    for (_, bundle), (tile, published) in zip(pairs, pairs, strict=True):
        try:
            entries = entries_of(bundle, tile.width)
        except Malformed as error:
            raise DoesNotFollow(f"{tile.bundle.path}: {error}") from None
        hashes = [leaf_hash(entry) for entry in entries]
        if b"".join(hashes) != published:
            raise DoesNotFollow(_first_difference(tile, hashes, published))
        yield tile, entries, hashes


def compare_tiles(source: Source, tiles: Iterable[tuple[Tile, bytes]]) -> None:
    """Compare what was computed with what is published, so that nobody else is shown another tree."""
    for tile, expected in tiles:
        if source.read(tile.path) != expected:
            first = tile.index << 8 * (tile.level + 1)
            raise DoesNotFollow(
                f"{tile.path}, which covers entry {first} and those after it, is not what the entries give"
            )


def compare(edge: Edge, hashes: list[bytes], kept: Head) -> None:
    """Compare the tree at the size of a kept checkpoint with its root."""
    at_kept, _full = edge.extend(b"".join(hashes[: kept.size - edge.size]))
    if at_kept.root != kept.root:
        raise DoesNotFollow(
            f"history was changed: the log does not extend the {kept.size} entries that were signed before"
        )


def as_json(report: Report) -> dict[str, object]:
    """Return the report for programs."""
    signed = report.head
    return {
        "source": report.source,
        "follows": report.follows,
        "origin": signed.head.origin if signed else None,
        "size": signed.head.size if signed else None,
        "root": signed.head.root.hex() if signed else None,
        "log_key": str(signed.key) if signed else None,
        "cosigned_by": [key.name for key in signed.cosignatures] if signed else [],
        "extends": report.kept.size if report.kept else None,
        "entries_checked": report.entries,
        "failure": report.failure,
        "problems": [
            {"index": one.index, "kind": one.kind, "code": one.code, "text": one.text} for one in report.problems
        ],
        "more_problems": report.more_problems,
        "unreplayed": report.replay.unreplayed if report.replay else None,
        "grades": table.as_json() if report.replay and (table := grades.newest(report.replay)) else None,
    }


def as_words(report: Report) -> Iterator[str]:
    """Yield the report line by line."""
    signed = report.head
    if signed:
        yield f"{signed.head.origin}: {signed.head.size} entries, root {signed.head.root.hex()}"
        yield f"signed by {signed.key}"
        yield f"cosigned by {len(signed.cosignatures)} of {len(signed.policy.keys)} witnesses{''.join(f', {key.name}' for key in signed.cosignatures)}"
    if report.kept and report.follows:
        yield f"extends the {report.kept.size} entries that were signed before"
    yield f"{report.entries} entries checked"
    if report.replay and report.replay.unreplayed:
        yield "bytes checked, not recomputed: " + ", ".join(
            f"{count} {kind}" for kind, count in report.replay.unreplayed.items()
        )
    yield from (f"DOES NOT FOLLOW: {problem}" for problem in report.problems)
    if report.more_problems:
        yield f"and {report.more_problems} more"
    if report.failure:
        yield f"DOES NOT FOLLOW: {report.failure}"
    yield "all of it follows" if report.follows else "the record does not follow"


def _first_difference(tile: Tile, hashes: list[bytes], published: bytes) -> str:
    if len(published) != len(hashes) * HASH_SIZE:
        return f"{tile.path} holds {len(published)} bytes instead of {len(hashes) * HASH_SIZE}"
    at = next(
        number
        for number, value in enumerate(hashes)
        if published[number * HASH_SIZE : (number + 1) * HASH_SIZE] != value
    )
    return f"entry {tile.index * WIDTH + at}: its bytes do not have the hash that is published in {tile.path}"


def _kept_file(options: Namespace) -> Path | None:
    if options.from_checkpoint:
        named: Path = options.from_checkpoint
        return named
    kept: Path | None = options.keep / "checkpoint" if options.keep else None
    return kept if kept and kept.is_file() else None
