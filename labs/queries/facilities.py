from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Prefetch

from accounts.models import Organisation
from labs.models import Facility, Inventory, InventoryLine
from labs.rules.inventories import Line


def facilities_of(organisations: Iterable[Organisation], at: datetime) -> list[Facility]:
    """Return the facilities in use at `at` and registered by then, each with `standing`: its newest inventory of then with its lines, in a list of 0 or 1."""
    lines = Prefetch(
        "lines", InventoryLine.objects.prefetch_related("accelerator").order_by("accelerator__name")
    )  # many lines of few models
    standing = Prefetch("inventories", Inventory.objects.standing(at).prefetch_related(lines), to_attr="standing")
    owners = {one.pk: one for one in organisations}
    found = (
        Facility.objects.open_at(at).filter(organisation__in=owners, registered_at__lte=at).prefetch_related(standing)
    )
    facilities = list(found.order_by("organisation__name", "name"))
    for facility in facilities:
        facility.organisation = owners[
            facility.organisation_id
        ]  # it is at hand: no join, and one object for all its sites
    return facilities


def lines_of(facility: Facility) -> Sequence[Line]:
    """Return the standing lines of a facility that `facilities_of` returned, as values for the rules; no inventory is no line."""
    found: list[Inventory] = getattr(facility, "standing")  # noqa: B009 - an attribute that the prefetch adds
    return [as_line(line) for inventory in found for line in inventory.lines.all()]


def as_line(line: InventoryLine) -> Line:
    """Return a row as the rules' value."""
    chip = line.accelerator
    return Line(
        accelerator=chip.key, quantity=line.quantity, memory_gb=chip.memory_gb, ops_8bit=chip.ops_8bit, tdp_w=chip.tdp_w
    )
