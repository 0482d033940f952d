from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OpenWeightReleaseQuerySet(models.QuerySet["OpenWeightRelease"]):
    """Releases, filtered."""

    def standing(self, at: datetime) -> Self:
        """The newest version of each that had arrived by `at`."""
        newer = OpenWeightRelease.objects.filter(
            source=models.OuterRef("source"),
            source_key=models.OuterRef("source_key"),
            version__gt=models.OuterRef("version"),
            received_at__lte=at,
        )
        return self.filter(~models.Exists(newer), received_at__lte=at)


class OpenWeightRelease(models.Model):
    """A model whose weights anybody can download, so that no pause reaches it. Append-only versions."""

    name = models.CharField(max_length=200)
    developer = models.CharField(max_length=400)
    released_at = models.DateField()
    flop = models.DecimalField(
        null=True, blank=True, help_text=_("Training compute; empty where nobody has estimated it.")
    )
    source = models.CharField(max_length=120)
    source_key = models.CharField(max_length=200)
    version = models.PositiveIntegerField()
    received_at = models.DateTimeField()

    objects = OpenWeightReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-released_at"]
        constraints = [
            models.UniqueConstraint(fields=["source", "source_key", "version"], name="release_version"),
            models.CheckConstraint(condition=Q(flop=None) | Q(flop__gt=0), name="release_flop"),
        ]

    def __str__(self) -> str:
        return self.name
