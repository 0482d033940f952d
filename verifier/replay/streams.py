"""Readings of seals and counters: who may file them, and in time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from inspections.rules.evidence import StreamValue, broken_at, stream_obstacle
from ledger.rules.entries import EntryValue
from treaty.rules.monitoring import Continuity
from verifier.replay.accounting import by_body
from verifier.replay.frame import Finding, Replay, replays
from verifier.replay.payloads import flag, moment, text
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts


@dataclass
class Streams:
    """Every reading of a stream."""

    known: dict[tuple[str, str], list[StreamValue]] = field(default_factory=dict)  # by site and layer

    def is_broken(self, facility: str, terms: Mapping[str, Continuity], at: datetime) -> bool:
        """Whether a stream of the site was broken by `at`, so that a new baseline is due."""
        return any(broken_at(self.known.get((facility, layer), ()), one, at) for layer, one in terms.items())


@replays("stream.observed")
def observe(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A body reads a stream that the text knows, once for each instant, and files it before a gap could be filled in."""
    payload, streams = entry.payload, replay.of(Streams)
    layer, observed_at = text(payload, "layer"), moment(payload, "observed_at")
    yield from by_body(replay, entry, layer)
    site = replay.of(Sites).known.get(text(payload, "facility"))
    if site is None or site.lab != text(payload, "lab"):
        yield Finding("unknown", f"{text(payload, 'lab')} has no site {text(payload, 'facility')}")
    continuity = replay.of(Texts).at(entry.at).rules.monitoring.continuity
    if obstacle := stream_obstacle(continuity.get(layer), observed_at, entry.at):
        yield Finding("filing", obstacle)
    known = streams.known.setdefault((text(payload, "facility"), layer), [])
    if any(one.observed_at == observed_at for one in known):
        yield Finding("repeated", "a reading of this instant was filed before")
    known.append(StreamValue(observed_at, flag(payload, "intact")))
