"""Readings of seals and counters: who may file them, and in time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from inspections.rules.evidence import stream_obstacle
from ledger.rules.entries import EntryValue
from verifier.replay.accounting import by_body
from verifier.replay.frame import Finding, Replay, replays
from verifier.replay.payloads import flag, moment, text
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts


@dataclass
class Streams:
    """Every reading by site, layer and instant: whether it was intact."""

    known: dict[tuple[str, str, datetime], bool] = field(default_factory=dict)


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
    key = text(payload, "facility"), layer, observed_at
    if key in streams.known:
        yield Finding("repeated", "a reading of this instant was filed before")
    streams.known[key] = flag(payload, "intact")
