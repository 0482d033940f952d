"""The evidence matrix: verification layer × facility, what each cell is worth and until when."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organisation
from accounts.queries.organisations import affiliates
from inspections.models import Mandate, Report, StreamReading, Visit
from inspections.queries.reports import section_value
from inspections.rules.evidence import Cell, EvidenceState, Observation, StreamValue, cell
from inspections.rules.needs import needed
from labs.models import Facility
from labs.queries.facilities import facilities_of
from treaty.queries.parties import bound_labs, participating_bodies
from treaty.queries.texts import rules_at


@dataclass(frozen=True)
class MatrixRow:
    """A facility and its cells, in the order of the matrix's layers."""

    facility: Facility
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """`layers`: key → title, in the text's order."""

    layers: Mapping[str, str]
    rows: tuple[MatrixRow, ...]

    def count(self, state: EvidenceState) -> int:
        """How many cells are in this state."""
        return sum(one.state is state for row in self.rows for one in row.cells)

    @property
    def total(self) -> int:
        """How many cells are in scope."""
        return len(self.layers) * len(self.rows) - self.count(EvidenceState.OUT_OF_SCOPE)


def matrix(at: datetime) -> Matrix:
    """Return the matrix over every facility of every bound laboratory, in a number of queries that does not grow."""
    monitoring = rules_at(at).monitoring
    facilities = facilities_of(bound_labs(at), at)
    seen, streams = observations(at), stream_readings(at)
    rows = tuple(
        MatrixRow(
            facility,
            tuple(
                cell(
                    seen[facility.pk, layer],
                    monitoring.evidence_validity.get(layer),
                    at,
                    stream=streams[facility.pk, layer],
                    continuity=monitoring.continuity.get(layer),
                )
                for layer in monitoring.layers
            ),
        )
        for facility in facilities
    )
    return Matrix(monitoring.layers, rows)


def observations(at: datetime) -> Mapping[tuple[int, str], list[Observation]]:
    """Return what submitted reports received by `at` say, by facility and layer, in one query."""
    found: dict[tuple[int, str], list[Observation]] = defaultdict(list)
    reports = Report.objects.standing(at)
    for report in reports.select_related("visit").only(
        "version", "sections", "collected_at", "visit__key", "visit__facility_id"
    ):
        for layer, section in report.sections.items():
            answer = section_value(section).answer
            if answer and report.collected_at:
                seen = Observation(answer, report.collected_at, f"{report.visit.key}/{report.version}")
                found[report.visit.facility_id, layer].append(seen)
    return found


def stream_readings(at: datetime) -> Mapping[tuple[int, str], list[StreamValue]]:
    """Return the readings of seals and counters that were filed by `at`, by facility and layer, in one query."""
    found: dict[tuple[int, str], list[StreamValue]] = defaultdict(list)
    rows = StreamReading.objects.filter(filed_at__lte=at).values_list("facility", "layer", "observed_at", "intact")
    for facility, layer, observed_at, intact in rows:
        found[facility, layer].append(StreamValue(observed_at, intact))
    return found


def cell_at(facility: Facility, layer: str, at: datetime) -> Cell:
    """Return one cell."""
    monitoring = rules_at(at).monitoring
    return cell(
        observations(at)[facility.pk, layer],
        monitoring.evidence_validity.get(layer),
        at,
        stream=stream_readings(at)[facility.pk, layer],
        continuity=monitoring.continuity.get(layer),
    )


@dataclass(frozen=True)
class Break:
    """A cell whose continuity was lost, and by when a new baseline is due (None: the text sets no time)."""

    facility: Facility
    layer: str
    since: datetime
    due: datetime | None


def breaks(at: datetime) -> list[Break]:
    """Return every cell that waits for a new baseline, the oldest break first."""
    if not StreamReading.objects.filter(filed_at__lte=at).exists():
        return []
    schedule, found = rules_at(at).monitoring.schedule, matrix(at)
    lost = [
        Break(row.facility, layer, one.expires_at, needed(one, at, schedule.baseline_within).by if schedule else None)
        for row in found.rows
        for layer, one in zip(found.layers, row.cells, strict=True)
        if one.state is EvidenceState.CONTINUITY_LOST and one.expires_at
    ]
    return sorted(lost, key=lambda one: (one.since, one.facility.key, one.layer))


def looking_bodies(facility: Facility, layer: str, at: datetime) -> list[Organisation]:
    """Return the accredited bodies that may look at this layer there: mandated, and independent of the laboratory."""
    near = affiliates(facility.organisation, at)
    mandates = {one.body_id: one.layers for one in Mandate.objects.in_force(at)}
    return [
        body
        for body in participating_bodies(at)
        if body.pk not in near and (body.pk not in mandates or layer in mandates[body.pk])
    ]


def visits_ahead(facility: Facility, at: datetime) -> list[Visit]:
    """Return the facility's visits whose notice was given and that are not over, the soonest first."""
    return list(
        Visit.objects.opened().not_ended().filter(facility=facility, notified_at__lte=at).order_by("planned_from")
    )
