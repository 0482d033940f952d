from django.db import models

from accounts.models import Organisation, User
from labs.models import Facility


class StreamReading(models.Model):
    """What a body read off a seal or a counter of one layer at a site. Append-only."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="stream_readings")
    layer = models.CharField(max_length=64)
    observed_at = models.DateTimeField()
    intact = models.BooleanField()
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["observed_at"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "layer", "observed_at"], name="stream_reading_once"),
        ]

    def __str__(self) -> str:
        return f"{self.layer} at {self.facility_id}, {self.observed_at:%Y-%m-%d %H:%M}"
