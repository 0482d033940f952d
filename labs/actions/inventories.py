from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.errors import DomainError, require
from core.times import stamp
from labs.actions.facilities import NOT_YOURS
from labs.models import AcceleratorModel, Facility, Inventory, InventoryLine
from labs.permissions import can_file_for, can_list
from labs.rules.accelerators import Accelerator
from labs.rules.facilities import FacilityStatus
from labs.rules.readings import written
from ledger.actions import record

MOST_OF_ONE = 10_000_000


class InventoryRefused(DomainError):
    """The inventory cannot be declared so."""

    code = "inventory_refused"


@transaction.atomic
def list_accelerator(*, accelerator: Accelerator, by: User | None, at: datetime) -> AcceleratorModel:
    """Add a kind of chip to the catalogue that inventories are written in; a listed one stays as it is."""
    require(can_list(by, at=at), "Only the secretariat keeps the catalogue.")
    known = AcceleratorModel.objects.filter(key=accelerator.key).first()
    if known:
        return known
    row = AcceleratorModel.objects.create(
        key=accelerator.key,
        name=accelerator.name,
        memory_gb=accelerator.memory_gb,
        ops_8bit=accelerator.ops_8bit,
        tdp_w=accelerator.tdp_w,
        source=accelerator.source,
    )
    record(
        kind="accelerator.listed",
        payload={
            "accelerator": accelerator.key,
            "name": accelerator.name,
            "memory_gb": written(accelerator.memory_gb),
            "ops_8bit": written(accelerator.ops_8bit),
            "tdp_w": accelerator.tdp_w,
            "source": accelerator.source,
        },
        by=by,
        at=at,
    )
    return row


@transaction.atomic
def declare_inventory(
    *, facility: Facility, quantities: Mapping[str, int], as_of: datetime, by: User, at: datetime
) -> Inventory:
    """Declare what the site held at `as_of`: accelerator keys to numbers; empty is a nil return. A change is a new version."""
    facility.refresh_from_db(from_queryset=Facility.objects.select_for_update(no_key=True))
    require(can_file_for(by, facility.organisation, at=at), NOT_YOURS)
    last = facility.inventories.order_by("-version").first()
    chips = _check_inventory(facility, last, quantities, as_of, at)
    if last and last.as_of == as_of and _quantities(last) == dict(quantities):
        return last
    inventory = Inventory.objects.create(
        facility=facility, version=last.version + 1 if last else 1, as_of=as_of, declared_at=at, supersedes=last
    )
    InventoryLine.objects.bulk_create(
        InventoryLine(inventory=inventory, accelerator=chips[key], quantity=number)
        for key, number in sorted(quantities.items())
    )
    record(
        kind="inventory.declared",
        payload={
            "lab": facility.organisation.key,
            "facility": facility.key,
            "version": inventory.version,
            "as_of": stamp(as_of),
            "lines": [{"accelerator": key, "quantity": number} for key, number in sorted(quantities.items())],
        },
        by=by,
        at=at,
    )
    return inventory


def _check_inventory(
    facility: Facility, last: Inventory | None, quantities: Mapping[str, int], as_of: datetime, at: datetime
) -> dict[str, AcceleratorModel]:
    if facility.status == FacilityStatus.CLOSED:
        raise InventoryRefused("The site is closed.")
    if as_of > at:
        raise InventoryRefused(fields={"as_of": "An inventory says what was there, not what will be."})
    if last and as_of < last.as_of:
        raise InventoryRefused(
            fields={
                "as_of": f"Version {last.version} is already of {stamp(last.as_of)}: a later version is not of an earlier day."
            }
        )
    chips = {chip.key: chip for chip in AcceleratorModel.objects.filter(key__in=quantities)}
    unknown = sorted(set(quantities) - set(chips))
    if unknown:
        raise InventoryRefused(f"The catalogue has no accelerator {unknown[0][:48]!r}.")
    if any(not 0 < number <= MOST_OF_ONE for number in quantities.values()):
        raise InventoryRefused(f"A number of accelerators lies between 1 and {MOST_OF_ONE}.")
    return chips


def _quantities(inventory: Inventory) -> dict[str, int]:
    return dict(inventory.lines.values_list("accelerator__key", "quantity"))
