from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q

from accounts.models import User
from inspections.models.reports import MARK_LABELS, Report
from inspections.rules.reports import Mark


def evidence_storage() -> Storage:
    """Return the storage that no public address leads to."""
    return storages["evidence"]


def sealed_path(_evidence: models.Model, _name: str) -> str:
    """Return where a file goes: a random name, nothing of what the sender called it."""
    token = uuid4().hex
    return f"{token[:2]}/{token}"


class SealedFileField(models.FileField):
    """A file in the sealed storage. Migrations know it as a plain file field, so that they import nothing of the app."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "storage": evidence_storage, "upload_to": sealed_path})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Describe the column alone."""
        name, _path, arguments, options = super().deconstruct()
        options.pop("storage", None)
        return name, "django.db.models.FileField", arguments, {**options, "upload_to": ""}


class Evidence(models.Model):
    """A photograph: the original as received, sealed, and the copy for publication, re-encoded without its metadata."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="evidence")
    layer = models.CharField(max_length=64, blank=True)
    item = models.CharField(max_length=64, blank=True)  # of the layer's protocol
    file = SealedFileField(max_length=64)
    published = SealedFileField(max_length=64)
    sha256 = models.CharField(max_length=64)
    published_sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=32)
    published_type = models.CharField(max_length=32)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    caption = models.CharField(max_length=300, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    mark = models.CharField(
        max_length=8, default=Mark.PUBLIC.value, choices=[(mark.value, label) for mark, label in MARK_LABELS.items()]
    )
    salt = models.CharField(max_length=64)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["report", "sha256"], name="evidence_once_a_report"),
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="evidence_sha256"),
            models.CheckConstraint(condition=Q(mark__in=[value.value for value in Mark]), name="evidence_mark"),
        ]

    def __str__(self) -> str:
        return f"evidence {self.pk} of {self.report_id}"
