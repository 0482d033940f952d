"""`fermata monitor`: watches a record, and says when it is inconsistent, stale or no longer cosigned."""

import json
import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from core.errors import Malformed
from ledger.rules.checkpoints import Head
from ledger.rules.merkle import verify_consistency
from ledger.rules.notes import Note
from ledger.rules.tiles import TiledTree
from verifier.heads import DoesNotFollow, SignedHead, Trust, read_head
from verifier.output import complain, say
from verifier.sources import Missing, Source, Unreachable, open_source
from verifier.verify import CANNOT_REACH, DOES_NOT_FOLLOW, FOLLOWS


def add_arguments(parser: ArgumentParser) -> None:
    """Take the log and what counts as wrong."""
    parser.add_argument("place", metavar="URL", help="the site's address")
    parser.add_argument("--key", help="the log's verifier key")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="a tlog-policy file: the log's key, witnesses and quorum"
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("fermata-checkpoint"),
        metavar="FILE",
        help="where the last checkpoint is kept",
    )
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="how often to look (60)")
    parser.add_argument(
        "--stale", type=float, default=1800, metavar="SECONDS", help="how old the newest cosignature may be (1800)"
    )
    parser.add_argument("--once", action="store_true", help="look once; the exit code says whether all is well")


def run(options: Namespace) -> int:
    """Look again and again; with --once, once."""
    try:
        source, trust = open_source(options.place), Trust.of(options.key, options.policy)
    except (Unreachable, Malformed, OSError) as error:
        complain(f"fermata: {error}")
        return CANNOT_REACH
    with closing(source):
        while True:
            code = look(source, trust, options)
            if options.once:
                return code
            time.sleep(options.every)


def look(source: Source, trust: Trust, options: Namespace) -> int:
    """Look once: print one line, keep the checkpoint if it extends the last one, return the exit code."""
    try:
        signed = read_head(source, trust)
        seen = compare_with_kept(source, signed, options.state)
        keep(options.state, signed.note)  # after the comparison, so that nothing is passed over
    except (DoesNotFollow, Missing, Malformed) as error:
        _say("alarm", str(error))
        return DOES_NOT_FOLLOW
    except Unreachable as error:
        _say("unreachable", str(error))
        return CANNOT_REACH
    warnings = list(worries(signed, options.stale, time.time()))
    for warning in warnings:
        _say("alarm", warning)
    if not warnings:
        _say("well", f"{signed.head.size} entries, {len(signed.cosignatures)} cosignatures, {seen}")
    return DOES_NOT_FOLLOW if warnings else FOLLOWS


def compare_with_kept(source: Source, signed: SignedHead, path: Path) -> str:
    """Check that the log extends the checkpoint kept from last time; raise DoesNotFollow where it does not."""
    if not path.is_file():
        return "seen for the first time"
    note = Note.parse(path.read_bytes())
    if signed.key not in note.verified([signed.key]):
        raise DoesNotFollow(f"the checkpoint kept in {path} is of another log, or the log's key has changed")
    kept, head = Head.parse(note.text), signed.head
    if kept.size > head.size:
        raise DoesNotFollow(f"the log was rolled back: {kept.size} entries were signed before, now {head.size}")
    proof = TiledTree(head.size, lambda tile: source.read(tile.path)).consistency(kept.size) if kept.size else []
    if kept.size and not verify_consistency(kept.size, head.size, kept.root, head.root, proof):
        raise DoesNotFollow(
            f"history was changed: the log of {head.size} entries does not extend the {kept.size} that were signed before"
        )
    return f"extends the {kept.size} of last time"


def worries(signed: SignedHead, stale: float, now: float) -> Iterator[str]:
    """Yield what is not a contradiction but wants looking at."""
    if not signed.has_quorum:
        yield f"the quorum of witnesses is missing: {len(signed.cosignatures)} of {len(signed.policy.keys)} cosigned"
    times = [signature.timestamp for signature in signed.cosignatures.values()]
    if times and now - max(times) > stale:
        yield f"the newest cosignature is {int(now - max(times))} seconds old"


def keep(path: Path, note: Note) -> None:
    """Put the checkpoint on the disk, wholly or not at all."""
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("w") as file:
        file.write(str(note))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _say(state: str, words: str) -> None:
    say(json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "state": state, "words": words}))
