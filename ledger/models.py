"""The record's tables. Only the ledger touches them; rows are append-only by database trigger."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import lookups

from ledger.rules.entries import LONGEST_ENTRY
from ledger.rules.merkle import leaf_hash

# Bytes, where Length counts characters.
OCTETS = models.Func(models.F("data"), function="octet_length", output_field=models.IntegerField())


class EntryQuerySet(models.QuerySet["Entry"]):
    """Filters of entries."""

    def with_position(self) -> Self:
        """Add `position`: the index in the log, None until COMMIT."""
        return self.annotate(position=models.F("leaf__index"))


class Entry(models.Model):
    """One fact on record: the canonical bytes that are hashed, and what they are searched by."""

    kind = models.CharField(max_length=64)
    at = models.DateTimeField()
    data = models.BinaryField()
    subjects = ArrayField(models.CharField(max_length=120), default=list)

    objects = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["subjects"], name="entry_subjects"),
            models.Index(fields=["kind"], name="entry_kind"),
        ]
        constraints = [
            models.CheckConstraint(
                name="entry_fits_a_bundle", condition=lookups.LessThanOrEqual(OCTETS, LONGEST_ENTRY)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def hash(self) -> str:
        """The RFC 6962 leaf hash in hex: the receipt that can be given before the position is known."""
        return leaf_hash(bytes(self.data)).hex()


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

    class Meta:
        indexes = [models.Index(fields=["hash"], name="leaf_hash")]

    def __str__(self) -> str:
        return str(self.index)


class Checkpoint(models.Model):
    """A signed head of the log. `published_at` is when it moved into place for everybody to read."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class Cosignature(models.Model):
    """A witness's cosignature/v1 on a checkpoint; asked for again, it is refreshed."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=255)
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "witness"], name="one_cosignature_a_witness")]

    def __str__(self) -> str:
        return f"{self.witness} on {self.checkpoint_id}"


class Publisher(models.Model):
    """One row: why the publisher refuses to sign, if it does, and when it last asked the witnesses."""

    refusal = models.TextField(blank=True, default="")
    refused_at = models.DateTimeField(null=True, blank=True)
    witnesses_asked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.refusal or "publishing"
