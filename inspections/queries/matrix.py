"""The evidence matrix: verification layer × facility, what each cell is worth and until when."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organisation
from accounts.queries.organisations import affiliates
from inspections.models import Mandate, Report, StreamReading, Visit
from inspections.queries.reports import answer_of
from inspections.rules.evidence import Cell, EvidenceState, Observation, StreamValue, cell, of_facility
from inspections.rules.needs import needed
from labs.models import Facility
from labs.queries.facilities import facilities_of, lines_of
from labs.rules.inventories import h100_equivalents
from treaty.queries.parties import bound_labs, participating_bodies
from treaty.queries.texts import rules_at
from treaty.rules.text import Monitoring, Text
from web.prepared import prepared


@dataclass(frozen=True)
class MatrixRow:
    """A facility, what it holds in H100-equivalents, and its cells in the order of the matrix's layers."""

    facility: Facility
    capacity: Fraction
    cells: tuple[Cell, ...]

    @cached_property
    def states(self) -> tuple[EvidenceState, ...]:
        """What is known of each layer."""
        return tuple(one.state for one in self.cells)

    @cached_property
    def state(self) -> EvidenceState:
        """What is known of the facility as a whole."""
        return of_facility(self.states)


@dataclass(frozen=True)
class Matrix:
    """`layers`: key → title, in the text's order."""

    layers: Mapping[str, str]
    rows: tuple[MatrixRow, ...]

    def count(self, state: EvidenceState) -> int:
        """How many cells are in this state."""
        return sum(row.states.count(state) for row in self.rows)

    @property
    def total(self) -> int:
        """How many cells are in scope."""
        return len(self.layers) * len(self.rows) - self.count(EvidenceState.OUT_OF_SCOPE)


def matrix(at: datetime, rules: Text | None = None) -> Matrix:
    """Return the matrix over every facility of every bound laboratory, in a number of queries that does not grow.

    `rules` are those of the text at `at`, where they are at hand.
    """
    rules = rules or rules_at(at)
    layers, ops = rules.monitoring.layers, rules.covered.h100_ops_per_second
    seen, streams = observations(at), stream_readings(at)
    known = {facility for facility, _layer in (*seen, *streams)}
    nothing = tuple(_cell(rules.monitoring, layer, at) for layer in layers)  # the same for all that nobody looked at

    def cells(facility: int) -> tuple[Cell, ...]:
        found = ((seen.get((facility, one), ()), streams.get((facility, one), ())) for one in layers)
        return tuple(_cell(rules.monitoring, one, at, *held) for one, held in zip(layers, found, strict=True))

    rows = (
        MatrixRow(one, h100_equivalents(lines_of(one), ops), cells(one.pk) if one.pk in known else nothing)
        for one in facilities_of(bound_labs(at), at)
    )
    return Matrix(layers, tuple(rows))


def _cell(
    monitoring: Monitoring,
    layer: str,
    at: datetime,
    seen: Iterable[Observation] = (),
    stream: Iterable[StreamValue] = (),
) -> Cell:
    validity, continuity = monitoring.evidence_validity.get(layer), monitoring.continuity.get(layer)
    return cell(seen, validity, at, stream=stream, continuity=continuity)


def observations(at: datetime) -> Mapping[tuple[int, str], list[Observation]]:
    """Return what submitted reports received by `at` say, by facility and layer, in one query."""
    found: dict[tuple[int, str], list[Observation]] = defaultdict(list)
    for facility, visit, version, collected_at, sections in _reported(at):
        for layer, section in sections.items():
            answer = answer_of(section)
            if answer:
                found[facility, layer].append(Observation(answer, collected_at, f"{visit}/{version}"))
    return found


@prepared
def _reported(at: datetime) -> QuerySet[Report, tuple[Any, ...]]:
    columns = "visit__facility", "visit__key", "version", "collected_at", "sections"
    return Report.objects.standing(at).exclude(collected_at=None).values_list(*columns)


def stream_readings(at: datetime) -> Mapping[tuple[int, str], list[StreamValue]]:
    """Return the readings of seals and counters that were filed by `at`, by facility and layer, in one query."""
    found: dict[tuple[int, str], list[StreamValue]] = defaultdict(list)
    for facility, layer, observed_at, intact in _filed(at):
        found[facility, layer].append(StreamValue(observed_at, intact))
    return found


@prepared
def _filed(at: datetime) -> QuerySet[StreamReading, tuple[Any, ...]]:
    return StreamReading.objects.filter(filed_at__lte=at).values_list("facility", "layer", "observed_at", "intact")


def cell_at(facility: Facility, layer: str, at: datetime) -> Cell:
    """Return one cell."""
    place = facility.pk, layer
    return _cell(rules_at(at).monitoring, layer, at, observations(at)[place], stream_readings(at)[place])


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
