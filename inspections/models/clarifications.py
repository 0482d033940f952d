from typing import Self

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation, User
from inspections.models.findings import Finding
from inspections.models.reports import Report
from inspections.rules.clarifications import ClarificationValue


class Clarification(models.Model):
    """What a party is asked about a finding, and what it answers. Each step is added once; nothing is changed."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="clarifications")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    question = models.TextField()
    salt = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    acknowledge_by = models.DateTimeField()
    answer_by = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    answer_salt = models.CharField(max_length=64, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["finding"], condition=Q(answered_at=None), name="clarification_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(answer_by__gte=F("acknowledge_by")), name="clarification_times"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="") | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="clarification_answered_in_words",
            ),
        ]

    def __str__(self) -> str:
        return f"clarification of {self.finding_id}"

    def value(self) -> ClarificationValue:
        """Return it as the rules see it."""
        return ClarificationValue(self.acknowledge_by, self.answer_by, self.acknowledged_at, self.answered_at)


class DissentQuerySet(models.QuerySet["Dissent"]):
    """Dissenting views, filtered."""

    def from_conclusions(self) -> Self:
        """Those of bodies from the conclusion of a report: while one stands, none is drawn from it."""
        return self.filter(finding=None, for_body=True)


class Dissent(models.Model):
    """Another view of a finding, or without one of the report's conclusion; it stands beside what it dissents from. Append-only."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="dissents")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, blank=True, related_name="dissents")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    for_body = models.BooleanField()
    words = models.TextField()
    salt = models.CharField(max_length=64)
    filed_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = DissentQuerySet.as_manager()

    class Meta:
        ordering = ["filed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "finding", "by"], nulls_distinct=False, name="dissent_once_a_person"
            ),
            models.CheckConstraint(condition=~Q(words=""), name="dissent_in_words"),
        ]

    def __str__(self) -> str:
        return f"dissent from {self.report_id}"
