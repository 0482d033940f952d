from django.db import models

from inspections.models.reports import Report


class Delivery(models.Model):
    """What a device sent for a draft, under the key that the device made for it: the same key again is answered the same.

    Of a device's saved drafts the newest alone is kept, as it resends no other; a photograph's `device` is empty.
    """

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="deliveries")
    device = models.CharField(max_length=36, blank=True)
    key = models.CharField(max_length=36)
    answer = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["report", "key"], name="delivery_once")]

    def __str__(self) -> str:
        return f"delivery {self.key} for {self.report_id}"
