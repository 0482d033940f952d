from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models.standdowns import CONCLUSION_LABELS
from treaty.models.texts import TreatyText
from treaty.rules.drills import DrillStage, DrillState

DRILL_STATE_LABELS = {
    DrillState.ORDERED: _("Ordered"),
    DrillState.ANNOUNCED: _("Announced"),
    DrillState.RUNNING: _("Running"),
    DrillState.COMPLETED: _("Completed"),
    DrillState.TIMED_OUT: _("Out of time"),
    DrillState.CALLED_OFF: _("Called off by a real pause"),
}
DRILL_STAGE_LABELS = {
    DrillStage.ACKNOWLEDGE: _("Acknowledge"),
    DrillStage.HALT: _("Halt"),
    DrillStage.ROLL_BACK: _("Roll back"),
    DrillStage.DECLARE: _("Declare"),
    DrillStage.STAND_UP: _("Stand up again"),
}


class DrillQuerySet(models.QuerySet["Drill"]):
    """Drills, filtered."""

    def with_rows(self) -> Self:
        """With all that decides their state and what bodies concluded, in five queries."""
        rows = ("labs__organisation", "labs__steps", "labs__verdicts__body")
        return self.select_related("vote", "text").prefetch_related(*rows)

    def not_over(self) -> Self:
        """Those whose end is not written down."""
        return self.filter(ended_at=None)


class Drill(models.Model):
    """A drill that a vote ordered. What it *is* at an instant, `treaty.queries.drills.state` computes from these rows."""

    key = models.SlugField(max_length=16, unique=True)
    level = models.CharField(max_length=64)
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="drill")
    text = models.ForeignKey(TreatyText, on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField(help_text=_("The instant of the vote's effect."))
    starts_at = models.DateTimeField()
    ends_by = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DrillQuerySet.as_manager()

    class Meta:
        ordering = ["-announced_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__gte=F("announced_at")), name="drill_announced_before_it_starts"
            ),
            models.CheckConstraint(condition=Q(ends_by__gt=F("starts_at")), name="drill_starts_before_it_ends"),
        ]

    def __str__(self) -> str:
        return f"drill {self.key}"


class DrillLab(models.Model):
    """A laboratory of a drill's roll. Append-only."""

    drill = models.ForeignKey(Drill, on_delete=models.PROTECT, related_name="labs")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="drills")

    class Meta:
        ordering = ["organisation__name"]
        constraints = [models.UniqueConstraint(fields=["drill", "organisation"], name="drill_lab_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} in drill {self.drill_id}"


class DrillStep(models.Model):
    """A stage that a laboratory went through. Append-only."""

    lab = models.ForeignKey(DrillLab, on_delete=models.PROTECT, related_name="steps")
    stage = models.CharField(
        max_length=16, choices=[(stage.value, label) for stage, label in DRILL_STAGE_LABELS.items()]
    )
    done_at = models.DateTimeField()

    class Meta:
        ordering = ["done_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["lab", "stage"], name="drill_stage_once")]

    def __str__(self) -> str:
        return f"{self.stage} of {self.lab_id}"


class DrillVerdict(models.Model):
    """What a monitoring body concluded about a laboratory's exercise. Append-only."""

    lab = models.ForeignKey(DrillLab, on_delete=models.PROTECT, related_name="verdicts")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="drill_verdicts")
    conclusion = models.CharField(
        max_length=16, choices=[(value.value, label) for value, label in CONCLUSION_LABELS.items()]
    )
    concluded_at = models.DateTimeField()

    class Meta:
        ordering = ["concluded_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["lab", "body"], name="drill_verdict_once")]

    def __str__(self) -> str:
        return f"{self.conclusion} of {self.lab_id} by {self.body_id}"
