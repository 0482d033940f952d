"""Readings under the treaty text in force: one at a time from a person, in batches from a file that others publish."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from django.db import connection, transaction

from accounts.models import Organisation, User
from core.canonical import Json, canonical, digest
from core.errors import DomainError, require
from core.times import stamp
from labs.actions.readings import RECEIVING, as_row, submit_reading
from labs.actions.releases import LISTING
from labs.models import OpenWeightRelease, Quarantine, Reading
from labs.permissions import can_list, can_vouch
from labs.queries.readings import beside
from labs.rules.readings import (
    IndicatorRule,
    ReadingRefused,
    ReadingValue,
    Source,
    check_reading,
    contradictions,
    refusals,
    written,
)
from ledger.actions import record
from treaty.queries.texts import indicator_rule
from treaty.rules.readings import ReadingRow, ReleaseRow, RowRefused

MOST_IN_A_BATCH: Final = 400
# An entry of the record holds at most 65,535 bytes (core.canonical; the log's bundles count in 16 bits).
LARGEST_BATCH: Final = 50_000
LARGEST_ID: Final = 2**53 - 1

type Subject = tuple[str, str | None, str, str]


@dataclass
class Taken:
    """What came of rows: numbers of the accepted, and the refused with their reasons."""

    accepted: int = 0
    restated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    refused: list[RowRefused] = field(default_factory=list)

    def add(self, other: "Taken") -> None:
        """Count the other's rows in."""
        self.accepted += other.accepted
        self.restated += other.restated
        self.unchanged += other.unchanged
        self.quarantined += other.quarantined
        self.refused += other.refused

    def counts(self) -> dict[str, int]:
        """Return the numbers that the record keeps of a file."""
        refused = len(self.refused)
        return {"accepted": self.accepted, "restated": self.restated, "unchanged": self.unchanged, "refused": refused}


def submit(
    *,
    indicator: str,
    organisation: Organisation | None,
    value: Decimal,
    low: Decimal | None = None,
    high: Decimal | None = None,
    unit: str,
    observed_at: datetime,
    source: Source | str,
    provider: str,
    series: str,
    evidence_url: str = "",
    by: User | None,
    at: datetime,
) -> Reading:
    """Take in one reading, judged by the indicator as the text in force defines it; raise UnknownIndicator, ReadingRefused."""
    return submit_reading(
        indicator=indicator_rule(indicator, at),
        organisation=organisation,
        value=value,
        low=low,
        high=high,
        unit=unit,
        observed_at=observed_at,
        source=source,
        provider=provider,
        series=series,
        evidence_url=evidence_url,
        by=by,
        at=at,
    )


def batches(rows: Iterable[ReadingRow]) -> Iterator[list[ReadingRow]]:
    """Cut rows into batches of one subject each, small enough for one entry of the record. Each datum comes at most once."""
    for _, of_subject in groupby(sorted(rows, key=_sorting), key=_subject):
        batch: list[ReadingRow] = []
        size = 0
        for row in of_subject:
            width = len(canonical(_columns(row, LARGEST_ID, 1, []))) + 1
            if batch and (len(batch) == MOST_IN_A_BATCH or size + width > LARGEST_BATCH):
                yield batch
                batch, size = [], 0
            batch.append(row)
            size += width
        if batch:
            yield batch


def _subject(row: ReadingRow) -> Subject:
    return row.indicator, row.lab, row.source, row.provider


def _sorting(row: ReadingRow) -> tuple[str, str, str, str, datetime, int]:
    return row.indicator, row.lab or "", row.source, row.provider, row.observed_at, row.line


@transaction.atomic
def import_batch(*, rows: Sequence[ReadingRow], file_sha256: str, by: User | None, at: datetime) -> Taken:
    """Take in the rows of one subject (see `batches`) with one entry of the record, which holds every reading of them;
    with several where reasons for quarantine make it too long.

    A datum that stands as it is changes nothing; a different value for its series is its next version. A row that is wrong
    is refused and named; the others are taken all the same.
    """
    _lock(RECEIVING)
    row = rows[0]
    taken, new = Taken(), []
    organisation = Organisation.objects.filter(key=row.lab).first() if row.lab else None
    try:
        indicator = _authorised(row, organisation, by=by, at=at)
    except DomainError as error:
        return Taken(refused=[RowRefused(each.line, each.series, error.detail) for each in rows])
    newest = _newest_versions(indicator, organisation, [each.series for each in rows])
    others = _others(indicator, organisation, at)
    for each in rows:
        try:
            found = _proposed(each, newest.get(each.series), indicator, others, at)
        except ReadingRefused as error:
            taken.refused.append(RowRefused(each.line, each.series, error.detail))
        else:
            if found is None:
                taken.unchanged += 1
            else:
                new.append((each, *found))
                others.append(found[0])
    if new:
        _keep(new, newest, indicator, organisation, file_sha256=file_sha256, by=by, at=at)
    taken.restated = sum(value.version > 1 for _, value, _ in new)
    taken.accepted = len(new) - taken.restated
    taken.quarantined = sum(bool(reasons) for _, _, reasons in new)
    return taken


type _New = tuple[ReadingRow, ReadingValue, list[str]]


def _authorised(row: ReadingRow, organisation: Organisation | None, *, by: User | None, at: datetime) -> IndicatorRule:
    if row.lab and organisation is None:
        raise ReadingRefused(f"There is no organisation {row.lab[:64]!r}.")
    require(
        can_vouch(by, Source(row.source), organisation, at=at), f"You may not vouch for a reading that is {row.source}."
    )
    return indicator_rule(row.indicator, at)


def _newest_versions(
    indicator: IndicatorRule, organisation: Organisation | None, series: list[str]
) -> dict[str, Reading]:
    rows = Reading.objects.filter(indicator=indicator.key, organisation=organisation, series__in=series)
    return {row.series: row for row in rows.order_by("version")}


def _others(indicator: IndicatorRule, organisation: Organisation | None, at: datetime) -> list[ReadingValue]:
    return beside(indicator, organisation, at) if indicator.beside else []


def _proposed(
    row: ReadingRow, last: Reading | None, indicator: IndicatorRule, others: list[ReadingValue], at: datetime
) -> tuple[ReadingValue, list[str]] | None:
    """Return the new version and why it goes to quarantine; None where what stands is the same; raise ReadingRefused."""
    if row.received_at is not None or row.version is not None:
        raise ReadingRefused("Leave received_at and version empty: the site's own receipt counts.")
    unit = indicator.unit if row.unit is None else row.unit
    value = ReadingValue(
        id=0,
        indicator=indicator.key,
        lab=row.lab,
        value=row.value,
        low=row.low,
        high=row.high,
        observed_at=row.observed_at,
        received_at=at,
        source=row.source,
        series=row.series,
        version=last.version + 1 if last else 1,
    )
    names = ("value", "low", "high", "observed_at", "source")
    if last and last.provider == row.provider and all(getattr(last, name) == getattr(value, name) for name in names):
        return None
    check_reading(value, indicator, unit=unit)
    for refused in refusals(value, indicator, others):
        raise ReadingRefused(refused, fields={"value": refused})
    return value, contradictions(value, indicator, others)


def _keep(
    new: list[_New],
    newest: Mapping[str, Reading],
    indicator: IndicatorRule,
    organisation: Organisation | None,
    *,
    file_sha256: str,
    by: User | None,
    at: datetime,
) -> None:
    made = Reading.objects.bulk_create(
        as_row(
            value,
            organisation,
            newest.get(value.series),
            unit=indicator.unit,
            provider=row.provider,
            evidence_url=row.evidence_url,
        )
        for row, value, _ in new
    )
    Quarantine.objects.bulk_create(
        Quarantine(reading=reading, reasons=[reason[:500] for reason in reasons], opened_at=at)
        for reading, (_, _, reasons) in zip(made, new, strict=True)
        if reasons
    )
    first = new[0][0]
    columns: list[Json] = [
        _columns(row, reading.pk, value.version, reasons)
        for reading, (row, value, reasons) in zip(made, new, strict=True)
    ]
    for part in _fitting(columns):
        record(
            kind="readings.imported",
            payload={
                "indicator": indicator.key,
                "lab": first.lab,
                "source": first.source,
                "provider": first.provider,
                "unit": indicator.unit,
                "file": file_sha256,
                "count": len(part),
                "sha256": digest(part),
                "columns": ["reading", "series", "version", "value", "low", "high", "observed_at", "quarantined_for"],
                "readings": part,
            },
            by=by,
            at=at,
        )


def _fitting(columns: list[Json]) -> Iterator[list[Json]]:
    """Cut the rows where the reasons for quarantine make them too long for one entry."""
    part: list[Json] = []
    size = 0
    for row in columns:
        width = len(canonical(row)) + 1
        if part and size + width > LARGEST_BATCH:
            yield part
            part, size = [], 0
        part.append(row)
        size += width
    yield part


def _columns(row: ReadingRow, reading: int, version: int, reasons: list[str]) -> list[Json]:
    low = None if row.low is None else written(row.low)
    high = None if row.high is None else written(row.high)
    return [reading, row.series, version, written(row.value), low, high, stamp(row.observed_at), list(reasons)]


@transaction.atomic
def import_releases(*, rows: Sequence[ReleaseRow], file_sha256: str, by: User | None, at: datetime) -> Taken:
    """Enter models whose weights are open into the register, with one entry of the record; at most MOST_IN_A_BATCH rows."""
    _lock(LISTING)
    require(can_list(by, at=at), "Only the secretariat keeps the register.")
    keys = [row.source_key for row in rows]
    listed = OpenWeightRelease.objects.filter(source__in={row.source for row in rows}, source_key__in=keys)
    newest = {(row.source, row.source_key): row for row in listed.order_by("version")}
    taken, new = Taken(), []
    for row in rows:
        last = newest.get((row.source, row.source_key))
        if why := _unlistable(row, at):
            taken.refused.append(RowRefused(row.line, row.name, why))
        elif last and (last.name, last.developer, last.released_at, last.flop) == _facts(row):
            taken.unchanged += 1
        else:
            new.append((row, last.version + 1 if last else 1))
    if new:
        _list(new, file_sha256=file_sha256, by=by, at=at)
    taken.restated = sum(version > 1 for _, version in new)
    taken.accepted = len(new) - taken.restated
    return taken


def _facts(row: ReleaseRow) -> tuple[object, ...]:
    return row.name, row.developer, row.released_on, row.flop


def _unlistable(row: ReleaseRow, at: datetime) -> str:
    if row.released_on > at.date():
        return "What has not been released is not entered."
    return "Training compute is above 0, or unknown." if row.flop is not None and row.flop <= 0 else ""


def _list(new: list[tuple[ReleaseRow, int]], *, file_sha256: str, by: User | None, at: datetime) -> None:
    OpenWeightRelease.objects.bulk_create(
        OpenWeightRelease(
            name=row.name,
            developer=row.developer,
            released_at=row.released_on,
            flop=row.flop,
            source=row.source,
            source_key=row.source_key,
            version=version,
            received_at=at,
        )
        for row, version in new
    )
    releases: list[Json] = [
        [
            row.source_key,
            version,
            row.developer,
            row.released_on.isoformat(),
            None if row.flop is None else written(row.flop),
        ]
        for row, version in new
    ]
    record(
        kind="releases.listed",
        payload={
            "source": new[0][0].source,
            "file": file_sha256,
            "count": len(releases),
            "sha256": digest(releases),
            "columns": ["source_key", "version", "developer", "released_on", "flop"],
            "releases": releases,
        },
        by=by,
        at=at,
    )


def _lock(key: int) -> None:
    """Receive one at a time: ids follow the order of commits, and two corrections cannot take one version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
