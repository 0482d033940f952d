from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from inspections.rules.challenges import Standing
from labs.models import Facility
from treaty.models import Vote

STANDING_LABELS = {
    Standing.ASKED: _("Asked for"),
    Standing.STOPPED: _("Stopped by vote"),
    Standing.WITHDRAWN: _("Withdrawn"),
    Standing.PROCEEDS: _("Proceeds"),
    Standing.INSPECTED: _("Inspected"),
}


class ChallengeQuerySet(models.QuerySet["Challenge"]):
    """Challenges, filtered."""

    def with_names(self) -> Self:
        """With facility, laboratory, requester and vote, in one query."""
        return self.select_related("facility__organisation", "requester", "vote__text").defer("vote__text__source")


class Challenge(models.Model):
    """A challenge inspection that was asked for, with the vote that may stop it. Append-only but for `stopped_at`."""

    key = models.SlugField(max_length=16, unique=True)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="challenges")
    requester = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="challenge")
    ground = models.TextField()
    salt = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True, help_text=_("When the vote that stopped it had effect."))

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [models.CheckConstraint(condition=~models.Q(ground=""), name="challenge_has_a_ground")]

    def __str__(self) -> str:
        return f"challenge {self.key}"


class FrivolousFinding(models.Model):
    """A body's finding that a request was frivolous, published with its reasons (Art. 16). Append-only."""

    challenge = models.ForeignKey(Challenge, on_delete=models.PROTECT, related_name="found_frivolous")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    reasons = models.TextField()
    salt = models.CharField(max_length=64)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ["found_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "body"], name="found_frivolous_once"),
            models.CheckConstraint(condition=~models.Q(reasons=""), name="found_frivolous_with_reasons"),
        ]

    def __str__(self) -> str:
        return f"{self.challenge_id} found frivolous by {self.body_id}"
