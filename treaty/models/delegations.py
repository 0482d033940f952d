from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation


class Delegation(models.Model):
    """A member's word that another's ballot counts for it where it casts none itself, until it runs out or is revoked."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="delegations_held")
    decision = models.CharField(max_length=64, blank=True, help_text=_("Empty: for all decisions."))
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(organisation=F("delegate")), name="delegation_to_another"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("given_at")), name="delegation_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"delegation {self.organisation_id} to {self.delegate_id}"
