from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from treaty.models.pauses import Pause


class Determination(models.Model):
    """A monitoring body's determination of one resumption criterion, until it expires. Superseded, never edited."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="determinations")
    criterion = models.CharField(max_length=64)
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="determinations")
    met = models.BooleanField()
    basis = models.TextField()
    salt = models.CharField(max_length=64)
    determined_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tainted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["determined_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("determined_at")), name="determination_expires_later"),
            models.UniqueConstraint(fields=["pause", "criterion", "body", "determined_at"], name="determination_once"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {'met' if self.met else 'not met'} by {self.body_id}"
