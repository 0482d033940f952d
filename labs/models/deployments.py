from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from labs.rules.deployments import DeploymentStatus

STATUS_LABELS = {
    DeploymentStatus.LIVE: _("Live"),
    DeploymentStatus.ROLLED_BACK: _("Rolled back"),
    DeploymentStatus.RETIRED: _("Retired"),
}


class Deployment(models.Model):
    """A model that a laboratory offers for use."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="deployments")
    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    model_name = models.CharField(max_length=120)
    flop = models.DecimalField(max_digits=40, decimal_places=0, help_text=_("Training compute of the model."))
    released_at = models.DateTimeField()
    registered_at = models.DateTimeField()
    rolled_back_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(
        max_length=16,
        choices=[(status.value, label) for status, label in STATUS_LABELS.items()],
        default=DeploymentStatus.LIVE,
    )

    class Meta:
        ordering = ["-released_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(flop__gt=0), name="deployment_flop"),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in DeploymentStatus]), name="deployment_status"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=DeploymentStatus.ROLLED_BACK) | models.Q(rolled_back_at__isnull=False),
                name="deployment_rolled_back",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RollbackProcedure(models.Model):
    """How a deployment is rolled back: the steps in order, and whose approval each gate needs. Append-only versions."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="procedures")
    version = models.PositiveIntegerField()
    steps = ArrayField(models.CharField(max_length=500))
    gates = ArrayField(models.CharField(max_length=500))
    registered_at = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "version"], name="procedure_version"),
            models.CheckConstraint(condition=models.Q(steps__len__gt=0, gates__len__gt=0), name="procedure_complete"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_id} v{self.version}"
