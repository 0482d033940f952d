"""Readings: received one by one or by file, versions in order, quarantined where they contradict what stands."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from sys import intern
from typing import Final

from accounts.rules.organisations import Kind, Role
from core.canonical import Json, digest
from core.errors import Malformed
from labs.rules.readings import IndicatorRule, ReadingValue, Source, check_reading, contradictions, refusals
from ledger.rules.entries import EntryValue
from treaty.rules.evaluation import known_at
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_role
from verifier.replay.payloads import Payload, decimal, items, maybe_text, moment, number, text, texts
from verifier.replay.texts import Texts

COLUMNS: Final = ("reading", "series", "version", "value", "low", "high", "observed_at", "quarantined_for")


@dataclass(slots=True)
class Kept:
    """A version of a datum, with the entry that brought it and how long it was in quarantine."""

    id: int
    indicator: str
    lab: str | None
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    observed_at: datetime
    received_at: datetime
    source: str
    series: str
    version: int
    index: int
    quarantined: bool = False
    lifted_at: datetime | None = None
    reviewer: str | None = None

    def stands(self, at: datetime) -> bool:
        """Whether it had arrived by `at` and was not in quarantine then."""
        free = not self.quarantined or (self.lifted_at is not None and self.lifted_at <= at)
        return free and self.received_at <= at

    def plain(self) -> ReadingValue:
        """Return it as the rules of contradiction take it."""
        names = (
            "id",
            "indicator",
            "lab",
            "value",
            "low",
            "high",
            "observed_at",
            "received_at",
            "source",
            "series",
            "version",
        )
        return ReadingValue(*(getattr(self, name) for name in names))


@dataclass
class Readings:
    """Every reading, by what it is about; the newest version of each datum; those in quarantine, by number."""

    kept: dict[tuple[str, str | None], list[Kept]] = field(default_factory=dict)
    versions: dict[tuple[str, str | None, str], int] = field(default_factory=dict)
    quarantined: dict[int, Kept] = field(default_factory=dict)

    def standing(self, indicators: Collection[str], at: datetime, before: int | None = None) -> list[Kept]:
        """Return what was known of these indicators at `at`; only from entries before the index `before`, where it is given."""
        return [
            one
            for (indicator, _), rows in self.kept.items()
            if indicator in indicators
            for one in rows
            if one.stands(at) and (before is None or one.index < before)
        ]

    def beside(self, rule: IndicatorRule, lab: str | None, at: datetime) -> list[ReadingValue]:
        """Return the standing readings that one of `rule` must not contradict; none where the rule names no relation."""
        rows = (one for key in rule.beside for one in self.kept.get((key, lab), ()) if one.stands(at))
        return [one.plain() for one in known_at(rows, at) if isinstance(one, Kept)]

    def add(self, one: Kept) -> None:
        """Keep a reading."""
        self.kept.setdefault((one.indicator, one.lab), []).append(one)
        self.versions[one.indicator, one.lab, one.series] = one.version
        if one.quarantined:
            self.quarantined[one.id] = one

    def recent(self, indicators: Collection[str], since: datetime, until: datetime) -> list[int]:
        """Return the entries that brought readings of these indicators after `since` up to `until`, the newest first."""
        found: set[int] = set()
        for (indicator, _), rows in self.kept.items():
            if indicator in indicators:
                for one in reversed(rows):
                    if one.received_at <= since:
                        break
                    if one.received_at <= until:
                        found.add(one.index)
        return sorted(found, reverse=True)


@replays("reading.received")
def receive(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """One reading, vouched for by whoever may, fitting its indicator and what stands beside it."""
    payload, lab = entry.payload, maybe_text(entry.payload, "lab")
    rule = replay.of(Texts).indicator(text(payload, "indicator"), entry.at)
    yield from _vouched(replay, entry, Source(text(payload, "source")), lab)
    one = _kept(payload, rule.key, lab, source=text(payload, "source"), at=entry.at, index=index)
    yield from _fits(replay, one, rule, replay.of(Readings).beside(rule, lab, entry.at), text(payload, "unit"))
    replay.of(Readings).add(one)


@replays("readings.imported")
def take_in(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """The readings of one subject from a file: each as if it had been received alone, in their order."""
    payload, lab, rows = entry.payload, maybe_text(entry.payload, "lab"), items(entry.payload, "readings")
    yield from differs("columns", "its columns", texts(payload, "columns"), list(COLUMNS))
    yield from differs("count", "the number of readings", number(payload, "count"), len(rows))
    yield from differs("digest", "the digest of its readings", text(payload, "sha256"), digest(rows))
    rule = replay.of(Texts).indicator(text(payload, "indicator"), entry.at)
    source, unit = text(payload, "source"), text(payload, "unit")
    yield from _vouched(replay, entry, Source(source), lab)
    others = replay.of(Readings).beside(rule, lab, entry.at)
    for row in rows:
        one = _kept(_row(row), rule.key, lab, source=source, at=entry.at, index=index)
        yield from _fits(replay, one, rule, others, unit)
        others.append(one.plain())
        replay.of(Readings).add(one)


def _row(row: Json) -> Payload:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != len(COLUMNS):
        raise Malformed(f"a reading has the columns {', '.join(COLUMNS)}")
    return dict(zip(COLUMNS, row, strict=True))


def _kept(payload: Payload, indicator: str, lab: str | None, *, source: str, at: datetime, index: int) -> Kept:
    edges = [None if payload[name] is None else decimal(payload[name], name) for name in ("low", "high")]
    return Kept(
        id=number(payload, "reading"),
        indicator=intern(indicator),
        lab=intern(lab) if lab else None,
        value=decimal(payload["value"], "value"),
        low=edges[0],
        high=edges[1],
        observed_at=moment(payload, "observed_at"),
        received_at=at,
        source=intern(source),
        series=text(payload, "series"),
        version=number(payload, "version"),
        index=index,
        quarantined=bool(items(payload, "quarantined_for")),
    )


def _fits(
    replay: Replay, one: Kept, rule: IndicatorRule, others: Sequence[ReadingValue], unit: str
) -> Iterator[Finding]:
    """Find what is wrong with a reading: version, unit, bounds, instants, and what it contradicts."""
    what = f"reading {one.id} ({one.series})"
    last = replay.of(Readings).versions.get((one.indicator, one.lab, one.series), 0)
    yield from differs("version", f"the version of {what}", one.version, last + 1)
    value = one.plain()
    check_reading(value, rule, unit=unit)
    for refused in refusals(value, rule, others):
        yield Finding("reading", f"{what} could not be taken: {refused}")
    reasons = contradictions(value, rule, others)
    yield from differs(
        "quarantine",
        f"whether {what} is in quarantine ({'; '.join(reasons) or 'no reason'})",
        one.quarantined,
        bool(reasons),
    )


def _vouched(replay: Replay, entry: EntryValue, source: Source, lab: str | None) -> Iterator[Finding]:
    known = replay.of(Organisations)
    if entry.by is None:
        allowed = source is Source.OBSERVED
    elif source is Source.DECLARED:
        allowed = (
            lab is not None and known.kinds.get(lab) is Kind.LABORATORY and known.represents(entry.by, lab, entry.at)
        )
    else:
        allowed = known.holds(entry.by, {Role.OFFICER, Role.INSPECTOR}, entry.at) or (
            source is Source.OBSERVED and known.is_depositary(entry.by, entry.at)
        )
    if not allowed:
        yield Finding("authority", f"{entry.by or 'nobody'} could not vouch for a reading that is {source.value}")


@replays("quarantine.reviewed", "quarantine.lifted")
def review(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Two different people of bodies or the secretariat lift a quarantine."""
    yield from by_role(replay, entry, {Role.OFFICER, Role.DEPOSITARY})
    one = replay.of(Readings).quarantined.get(number(entry.payload, "reading"))
    if one is None or one.lifted_at:
        yield Finding("state", f"reading {number(entry.payload, 'reading')} is not in quarantine")
        return
    yield from differs("indicator", "its indicator", text(entry.payload, "indicator"), one.indicator)
    if entry.kind == "quarantine.reviewed":
        if one.reviewer is not None:
            yield Finding("repeated", "a first person had reviewed it before")
        one.reviewer = entry.by
        return
    if one.reviewer in {None, entry.by}:
        yield Finding("authority", "a quarantine is lifted by the second of two people")
    one.lifted_at = entry.at


@replays("releases.listed", "release.listed", "file.imported")
def list_releases(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The register of open weights, and files read to their end, are kept by the secretariat or the operator's command."""
    if entry.by is not None:
        yield from by_role(replay, entry, {Role.DEPOSITARY})
    if entry.kind == "releases.listed":
        rows = items(entry.payload, "releases")
        yield from differs("count", "the number of releases", number(entry.payload, "count"), len(rows))
        yield from differs("digest", "the digest of its releases", text(entry.payload, "sha256"), digest(rows))
