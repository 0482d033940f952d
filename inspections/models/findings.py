from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inspections.models.reports import MARK_LABELS, Report
from inspections.rules.findings import AS_FILED, OPEN, FindingEvent, Severity
from inspections.rules.reports import Mark, ReportState

SEVERITY_LABELS = {
    Severity.CONSISTENT: _("Consistent"),
    Severity.ANOMALY: _("Anomaly"),
    Severity.DISCREPANCY: _("Discrepancy"),
    Severity.CLARIFIED: _("Clarified"),
    Severity.NON_COMPLIANCE_SUSPECTED: _("Non-compliance suspected"),
}


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings, filtered."""

    def public(self) -> Self:
        """Those of submitted reports. The text of one that is not public stays closed."""
        return self.filter(report__state=ReportState.SUBMITTED)

    def open(self) -> Self:
        """Those that are not settled, in reports that no later version amends."""
        return self.filter(report__in=Report.objects.standing()).filter(
            state__in=[state.value for state in sorted(OPEN)]
        )


class Finding(models.Model):
    """What inspectors saw in one layer. `severity` is as filed; `state` where it stands now."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="findings")
    number = models.PositiveSmallIntegerField()
    layer = models.CharField(max_length=64)
    article = models.CharField(max_length=16, blank=True)
    severity = models.CharField(
        max_length=24, choices=[(value.value, SEVERITY_LABELS[value]) for value in Severity if value in AS_FILED]
    )
    state = models.CharField(max_length=24, choices=[(value.value, label) for value, label in SEVERITY_LABELS.items()])
    text = models.TextField(blank=True)
    mark = models.CharField(
        max_length=8, default=Mark.PUBLIC.value, choices=[(mark.value, label) for mark, label in MARK_LABELS.items()]
    )

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["report", "number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="finding_number"),
            models.CheckConstraint(
                condition=Q(severity__in=[value.value for value in sorted(AS_FILED)]), name="finding_severity"
            ),
            models.CheckConstraint(condition=Q(state__in=[value.value for value in Severity]), name="finding_state"),
            models.CheckConstraint(condition=Q(mark__in=[value.value for value in Mark]), name="finding_mark"),
        ]

    def __str__(self) -> str:
        return f"finding {self.report_id}/{self.number}"


class FindingStep(models.Model):
    """What became of a finding, and on what ground. Append-only."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="steps")
    event = models.CharField(
        max_length=8,
        choices=[(FindingEvent.CLARIFY.value, _("Clarified")), (FindingEvent.GRAVER.value, _("Made graver"))],
    )
    basis = models.TextField()
    salt = models.CharField(max_length=64)
    happened_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["happened_at", "pk"]

    def __str__(self) -> str:
        return f"{self.event} of {self.finding_id}"
