from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from accounts.models import Organisation, User


def between(from_field: str, until_field: str) -> Func:
    """Return the half-open range between two columns, as PostgreSQL's tstzrange."""
    return Func(F(from_field), F(until_field), RangeBoundary(), function="TSTZRANGE", output_field=DateTimeRangeField())


class MandateQuerySet(models.QuerySet["Mandate"]):
    """Mandates, filtered."""

    def in_force(self, at: datetime) -> Self:
        """Those that hold at `at`."""
        return self.filter(from_at__lte=at).filter(Q(until_at=None) | Q(until_at__gt=at))


class Mandate(models.Model):
    """Which verification layers of the text a body may look at. A body without one looks at them all."""

    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mandates")
    layers = ArrayField(models.CharField(max_length=64))
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    objects = MandateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until_at=None) | Q(until_at__gt=F("from_at")), name="mandate_period"),
            ExclusionConstraint(
                name="mandate_one_at_a_time",
                expressions=[
                    ("body", RangeOperators.EQUAL),
                    (between("from_at", "until_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"mandate of {self.body_id}"


class DesignationQuerySet(models.QuerySet["Designation"]):
    """Designations, filtered."""

    def valid(self, at: datetime) -> Self:
        """Those that hold at `at`."""
        return self.filter(designated_at__lte=at, valid_until__gt=at)


class Designation(models.Model):
    """A person that a body sends, for a time; one body at a time, so that a pair from two bodies is two people."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="designations")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="designations")
    designated_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    objects = DesignationQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("designated_at")), name="designation_period"),
            ExclusionConstraint(
                name="designation_unique",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    (between("designated_at", "valid_until"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"designation of {self.user_id} by {self.body_id}"


class Availability(models.Model):
    """When a designated inspector can be sent. An inspector who states none is available throughout the designation."""

    designation = models.ForeignKey(Designation, on_delete=models.PROTECT, related_name="availabilities")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "availabilities"
        constraints = [
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="availability_period"),
        ]

    def __str__(self) -> str:
        return f"availability of {self.designation_id}"


class Training(models.Model):
    """A course that an inspector has completed, as their body entered it. Append-only."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="training")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    course = models.SlugField(max_length=64)
    completed_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["completed_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "course", "completed_at"], name="training_once"),
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("completed_at"), recorded_at__gte=F("completed_at")),
                name="training_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} of {self.user_id}"


class RefusalQuerySet(models.QuerySet["Refusal"]):
    """Refusals, filtered."""

    def standing(self, at: datetime) -> Self:
        """Those received by `at` and not taken back."""
        return self.filter(received_at__lte=at).filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at))


class Refusal(models.Model):
    """A laboratory does not want a designated inspector; it holds for visits notified from `effective_at` on (Art. 14)."""

    designation = models.ForeignKey(Designation, on_delete=models.PROTECT, related_name="refusals")
    lab = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = RefusalQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(effective_at__gte=F("received_at")), name="refusal_effective"),
            models.UniqueConstraint(
                fields=["designation", "lab"], condition=Q(withdrawn_at=None), name="refusal_once_standing"
            ),
        ]

    def __str__(self) -> str:
        return f"refusal of {self.designation_id} by {self.lab_id}"
