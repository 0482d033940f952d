from typing import Self

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from labs.models import TrainingRun
from treaty.models.pauses import Pause


class ExemptionQuerySet(models.QuerySet["Exemption"]):
    """Exemptions, filtered."""

    def under(self, pause: Pause) -> Self:
        """Those granted under this pause, with what names them."""
        return self.filter(pause=pause).select_related("organisation", "run", "vote")


class Exemption(models.Model):
    """A run that a decision lets go on under a pause, for a purpose of the text and for a time. Append-only."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="exemptions")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="exemptions")
    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="exemptions")
    purpose = models.CharField(max_length=64)
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="exemption")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()

    objects = ExemptionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="exemption_ends_after_it_begins")
        ]

    def __str__(self) -> str:
        return f"exemption of run {self.run_id} under pause {self.pause_id}"
