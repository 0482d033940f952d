"""The log's own entries: the first says whose log it is, and time does not run backwards."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ledger.rules.entries import EntryValue
from ledger.rules.notes import VerifierKey
from ledger.rules.tiles import WIDTH, Edge
from ledger.rules.witnesses import Policy
from verifier.replay.frame import Replay, replays

# An action reads the clock before its transaction commits: entries may be so far out of order.
TOLERANCE: Final = timedelta(minutes=10)


@dataclass
class Log:
    """Who the log says it is, who it must be, and how far its time has come."""

    expected: VerifierKey | None = None
    origin: str = ""
    latest: datetime | None = None
    edge: Edge = field(default_factory=Edge)
    leaves: list[bytes] = field(default_factory=list)  # that are not in the edge yet

    def root(self) -> str:
        """Return the root over the entries so far, in hex."""
        self.edge, _full = self.edge.extend(b"".join(self.leaves))
        self.leaves = []
        return self.edge.root.hex()


@replays()
def grow(replay: Replay, _index: int, entry: EntryValue) -> Iterator[str]:
    """Keep the tree over what has been read: a draw's seed holds its root."""
    log = replay.of(Log)
    log.leaves.append(bytes.fromhex(entry.hash))
    if len(log.leaves) == WIDTH:
        log.root()
    yield from ()


@replays()
def begin_with_the_opening(_replay: Replay, index: int, entry: EntryValue) -> Iterator[str]:
    """Entry 0, and no other, is log.opened."""
    if (index == 0) != (entry.kind == "log.opened"):
        yield "the log must be opened by its first entry, and once only"


@replays()
def keep_time(replay: Replay, _index: int, entry: EntryValue) -> Iterator[str]:
    """An entry is not older than those before it, but for the time that a transaction takes."""
    log = replay.of(Log)
    if log.latest and entry.at < log.latest - TOLERANCE:
        yield f"it is dated {entry.at:%Y-%m-%d %H:%M:%S}, long before an entry that precedes it ({log.latest:%Y-%m-%d %H:%M:%S})"
    log.latest = max(entry.at, log.latest or entry.at)


@replays("log.opened")
def name_the_log(replay: Replay, _index: int, entry: EntryValue) -> Iterator[str]:
    """The opening names the log by the key and origin that sign its checkpoints."""
    key, expected = VerifierKey.parse(str(entry.payload["log_key"])), replay.of(Log).expected
    replay.of(Log).origin = key.name
    if key.name != entry.payload["origin"]:
        yield "the key is not for the origin that is named"
    if expected and key != expected:
        yield f"the log was opened with the key {key.id.hex()}, but its checkpoint is signed with {expected.id.hex()}"
    Policy.parse(str(entry.payload["policy"]))
