from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inspections.rules.schedules import RunOutcome

OUTCOME_LABELS = {
    RunOutcome.RUNNING: _("Planning"),
    RunOutcome.SEALED: _("A schedule was sealed"),
    RunOutcome.UNCHANGED: _("Nothing to change"),
    RunOutcome.OVERTAKEN: _("Overtaken: something moved meanwhile"),
    RunOutcome.FAILED: _("Failed"),
    RunOutcome.SILENT: _("Began, and was not heard of again"),
}


class Schedule(models.Model):
    """A plan of the coming months, sealed and opened visit by visit. It replaces what is still sealed of the one before. Append-only."""

    key = models.SlugField(max_length=16, unique=True)
    text = models.ForeignKey("treaty.TreatyText", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    until_at = models.DateTimeField()
    cost = models.PositiveBigIntegerField()
    bound = models.PositiveBigIntegerField(help_text=_("No schedule costs less."))
    missed = models.JSONField(default=list)  # [{"facility", "kind", "provisions": [path, …]}, …]
    burdens = models.JSONField(default=list)  # [{"lab", "visits", "sites"}, …]

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(bound__lte=F("cost")), name="schedule_bound")]

    def __str__(self) -> str:
        return f"schedule {self.key}"


class ScheduleRun(models.Model):
    """One time that the scheduler looked, and what came of it."""

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=16,
        choices=[(outcome.value, label) for outcome, label in OUTCOME_LABELS.items()],
        default=RunOutcome.RUNNING.value,
    )
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")

    class Meta:
        ordering = ["-began_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome.value for outcome in RunOutcome]), name="schedule_run_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome=RunOutcome.RUNNING.value, ended_at=None)
                | (~Q(outcome=RunOutcome.RUNNING.value) & Q(ended_at__gte=F("began_at"))),
                name="schedule_run_ended",
            ),
            models.UniqueConstraint(
                fields=["outcome"], condition=Q(outcome=RunOutcome.RUNNING.value), name="schedule_one_run_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"run of {self.began_at:%Y-%m-%d %H:%M}"
