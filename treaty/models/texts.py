from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class TreatyTextQuerySet(models.QuerySet["TreatyText"]):
    """Texts, filtered."""

    def in_force(self, at: datetime) -> Self:
        """Those that had entered into force by `at`, the newest first."""
        return self.filter(in_force_at__lte=at).order_by("-in_force_at", "-version")

    def published(self, at: datetime) -> Self:
        """Those published by `at`, the newest first."""
        return self.filter(published_at__lte=at).order_by("-version")


class TreatyText(models.Model):
    """A version of the treaty: its exact bytes, which are what is hashed and signed."""

    version = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=200)
    source = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    published_at = models.DateTimeField()
    in_force_at = models.DateTimeField(
        null=True, blank=True, help_text=_("May lie ahead: the conditions are met and the delay runs.")
    )
    entry_recorded_at = models.DateTimeField(null=True, blank=True)

    objects = TreatyTextQuerySet.as_manager()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(condition=models.Q(sha256__regex="^[0-9a-f]{64}$"), name="treaty_text_sha256"),
            models.CheckConstraint(
                condition=models.Q(in_force_at=None) | models.Q(in_force_at__gte=models.F("published_at")),
                name="treaty_text_published_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"
