"""What the laboratories' pages show. What comes from above (party status, stand-down, inspections) is added there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Sum

from accounts.models import Organisation
from labs.models import (
    Declaration,
    Deployment,
    Facility,
    Inventory,
    InventoryLine,
    Reading,
    RollbackProcedure,
    TrainingRun,
)
from labs.queries.facilities import Holding, facilities_of, holding_of
from labs.queries.readings import of_organisation
from labs.rules.declarations import DeclarationState, Standing, standing
from labs.rules.inventories import Line, conversion_time, h100_equivalents, is_covered, memory_gb, power_w
from labs.rules.runs import RunStatus
from labs.rules.terms import Terms
from ledger.queries.entries import Recorded, entries_about

# The sign that a page shows a declaration's state with (web.signs).
SIGNS = {
    DeclarationState.NOT_DUE: "na",
    DeclarationState.FILED: "ok",
    DeclarationState.FILED_LATE: "ok",
    DeclarationState.DUE: "on",
    DeclarationState.OVERDUE: "br",
    DeclarationState.LONG_OVERDUE: "br",
}


@dataclass(frozen=True)
class LaboratoryRow:
    """One laboratory in the list."""

    organisation: Organisation
    facilities: int
    undeclared: int  # facilities without any inventory: what they hold is unknown, not nothing
    accelerators: int
    ops_8bit: Decimal
    h100_equivalents: Fraction | None
    runs: int
    overdue: int


@dataclass(frozen=True)
class FacilityRow:
    """One facility, with its standing inventory and what it amounts to; None where the text is not known."""

    facility: Facility
    inventory: Holding | None
    lines: tuple[Line, ...]
    names: tuple[tuple[str, int], ...]
    memory_gb: Fraction
    power_kw: int  # thermal design power of the chips
    h100_equivalents: Fraction | None
    covered: bool | None
    conversion: timedelta | None


@dataclass(frozen=True)
class DeclarationRow:
    """One declaration and how it stands."""

    declaration: Declaration
    standing: Standing
    sign: str


@dataclass(frozen=True)
class Overview:
    """Everything that a laboratory's page shows of its own."""

    organisation: Organisation
    facilities: tuple[FacilityRow, ...]
    runs: tuple[TrainingRun, ...]
    deployments: tuple[Deployment, ...]
    declarations: tuple[DeclarationRow, ...]
    readings: tuple[Reading, ...]
    entries: tuple[Recorded, ...]


def laboratories(at: datetime, terms: Terms | None = None) -> list[LaboratoryRow]:
    """Return every laboratory by name, in five queries whatever their number."""
    rows = Organisation.objects.laboratories().annotate(
        sites=Count(
            "facilities",
            filter=Q(facilities__opened_at__lte=at) & (Q(facilities__closed_at=None) | Q(facilities__closed_at__gt=at)),
        )
    )
    capacity, runs, overdue, undeclared = _capacity(at), _unfinished_runs(), _overdue(at, terms), _undeclared(at)
    return [
        LaboratoryRow(
            organisation=row,
            facilities=row.sites,  # type: ignore[attr-defined] # the annotation above
            undeclared=undeclared.get(row.pk, 0),
            accelerators=capacity.get(row.pk, (0, Decimal(0)))[0],
            ops_8bit=capacity.get(row.pk, (0, Decimal(0)))[1],
            h100_equivalents=Fraction(capacity.get(row.pk, (0, Decimal(0)))[1]) / Fraction(terms.covered.h100_ops)
            if terms
            else None,
            runs=runs.get(row.pk, 0),
            overdue=overdue.get(row.pk, 0),
        )
        for row in rows.order_by("name")
    ]


def overview(organisation: Organisation, at: datetime, terms: Terms | None = None) -> Overview:
    """Return what a laboratory's page shows, in about ten queries whatever the number of rows."""
    newest = Prefetch(
        "procedures",
        RollbackProcedure.objects.order_by("deployment_id", "-version").distinct("deployment_id"),
        to_attr="standing",
    )
    declarations = Declaration.objects.filter(organisation=organisation, asked_at__lte=at).order_by(
        "filed_at", "due_at"
    )
    return Overview(
        organisation=organisation,
        facilities=tuple(_facility_row(facility, terms) for facility in facilities_of([organisation], at)),
        runs=tuple(
            TrainingRun.objects.filter(organisation=organisation, registered_at__lte=at).select_related("facility")[
                :200
            ]
        ),
        deployments=tuple(
            Deployment.objects.filter(organisation=organisation, registered_at__lte=at).prefetch_related(newest)[:200]
        ),
        declarations=tuple(_declaration_row(declaration, at, terms) for declaration in declarations[:100]),
        readings=tuple(of_organisation(organisation, at)),
        entries=tuple(entries_about(f"lab:{organisation.key}", limit=25)),
    )


def _facility_row(facility: Facility, terms: Terms | None) -> FacilityRow:
    holding = holding_of(facility)
    lines = holding.lines if holding else ()
    return FacilityRow(
        facility=facility,
        inventory=holding,
        lines=lines,
        names=tuple((name, line.quantity) for name, line in zip(holding.names, lines, strict=True)) if holding else (),
        memory_gb=memory_gb(lines),
        power_kw=round(power_w(lines) / 1000),
        h100_equivalents=h100_equivalents(lines, terms.covered.h100_ops) if terms else None,
        covered=is_covered(lines, terms.covered) if terms else None,
        conversion=conversion_time(terms.significant_flop, lines, terms.utilisation) if terms else None,
    )


def _declaration_row(declaration: Declaration, at: datetime, terms: Terms | None) -> DeclarationRow:
    if terms:
        answer = standing(
            declaration.due_at,
            declaration.filed_at,
            at,
            overdue_after=terms.overdue_after,
            long_overdue_after=terms.long_overdue_after,
        )
    else:
        answer = _standing_without_terms(declaration, at)
    return DeclarationRow(declaration, answer, SIGNS[answer.state])


def _standing_without_terms(declaration: Declaration, at: datetime) -> Standing:
    if declaration.filed_at and declaration.filed_at <= at:
        late = declaration.filed_at >= declaration.due_at
        return Standing(DeclarationState.FILED_LATE if late else DeclarationState.FILED, None, "")
    if declaration.marked_overdue_at and declaration.marked_overdue_at <= at:
        return Standing(DeclarationState.OVERDUE, None, "")
    return Standing(
        DeclarationState.DUE if declaration.due_at <= at else DeclarationState.NOT_DUE, declaration.due_at, ""
    )


def _capacity(at: datetime) -> Mapping[int, tuple[int, Decimal]]:
    """Return each laboratory's accelerators in number and in 8-bit operations per second, by its primary key."""
    standing_now = Inventory.objects.standing(at).filter(facility__in=Facility.objects.open_at(at))
    sums = (
        InventoryLine.objects.filter(inventory__in=standing_now)
        .values("inventory__facility__organisation")
        .annotate(number=Sum("quantity"), ops=Sum(F("quantity") * F("accelerator__ops_8bit")))
    )
    return {row["inventory__facility__organisation"]: (row["number"], row["ops"]) for row in sums}


def _undeclared(at: datetime) -> Mapping[int, int]:
    declared = Inventory.objects.filter(facility=OuterRef("pk"), declared_at__lte=at)
    without = Facility.objects.open_at(at).filter(~Exists(declared))
    return dict(without.values_list("organisation").annotate(number=Count("pk")))


def _unfinished_runs() -> Mapping[int, int]:
    going = TrainingRun.objects.filter(status__in=[RunStatus.PLANNED, RunStatus.RUNNING])
    return dict(going.values_list("organisation").annotate(number=Count("pk")))


def _overdue(at: datetime, terms: Terms | None) -> Mapping[int, int]:
    late: dict[int, int] = {}
    for declaration in Declaration.objects.unfiled().due_by(at):
        if _declaration_row(declaration, at, terms).standing.state in {
            DeclarationState.OVERDUE,
            DeclarationState.LONG_OVERDUE,
        }:
            late[declaration.organisation_id] = late.get(declaration.organisation_id, 0) + 1
    return late
