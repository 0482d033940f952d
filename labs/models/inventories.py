from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from labs.models.facilities import Facility


class AcceleratorModel(models.Model):
    """A kind of chip, with the figures that inventories are computed from."""

    key = models.SlugField(max_length=48, unique=True)
    name = models.CharField(max_length=80, unique=True)
    memory_gb = models.DecimalField(max_digits=10, decimal_places=2)
    ops_8bit = models.DecimalField(
        max_digits=24, decimal_places=0, help_text=_("Dense 8-bit operations per second, without sparsity.")
    )
    tdp_w = models.PositiveIntegerField(help_text=_("Thermal design power in watts."))
    source = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ops_8bit__gt=0, memory_gb__gt=0), name="accelerator_positive")
        ]

    def __str__(self) -> str:
        return self.name


class InventoryQuerySet(models.QuerySet["Inventory"]):
    """Inventories, filtered."""

    def standing(self, at: datetime) -> Self:
        """The newest version of each facility that had been declared by `at`."""
        newer = Inventory.objects.filter(
            facility=models.OuterRef("facility"), version__gt=models.OuterRef("version"), declared_at__lte=at
        )
        return self.filter(~models.Exists(newer), declared_at__lte=at)


class Inventory(models.Model):
    """What a facility held at an instant, as declared. A change is a new version; the rows are append-only."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="inventories")
    version = models.PositiveIntegerField()
    as_of = models.DateTimeField()
    declared_at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    objects = InventoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "inventories"
        constraints = [
            models.UniqueConstraint(fields=["facility", "version"], name="inventory_version"),
            models.CheckConstraint(condition=models.Q(as_of__lte=models.F("declared_at")), name="inventory_not_ahead"),
            models.CheckConstraint(
                condition=models.Q(version=1, supersedes=None) | models.Q(version__gt=1, supersedes__isnull=False),
                name="inventory_chain",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} v{self.version}"


class InventoryLine(models.Model):
    """So many accelerators of one model in an inventory."""

    inventory = models.ForeignKey(Inventory, on_delete=models.PROTECT, related_name="lines")
    accelerator = models.ForeignKey(AcceleratorModel, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inventory", "accelerator"], name="inventory_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="inventory_line_some"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.accelerator_id}"
