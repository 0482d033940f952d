from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from labs.models.facilities import Facility
from labs.rules.runs import UNFINISHED, RunStatus

STATUS_LABELS = {
    RunStatus.PLANNED: _("Planned"),
    RunStatus.RUNNING: _("Running"),
    RunStatus.HALTED: _("Halted"),
    RunStatus.FINISHED: _("Finished"),
}


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    """Training runs, filtered."""

    def unfinished(self) -> Self:
        """Those that can still use compute."""
        return self.filter(status__in=UNFINISHED)


class TrainingRun(models.Model):
    """A training run that a laboratory has declared."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="runs")
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="runs")
    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    planned_flop = models.DecimalField(max_digits=40, decimal_places=0)
    status = models.CharField(
        max_length=16,
        choices=[(status.value, label) for status, label in STATUS_LABELS.items()],
        default=RunStatus.PLANNED,
    )
    registered_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    halted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    checkpoint_commitment = models.CharField(
        max_length=64, blank=True, help_text=_("Salted hash of the checkpoint at the last halt.")
    )

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-registered_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(planned_flop__gt=0), name="run_flop"),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in RunStatus]), name="run_status"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=RunStatus.HALTED) | models.Q(halted_at__isnull=False), name="run_halted"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=[RunStatus.RUNNING, RunStatus.FINISHED])
                | models.Q(started_at__isnull=False),
                name="run_started",
            ),
            models.CheckConstraint(
                condition=models.Q(checkpoint_commitment__regex=r"^([0-9a-f]{64})?$"), name="run_commitment"
            ),
        ]

    def __str__(self) -> str:
        return self.name
