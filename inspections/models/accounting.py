from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from inspections.models.findings import SEVERITY_LABELS
from inspections.rules.accounting import AlarmTest
from inspections.rules.findings import FindingEvent, Severity
from labs.models import Facility

TEST_LABELS = {
    AlarmTest.SITMUF: _("More than the instruments explain, in this period"),
    AlarmTest.PAGE: _("A little too much, period after period"),
}


class FiledQuerySet[Row: models.Model](models.QuerySet[Row]):
    """What was filed for balance periods, filtered."""

    def newest(self, at: datetime) -> Self:
        """The newest version by `at` of each."""
        return self.filter(filed_at__lte=at).order_by(*self.model.SERIES, "-version").distinct(*self.model.SERIES)  # type: ignore[attr-defined] # both models have it


class Filed(models.Model):
    """Something filed for a balance period of a site, in H100-hours. A correction is a further version. Append-only."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    version = models.PositiveSmallIntegerField()
    filed_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        ordering = ["facility", "from_at", "version"]


class WorkDeclaration(Filed):
    """What a laboratory declares for a period: work done by use, and work in progress at its end (and beginning, where none ended)."""

    SERIES = ("facility_id", "from_at")

    work = models.JSONField(help_text=_("Hours by use: a run's key, inference or other."))
    begun_with = models.BigIntegerField(null=True, blank=True)
    in_progress = models.BigIntegerField()

    objects = FiledQuerySet["WorkDeclaration"].as_manager()

    class Meta(Filed.Meta):
        constraints = [
            models.UniqueConstraint(fields=["facility", "from_at", "version"], name="work_version"),
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="work_period"),
            models.CheckConstraint(
                condition=Q(in_progress__gte=0) & (Q(begun_with=None) | Q(begun_with__gte=0)), name="work_hours"
            ),
        ]

    def __str__(self) -> str:
        return f"work at {self.facility_id}, {self.from_at:%Y-%m-%d}, version {self.version}"


class ComputeObservation(Filed):
    """What a body saw of the compute that a site used in a period, by one measurement of the text."""

    SERIES = ("facility_id", "measurement", "from_at")

    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    measurement = models.CharField(max_length=64)
    hours = models.BigIntegerField()

    objects = FiledQuerySet["ComputeObservation"].as_manager()

    class Meta(Filed.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "measurement", "from_at", "version"], name="observation_version"
            ),
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="observation_period"),
            models.CheckConstraint(condition=Q(hours__gte=0), name="observation_hours"),
        ]

    def __str__(self) -> str:
        return f"{self.measurement} at {self.facility_id}, {self.from_at:%Y-%m-%d}, version {self.version}"


class BalanceAlarm(models.Model):
    """A period whose balance passed a limit, as it was noted: an anomaly to be clarified. Only `state` moves."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="balance_alarms")
    measurement = models.CharField(max_length=64)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    tests = ArrayField(
        models.CharField(max_length=8, choices=[(test.value, label) for test, label in TEST_LABELS.items()])
    )
    sitmuf = models.CharField(max_length=32)
    page = models.CharField(max_length=32)
    state = models.CharField(
        max_length=24,
        choices=[(value.value, label) for value, label in SEVERITY_LABELS.items()],
        default=Severity.ANOMALY.value,
    )
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["-from_at", "facility", "measurement"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "measurement", "from_at"], name="alarm_once_a_period"),
            models.CheckConstraint(condition=Q(state__in=[value.value for value in Severity]), name="alarm_state"),
        ]

    def __str__(self) -> str:
        return f"alarm at {self.facility_id} by {self.measurement}, {self.from_at:%Y-%m-%d}"


class AlarmStep(models.Model):
    """What a body made of an alarm, and on what ground. Append-only."""

    alarm = models.ForeignKey(BalanceAlarm, on_delete=models.PROTECT, related_name="steps")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    event = models.CharField(max_length=8, choices=[(event.value, event.value) for event in FindingEvent])
    basis = models.TextField()
    salt = models.CharField(max_length=64)
    happened_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["happened_at", "pk"]

    def __str__(self) -> str:
        return f"{self.event} of {self.alarm_id}"
