"""The record's tables. Only the ledger touches them; rows are append-only by database trigger."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Entry(models.Model):
    """One fact on record: the canonical bytes that are hashed, and what they are searched by."""

    kind = models.CharField(max_length=64)
    at = models.DateTimeField()
    data = models.BinaryField()
    subjects = ArrayField(models.CharField(max_length=120), default=list)

    class Meta:
        indexes = [GinIndex(fields=["subjects"], name="entry_subjects"), models.Index(fields=["kind"], name="entry_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Head(models.Model):
    """How many entries have a position: one row, moved by the trigger at COMMIT only."""

    size = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.size)


class Leaf(models.Model):
    """An entry's position in the log, given by the database at COMMIT, and its RFC 6962 leaf hash."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT)
    hash = models.BinaryField()

    def __str__(self) -> str:
        return str(self.index)
