import re
import unicodedata
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from accounts.models import Organisation, User
from core.canonical import Json
from core.errors import DomainError, require
from core.times import stamp
from labs.models import Quarantine, Reading
from labs.permissions import can_review_quarantine, can_vouch
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

# Readings are received one at a time: ids follow the order of commits, and two corrections cannot take one version.
RECEIVING = 0x_FE_12_AD


class ReviewedAlready(DomainError):
    """A quarantine is lifted by two people, and you are the first of them."""

    code = "reviewed_already"


@transaction.atomic
def submit_reading(
    *,
    indicator: IndicatorRule,
    organisation: Organisation | None,
    value: Decimal,
    low: Decimal | None,
    high: Decimal | None,
    unit: str,
    observed_at: datetime,
    source: Source | str,
    provider: str,
    series: str,
    evidence_url: str,
    by: User | None,
    at: datetime,
) -> Reading:
    """Take in one version of one datum. What is wrong in itself is refused; what contradicts other readings goes to quarantine.

    The same datum again returns the version that stands; a different value for `series` is its next version.
    """
    _lock_readings()
    require(can_vouch(by, Source(source), organisation, at=at), f"You may not vouch for a reading that is {source}.")
    last = _newest(indicator.key, organisation, series)
    proposed = ReadingValue(
        id=0,
        indicator=indicator.key,
        lab=organisation.key if organisation else None,
        value=value,
        low=low,
        high=high,
        observed_at=observed_at,
        received_at=at,
        source=Source(source),
        series=series,
        version=last.version + 1 if last else 1,
    )
    if last and _is_the_same(last, proposed, unit=unit, provider=provider):
        return last
    _check_address(evidence_url)
    reasons = _reasons(proposed, indicator, organisation, unit=unit, provider=provider)
    row = as_row(proposed, organisation, last, unit=unit, provider=provider, evidence_url=evidence_url)
    row.save()
    if reasons:
        Quarantine.objects.create(reading=row, reasons=[reason[:500] for reason in reasons], opened_at=at)
    record(kind="reading.received", payload={**_payload(row), "quarantined_for": reasons}, by=by, at=at)
    return row


@transaction.atomic
def review_quarantine(*, quarantine: Quarantine, by: User, at: datetime) -> Quarantine:
    """Say that the reading may count after all. The second person's word lifts the quarantine."""
    quarantine.refresh_from_db(from_queryset=Quarantine.objects.select_for_update(no_key=True))
    require(can_review_quarantine(by, at=at))
    if quarantine.lifted_at:
        return quarantine
    if quarantine.first_reviewer_id == by.pk:
        raise ReviewedAlready
    if quarantine.first_reviewer_id is None:
        quarantine.first_reviewer = by
    else:
        quarantine.second_reviewer, quarantine.lifted_at = by, at
    quarantine.save(update_fields=["first_reviewer", "second_reviewer", "lifted_at"])
    kind = "quarantine.lifted" if quarantine.lifted_at else "quarantine.reviewed"
    record(
        kind=kind, payload={"reading": quarantine.reading_id, "indicator": quarantine.reading.indicator}, by=by, at=at
    )
    return quarantine


def _lock_readings() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RECEIVING])


def _newest(indicator: str, organisation: Organisation | None, series: str) -> Reading | None:
    versions = Reading.objects.filter(indicator=indicator, organisation=organisation, series=series)
    return versions.order_by("-version").first()


def _is_the_same(last: Reading, proposed: ReadingValue, *, unit: str, provider: str) -> bool:
    names = ("value", "low", "high", "observed_at", "source")
    same = all(getattr(last, name) == getattr(proposed, name) for name in names)
    return same and (last.unit, last.provider) == (unit, provider)


def _reasons(
    proposed: ReadingValue, indicator: IndicatorRule, organisation: Organisation | None, *, unit: str, provider: str
) -> list[str]:
    """Return the reasons for quarantine; raise ReadingRefused for what cannot be taken."""
    _check_words(proposed.series, "series")
    _check_words(provider, "provider")
    check_reading(proposed, indicator, unit=unit)
    others = beside(indicator, organisation, proposed.received_at)
    refused = refusals(proposed, indicator, others)
    if refused:
        raise ReadingRefused(refused[0], fields={"value": refused[0]})
    return contradictions(proposed, indicator, others)


def as_row(
    proposed: ReadingValue,
    organisation: Organisation | None,
    last: Reading | None,
    *,
    unit: str,
    provider: str,
    evidence_url: str,
) -> Reading:
    """Return the row of a reading that was taken, not yet saved; `last` is the version that it supersedes."""
    return Reading(
        indicator=proposed.indicator,
        organisation=organisation,
        value=proposed.value,
        low=proposed.low,
        high=proposed.high,
        unit=unit,
        observed_at=proposed.observed_at,
        received_at=proposed.received_at,
        source=proposed.source,
        provider=provider,
        series=proposed.series,
        version=proposed.version,
        supersedes=last,
        evidence_url=evidence_url,
    )


def _check_address(url: str) -> None:
    if url and not (re.match(r"https?://[^/]", url) and url.isprintable() and " " not in url and len(url) <= 500):
        raise ReadingRefused(fields={"evidence_url": "Write an address that begins with https:// or http://, or none."})


def _check_words(text: str, field: str) -> None:
    if not text.strip() or not text.isprintable() or not unicodedata.is_normalized("NFC", text):
        raise ReadingRefused(fields={field: "Write printable text in Unicode normal form C."})


def _payload(reading: Reading) -> dict[str, Json]:
    return {
        "reading": reading.pk,
        "indicator": reading.indicator,
        "lab": reading.organisation.key if reading.organisation else None,
        "value": written(reading.value),
        "low": None if reading.low is None else written(reading.low),
        "high": None if reading.high is None else written(reading.high),
        "unit": reading.unit,
        "observed_at": stamp(reading.observed_at),
        "source": str(reading.source),
        "provider": reading.provider,
        "series": reading.series,
        "version": reading.version,
        "evidence_url": reading.evidence_url,
    }
