from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from notices.rules.topics import Topic

TOPIC_LABELS = {
    Topic.PAUSES: _("Pauses and drills"),
    Topic.VOTES: _("Votes"),
    Topic.TRIGGERS: _("Triggers and readings"),
    Topic.INSPECTIONS: _("Inspections"),
    Topic.COMPLIANCE: _("Compliance"),
    Topic.TREATY: _("The treaty and its parties"),
}


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Subscriptions, filtered."""

    def standing(self) -> Self:
        """Those that were confirmed and not ended."""
        return self.filter(confirmed_at__isnull=False, ended_at=None)

    def behind(self, position: int) -> Self:
        """Those that have not been told of all that lies below `position`."""
        return self.standing().filter(told_up_to__lt=position)

    def forgotten(self, before: datetime) -> Self:
        """Those that nobody confirmed, asked for by then."""
        return self.filter(confirmed_at=None, asked_at__lte=before)


class Subscription(models.Model):
    """An address that asked for mail. It is nobody's concern but its own, and stands in no record.

    `told_up_to` is the position of the record below which nothing is left to tell; `digest_at` when the next digest goes out.
    """

    email = models.EmailField()
    topics = ArrayField(models.CharField(max_length=16, choices=[(one.value, TOPIC_LABELS[one]) for one in Topic]))
    lab = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    daily = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    told_up_to = models.BigIntegerField(default=0)
    digest_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(topics=[]), name="subscription_to_something"),
        ]
        indexes = [
            models.Index(
                fields=["told_up_to"],
                condition=Q(confirmed_at__isnull=False, ended_at=None),
                name="subscription_behind",
            ),
        ]

    def __str__(self) -> str:
        return f"subscription {self.pk}"
