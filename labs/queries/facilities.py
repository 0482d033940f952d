from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organisation
from labs.models import AcceleratorModel, Facility, Inventory
from labs.rules.inventories import Line
from web.prepared import prepared


@dataclass(frozen=True)
class Holding:
    """A facility's newest inventory as plain values. `names` are those of the accelerators, in the order of the lines."""

    version: int
    as_of: datetime
    lines: tuple[Line, ...]
    names: tuple[str, ...]


def facilities_of(organisations: Iterable[Organisation], at: datetime) -> list[Facility]:
    """Return the facilities in use at `at` and registered by then, in three queries; `holding_of` and `lines_of` say what each held then."""
    owners = {one.pk: one for one in organisations}
    facilities = _in_use(list(owners), at)
    holdings = _holdings([facility.pk for facility in facilities], at)
    for facility in facilities:
        # Its laboratory is at hand: no join, and one object for all its sites.
        facility.organisation = owners[facility.organisation_id]
        facility.holding = holdings.get(facility.pk)  # type: ignore[attr-defined] # read by `holding_of` alone
    return facilities


@prepared
def _in_use(organisations: list[int], at: datetime) -> QuerySet[Facility]:
    found = Facility.objects.open_at(at).filter(organisation__pk__among=organisations, registered_at__lte=at)
    return found.order_by("organisation__name", "name")


def holding_of(facility: Facility) -> Holding | None:
    """Return what a facility that `facilities_of` returned held; None where it declared no inventory."""
    found: Holding | None = getattr(facility, "holding")  # noqa: B009 - an attribute that `facilities_of` adds
    return found


def lines_of(facility: Facility) -> Sequence[Line]:
    """Return the standing lines of a facility that `facilities_of` returned, as values for the rules; no inventory is no line."""
    holding = holding_of(facility)
    return holding.lines if holding else ()


def _holdings(facilities: Sequence[int], at: datetime) -> Mapping[int, Holding]:
    """Return the newest inventory of each facility that has declared one, from plain rows: sites are many, models few."""
    models = {one.pk: one for one in _models()}
    line = cache(lambda model, quantity: as_line(models[model], quantity))  # many sites hold the same
    heads: dict[int, tuple[int, datetime]] = {}
    held: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for facility, version, as_of, model, quantity in _held(list(facilities), at):
        heads[facility] = version, as_of
        if model is not None:
            held[facility].append((model, quantity))
    return {
        facility: Holding(
            *head,
            tuple(line(*one) for one in held[facility]),
            tuple(models[model].name for model, _quantity in held[facility]),
        )
        for facility, head in heads.items()
    }


@prepared
def _models() -> QuerySet[AcceleratorModel]:
    return AcceleratorModel.objects.order_by()


@prepared
def _held(facilities: list[int], at: datetime) -> QuerySet[Inventory, tuple[Any, ...]]:
    found = Inventory.objects.standing(at).filter(facility__pk__among=facilities).order_by("lines__accelerator__name")
    return found.values_list("facility", "version", "as_of", "lines__accelerator", "lines__quantity")


def as_line(chip: AcceleratorModel, quantity: int) -> Line:
    """Return so many accelerators of a model as the rules' value."""
    return Line(
        accelerator=chip.key, quantity=quantity, memory_gb=chip.memory_gb, ops_8bit=chip.ops_8bit, tdp_w=chip.tdp_w
    )
