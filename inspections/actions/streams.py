"""Readings of seals and counters, which carry what a visit verified (Art. 18)."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import Json
from core.errors import require
from core.times import stamp
from inspections.actions.accounting import OBSERVERS, lock_facility
from inspections.models import StreamReading
from inspections.permissions import can_observe
from inspections.rules.accounting import FilingRefused
from inspections.rules.evidence import stream_obstacle
from labs.models import Facility
from ledger.actions import record
from treaty.queries.texts import rules_at


@transaction.atomic
def read_stream(
    *, facility: Facility, layer: str, observed_at: datetime, intact: bool, body: Organisation, by: User, at: datetime
) -> StreamReading:
    """Say what a seal or counter showed at an instant. The same reading again returns it; a different one is refused."""
    lock_facility(facility)
    require(can_observe(by, body, facility, layer, at=at), OBSERVERS)
    known = StreamReading.objects.filter(facility=facility, layer=layer, observed_at=observed_at).first()
    if known and (known.intact, known.body_id) == (intact, body.pk):
        return known
    obstacle = stream_obstacle(rules_at(at).monitoring.continuity.get(layer), observed_at, at)
    obstacle = "Another reading of this instant is on file." if known else obstacle
    if obstacle:
        raise FilingRefused(obstacle, fields={"observed_at": obstacle})
    made = StreamReading.objects.create(
        facility=facility, layer=layer, observed_at=observed_at, intact=intact, body=body, filed_at=at, by=by
    )
    record(kind="stream.observed", payload=_payload(made), by=by, at=at)
    return made


def _payload(reading: StreamReading) -> dict[str, Json]:
    return {
        "lab": reading.facility.organisation.key,
        "facility": reading.facility.key,
        "body": reading.body.key,
        "layer": reading.layer,
        "observed_at": stamp(reading.observed_at),
        "intact": reading.intact,
    }
