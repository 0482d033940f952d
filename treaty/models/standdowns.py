from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from labs.models import Deployment, TrainingRun
from treaty.models.pauses import Pause
from treaty.rules.standdowns import Conclusion, SiteMode, StageKey

STAGE_LABELS = {
    StageKey.ACKNOWLEDGE: _("Acknowledge"),
    StageKey.HALT: _("Halt"),
    StageKey.ROLL_BACK: _("Roll back"),
    StageKey.DECLARE: _("Declare"),
    StageKey.VERIFY: _("Be verified"),
}
MODE_LABELS = {SiteMode.INFERENCE_ONLY: _("Inference only"), SiteMode.POWERED_OFF: _("Powered off")}
CONCLUSION_LABELS = {
    Conclusion.CONSISTENT: _("Consistent with the declaration"),
    Conclusion.DISCREPANCY: _("Discrepancy"),
    Conclusion.INCONCLUSIVE: _("Unable to conclude"),
}


class StandDown(models.Model):
    """What one bound lab does under one pause, and when it was done. Deadlines follow from the frozen text."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="stand_downs")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="stand_downs")
    starts_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    halted_at = models.DateTimeField(null=True, blank=True)
    rolled_back_at = models.DateTimeField(null=True, blank=True)
    declared_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    site_mode = models.CharField(
        max_length=16, blank=True, choices=[(mode.value, label) for mode, label in MODE_LABELS.items()]
    )

    class Meta:
        ordering = ["organisation__name"]
        constraints = [
            models.UniqueConstraint(fields=["pause", "organisation"], name="stand_down_once"),
            models.CheckConstraint(
                condition=Q(declared_at=None) | ~Q(site_mode=""), name="stand_down_declared_with_its_mode"
            ),
            models.CheckConstraint(
                condition=Q(verified_at=None) | Q(declared_at__isnull=False, verified_at__gte=F("declared_at")),
                name="stand_down_declared_before_verified",
            ),
        ]

    def __str__(self) -> str:
        return f"stand-down {self.pause_id} {self.organisation_id}"


class RunHalt(models.Model):
    """A training run in scope, halted, with the commitment to its last checkpoint (empty: it had never started)."""

    stand_down = models.ForeignKey(StandDown, on_delete=models.PROTECT, related_name="run_halts")
    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="+")
    halted_at = models.DateTimeField()
    checkpoint_commitment = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["halted_at"]
        constraints = [
            models.UniqueConstraint(fields=["stand_down", "run"], name="run_halted_once"),
            models.CheckConstraint(
                condition=Q(checkpoint_commitment__regex="^([0-9a-f]{64})?$"), name="run_halt_commitment"
            ),
        ]

    def __str__(self) -> str:
        return f"halt of run {self.run_id}"


class RollBack(models.Model):
    """A deployment rolled back by its registered procedure."""

    stand_down = models.ForeignKey(StandDown, on_delete=models.PROTECT, related_name="roll_backs")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")
    rolled_back_at = models.DateTimeField()

    class Meta:
        ordering = ["rolled_back_at"]
        constraints = [models.UniqueConstraint(fields=["stand_down", "deployment"], name="rolled_back_once")]

    def __str__(self) -> str:
        return f"roll-back of deployment {self.deployment_id}"


class Verification(models.Model):
    """A monitoring body's conclusion about a stand-down. Append-only."""

    stand_down = models.ForeignKey(StandDown, on_delete=models.PROTECT, related_name="verifications")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    visit_key = models.CharField(max_length=64, blank=True)
    conclusion = models.CharField(
        max_length=16, choices=[(value.value, label) for value, label in CONCLUSION_LABELS.items()]
    )
    basis = models.TextField(blank=True)
    salt = models.CharField(max_length=64)
    concluded_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["concluded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["stand_down", "visit_key"], condition=~Q(visit_key=""), name="verification_once_a_visit"
            )
        ]

    def __str__(self) -> str:
        return f"{self.conclusion} on stand-down {self.stand_down_id}"


class DeadlineExtension(models.Model):
    """A deadline that a vote moved. Append-only."""

    stand_down = models.ForeignKey(StandDown, on_delete=models.PROTECT, related_name="extensions")
    stage = models.CharField(max_length=16, choices=[(stage.value, label) for stage, label in STAGE_LABELS.items()])
    until_at = models.DateTimeField()
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.stage} until {self.until_at}"
