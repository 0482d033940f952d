"""How often each facility must be seen, from what its laboratory declared."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organisation
from inspections.queries.draws import drawn_facilities
from inspections.rules.frequency import Frequency, Sample, Timeliness, frequency
from labs.models import Facility
from labs.queries.facilities import facilities_of, holding_of
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, text_at


@dataclass(frozen=True)
class FrequencyRow:
    """A facility with how often it must be seen, and the names of its accelerators beside their samples."""

    facility: Facility
    frequency: Frequency
    samples: tuple[tuple[str, Sample], ...]
    place: int | None  # in the newest draw of visits at short notice


def frequency_rows(at: datetime, *, lab: Organisation | None = None) -> list[FrequencyRow]:
    """Return the facilities in use of the bound laboratories, or of one of them: the most urgent first, in a fixed number of queries."""
    if text_at(at) is None:
        return []
    monitoring = rules_at(at).monitoring
    labs = [one for one in bound_labs(at) if lab is None or one.pk == lab.pk]
    drawn, rows = drawn_facilities(at), []
    for facility in facilities_of(labs, at):
        held = holding_of(facility)
        found = frequency(held.lines if held else None, monitoring)
        place = drawn.index(facility.key) + 1 if facility.key in drawn else None
        samples = tuple(zip(held.names, found.samples, strict=True)) if held else ()
        rows.append(FrequencyRow(facility, found, samples, place))
    return sorted(rows, key=_urgency)


def _urgency(row: FrequencyRow) -> tuple[bool, int]:
    """Return where a facility comes: unknown first, then by conversion time."""
    known = row.frequency.timeliness is not Timeliness.UNKNOWN
    time = row.frequency.conversion
    return known, int(time.total_seconds()) if time is not None else 2**63
