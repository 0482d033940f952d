from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from labs.rules.facilities import FacilityStatus

STATUS_LABELS = {FacilityStatus.ACTIVE: _("Active"), FacilityStatus.CLOSED: _("Closed")}


class FacilityQuerySet(models.QuerySet["Facility"]):
    """Facilities, filtered."""

    def open_at(self, at: datetime) -> Self:
        """Those in use at `at`."""
        return self.filter(opened_at__lte=at).filter(models.Q(closed_at=None) | models.Q(closed_at__gt=at))


class Facility(models.Model):
    """A site where a laboratory runs accelerators; the record names it by its key. The exact place is in the annex."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="facilities")
    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    jurisdiction = models.CharField(max_length=2)
    status = models.CharField(
        max_length=16,
        choices=[(status.value, label) for status, label in STATUS_LABELS.items()],
        default=FacilityStatus.ACTIVE,
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    registered_at = models.DateTimeField()

    objects = FacilityQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="facility_name"),
            models.CheckConstraint(condition=models.Q(jurisdiction__regex=r"^[A-Z]{2}$"), name="facility_jurisdiction"),
            models.CheckConstraint(
                condition=models.Q(status=FacilityStatus.ACTIVE, closed_at=None)
                | models.Q(status=FacilityStatus.CLOSED, closed_at__gte=models.F("opened_at")),
                name="facility_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Annex(models.Model):
    """A confidential value of which the record holds a salted commitment only: an exact place, serial numbers."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="annexes")
    kind = models.CharField(max_length=32)
    value = models.JSONField()
    salt = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64, unique=True)
    committed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.commitment[:8]}"
