from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import User
from notices.models.subscriptions import TOPIC_LABELS
from notices.rules.topics import Topic
from web.deliveries import Delivery


class Hook(models.Model):
    """An https address that asked for what goes on record. `told_up_to`: the position below which all has been queued."""

    url = models.URLField(max_length=500)
    topics = ArrayField(models.CharField(max_length=16, choices=[(one.value, TOPIC_LABELS[one]) for one in Topic]))
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="hooks")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    told_up_to = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["added_by", "url"], condition=Q(removed_at=None), name="hook_once"),
            models.CheckConstraint(condition=~Q(topics=[]), name="hook_for_something"),
        ]

    def __str__(self) -> str:
        return self.url


class HookDelivery(Delivery):
    """One entry of the record, by its position, on its way to one hook."""

    hook = models.ForeignKey(Hook, on_delete=models.PROTECT, related_name="deliveries")
    index = models.BigIntegerField()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["hook", "index"], name="hook_told_once"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(next_at=None), name="hook_delivery_ends_when_delivered"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="hook_delivery_due")]

    def __str__(self) -> str:
        return f"entry {self.index} to {self.hook_id}"
