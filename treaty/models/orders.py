from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from web.deliveries import Delivery


class OrderKey(models.Model):
    """A key that orders are signed with, as the record declared it; the newest holds. Append-only."""

    verifier_key = models.CharField(max_length=200, unique=True, help_text=_("As signed notes write it: name+id+key."))
    declared_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.verifier_key


class Order(models.Model):
    """An order that was issued: the signed note as it left the signer. Append-only."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="orders")
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of the text that is signed."))
    content = models.CharField(max_length=64, help_text=_("Hash of what it says, its place among the others left out."))
    note = models.TextField()
    position = models.PositiveBigIntegerField(help_text=_("How many entries the record had."))
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField()
    renewal = models.BooleanField(help_text=_("Whether it says what the one before it said."))
    drill = models.BooleanField(default=False)

    class Meta:
        ordering = ["organisation", "-sequence"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "sequence"], name="order_sequence_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("not_before")), name="order_valid_for_a_time"),
        ]

    def __str__(self) -> str:
        return f"order {self.sequence} to {self.organisation_id}"


class OrderAcknowledgement(models.Model):
    """The laboratory's word that its machines have an order. Append-only."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="acknowledgement")
    acknowledged_at = models.DateTimeField()
    by_key = models.CharField(max_length=32, blank=True, help_text=_("The enrolled key that signed it, if one did."))
    signature = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"acknowledgement of {self.order_id}"


class OrderEndpoint(models.Model):
    """An address of the laboratory's own to which orders are pushed. It is no concern of the record."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="order_endpoints")
    url = models.URLField(max_length=500)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "url"], condition=Q(removed_at=None), name="order_endpoint_once"
            )
        ]

    def __str__(self) -> str:
        return self.url


class OrderDelivery(Delivery):
    """One order on its way to one endpoint, tried again until it arrives, is overtaken by the next, or is given up."""

    endpoint = models.ForeignKey(OrderEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="deliveries")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "order"], name="order_delivered_once"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(next_at=None), name="order_delivery_ends_when_delivered"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="order_delivery_due")]

    def __str__(self) -> str:
        return f"delivery of {self.order_id} to {self.endpoint_id}"
