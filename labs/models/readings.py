from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from labs.rules.readings import Source

SOURCE_LABELS = {
    Source.DECLARED: _("Declared by the laboratory"),
    Source.OBSERVED: _("Observed by a third party"),
    Source.VERIFIED: _("Verified by a monitoring body"),
}


class ReadingQuerySet(models.QuerySet["Reading"]):
    """Readings, filtered."""

    def received(self, by: datetime) -> Self:
        """Those that had arrived by `by` and were not in quarantine then."""
        return self.filter(
            ~models.Exists(Quarantine.objects.in_force(by).filter(reading=models.OuterRef("pk"))), received_at__lte=by
        )

    def standing(self, at: datetime) -> Self:
        """The newest version of each series that had arrived by `at`; one in quarantine is no reading."""
        same = Q(organisation=models.OuterRef("organisation")) | Q(
            organisation=None
        )  # an indicator is about labs or about the world
        newer = (
            Reading.objects.received(at)
            .filter(
                same,
                indicator=models.OuterRef("indicator"),
                series=models.OuterRef("series"),
                version__gt=models.OuterRef("version"),
            )
            .filter(version__gt=1)
        )  # follows from the line above, and finds the index of restated readings
        return self.received(at).filter(~models.Exists(newer))


class Reading(models.Model):
    """One version of one datum, append-only. `series` is the datum's stable key, such as "epoch:Model name"."""

    indicator = models.CharField(max_length=64)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="readings",
        help_text=_("Empty: about the world."),
    )
    value = models.DecimalField()
    low = models.DecimalField(null=True, blank=True)
    high = models.DecimalField(null=True, blank=True)
    unit = models.CharField(max_length=40)
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=[(source.value, label) for source, label in SOURCE_LABELS.items()])
    provider = models.CharField(max_length=120)
    series = models.CharField(max_length=200)
    version = models.PositiveIntegerField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    evidence_url = models.URLField(max_length=500, blank=True)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "organisation", "series", "version"], nulls_distinct=False, name="reading_version"
            ),
            models.CheckConstraint(condition=Q(observed_at__lte=models.F("received_at")), name="reading_not_ahead"),
            models.CheckConstraint(condition=Q(low=None) | Q(low__lte=models.F("value")), name="reading_low"),
            models.CheckConstraint(condition=Q(high=None) | Q(high__gte=models.F("value")), name="reading_high"),
            models.CheckConstraint(condition=Q(source__in=[source.value for source in Source]), name="reading_source"),
            models.CheckConstraint(
                condition=Q(version=1, supersedes=None) | Q(version__gt=1, supersedes__isnull=False),
                name="reading_chain",
            ),
        ]
        indexes = [
            models.Index(fields=["indicator", "organisation", "observed_at"], name="reading_observed"),
            models.Index(
                fields=["indicator", "series", "version"], condition=Q(version__gt=1), name="reading_restated"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.series} v{self.version}"


class QuarantineQuerySet(models.QuerySet["Quarantine"]):
    """Quarantines, filtered."""

    def in_force(self, at: datetime) -> Self:
        """Those that hold at `at`."""
        return self.filter(opened_at__lte=at).filter(Q(lifted_at=None) | Q(lifted_at__gt=at))


class Quarantine(models.Model):
    """Why a reading counts as none until two people have looked at it."""

    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="quarantines")
    reasons = ArrayField(models.CharField(max_length=500))
    opened_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    first_reviewer = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    second_reviewer = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reading"], condition=Q(lifted_at=None), name="quarantine_once"),
            models.CheckConstraint(condition=Q(reasons__len__gt=0), name="quarantine_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None) | Q(second_reviewer__isnull=False), name="quarantine_lifted_by_two"
            ),
            models.CheckConstraint(
                condition=Q(second_reviewer=None) | ~Q(first_reviewer=models.F("second_reviewer")),
                name="quarantine_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reading_id} since {self.opened_at:%Y-%m-%d}"


class ImportRun(models.Model):
    """One reading of one file into the database. The same file (by its hash) is taken in once."""

    source = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    finished_at = models.DateTimeField()
    accepted = models.PositiveIntegerField()
    restated = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()

    class Meta:
        ordering = ["-finished_at"]
        indexes = [models.Index(fields=["source", "sha256"], name="import_file")]

    def __str__(self) -> str:
        return f"{self.source} {self.file_name}"
