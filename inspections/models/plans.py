from django.db import models


class Plan(models.Model):
    """One run of the planner that changed something: what it placed, what it could not, and by which provision. Append-only."""

    pause = models.ForeignKey("treaty.Pause", on_delete=models.PROTECT, related_name="plans")
    made_at = models.DateTimeField()
    seed = models.CharField(max_length=64)
    placed = models.PositiveIntegerField()
    unplaced = models.JSONField(default=list)  # [{"facility", "reasons": [[provision, words], …]}, …]

    class Meta:
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"plan {self.pk} of {self.pause_id}"
