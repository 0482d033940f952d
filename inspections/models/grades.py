from django.db import models


class GradeTable(models.Model):
    """The grades of all as they were published. Append-only."""

    as_of = models.DateTimeField(unique=True)
    table = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["-as_of"]

    def __str__(self) -> str:
        return f"grades of {self.as_of:%Y-%m-%d}"
