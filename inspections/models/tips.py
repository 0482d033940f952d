from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from inspections.rules.tips import LONGEST_OUTCOME, SIZES, Outcome, TipState

SHA256 = r"^[0-9a-f]{64}$"
TIP_STATE_LABELS = {
    TipState.RECEIVED: _("Received"),
    TipState.OPENED: _("Opened"),
    TipState.CLOSED: _("Closed"),
}
OUTCOME_LABELS = {
    Outcome.FOLLOWED: _("It is followed up"),
    Outcome.REFERRED: _("It was passed on to whom it concerns"),
    Outcome.NOT_PURSUED: _("Nothing could be done with it"),
    Outcome.UNREADABLE: _("It is not sealed to this body, or cannot be read"),
}


class RecipientQuerySet(models.QuerySet["Recipient"]):
    """Recipients, filtered."""

    def usable(self, at: datetime) -> Self:
        """Those past their cooling-off that were not withdrawn."""
        return self.filter(usable_at__lte=at, withdrawn_at=None)


class Recipient(models.Model):
    """A public key to which tips are sealed, as a body published it. Only its withdrawal is ever added."""

    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="recipients")
    recipient = models.CharField(max_length=62, unique=True)
    signed_by = models.CharField(max_length=32, help_text=_('"root", or the id of a key of the body.'))
    signature = models.TextField()
    published_at = models.DateTimeField()
    usable_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    entry_hash = models.CharField(max_length=64)

    objects = RecipientQuerySet.as_manager()

    class Meta:
        ordering = ["body", "-usable_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.body_id} {self.recipient}"


class TipQuerySet(models.QuerySet["Tip"]):
    """Tips, filtered."""

    def recorded(self) -> Self:
        """Those that the record knows; bodies see no others."""
        return self.exclude(recorded_at=None)


class Tip(models.Model):
    """A sealed tip as it came, and the hour in which it did. Only that it is on record is ever added.

    `handle` is what its author comes back with: derived from a code that the site never sees.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    handle = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField(help_text=_("Of what is sealed, in bytes."))
    sealed = models.BinaryField()
    hour = models.DateTimeField(db_index=True)
    worked = models.BooleanField()
    recorded_at = models.DateTimeField(null=True, blank=True)
    entry_hash = models.CharField(max_length=64, blank=True)

    objects = TipQuerySet.as_manager()

    class Meta:
        ordering = ["-hour", "sha256"]
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=SHA256, handle__regex=SHA256), name="tip_hashes"),
            models.CheckConstraint(condition=Q(size__in=SIZES), name="tip_size"),
        ]

    def __str__(self) -> str:
        return f"tip {self.sha256[:8]}"


class TipHandling(models.Model):
    """What one body has made of a tip."""

    tip = models.ForeignKey(Tip, on_delete=models.PROTECT, related_name="handlings")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=[(state.value, label) for state, label in TIP_STATE_LABELS.items()])
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=12, blank=True, choices=[(value.value, label) for value, label in OUTCOME_LABELS.items()]
    )
    words = models.CharField(max_length=LONGEST_OUTCOME, blank=True)
    salt = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["tip", "body"], name="tip_handled_once_a_body"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="tip_closed_with_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"tip {self.tip_id} at {self.body_id}: {self.state}"


class TipAnswer(models.Model):
    """A body's answer, sealed to a key that only the tip's author has. Append-only."""

    tip = models.ForeignKey(Tip, on_delete=models.PROTECT, related_name="answers")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()
    sealed = models.BinaryField()
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["answered_at", "pk"]
        constraints = [models.CheckConstraint(condition=Q(sha256__regex=SHA256), name="tip_answer_hash")]

    def __str__(self) -> str:
        return f"answer {self.sha256[:8]} to {self.tip_id}"
