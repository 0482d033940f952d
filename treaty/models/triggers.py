from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.truth import Truth
from treaty.models.texts import TreatyText

TRUTH_LABELS = {Truth.TRUE: _("True"), Truth.FALSE: _("False"), Truth.UNKNOWN: _("Unknown")}


class TriggerEvaluation(models.Model):
    """What a trigger was found to be, written whenever the finding changes. Append-only."""

    trigger = models.CharField(max_length=64)
    text = models.ForeignKey(TreatyText, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    truth = models.CharField(max_length=8, choices=[(truth.value, label) for truth, label in TRUTH_LABELS.items()])
    words = models.TextField()
    explanation = models.JSONField(help_text=_("The whole tree (rules.evaluation.Evaluation.to_json)."))
    digest = models.CharField(
        max_length=64, help_text=_("SHA-256 of the canonical explanation, as the record holds it.")
    )
    newest_reading = models.BigIntegerField(help_text=_("The newest reading that was known."))

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["trigger", "-at", "-id"], name="evaluation_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(truth__in=[truth.value for truth in Truth]), name="evaluation_truth")
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.truth} at {self.at:%Y-%m-%d %H:%M}"


class TriggerFiringQuerySet(models.QuerySet["TriggerFiring"]):
    """Firings, filtered."""

    def latched(self, at: datetime) -> Self:
        """Those that had fired by `at` and were not reset then."""
        return self.filter(fired_at__lte=at).filter(Q(reset_at=None) | Q(reset_at__gt=at))


class TriggerFiring(models.Model):
    """A trigger that came true and opened its vote. It is latched, and opens no other, until it is reset."""

    trigger = models.CharField(max_length=64)
    evaluation = models.OneToOneField(TriggerEvaluation, on_delete=models.PROTECT, related_name="firing")
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="trigger_firing")
    fired_at = models.DateTimeField()
    reset_at = models.DateTimeField(null=True, blank=True)

    objects = TriggerFiringQuerySet.as_manager()

    class Meta:
        ordering = ["-fired_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["trigger"], condition=Q(reset_at=None), name="firing_latched_once"),
            models.CheckConstraint(
                condition=Q(reset_at=None) | Q(reset_at__gte=F("fired_at")), name="firing_reset_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} at {self.fired_at:%Y-%m-%d %H:%M}"
