from datetime import datetime
from typing import Self

from django.db import models

from accounts.models.organisations import Organisation
from accounts.models.people import ROLE_LABELS, User


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations, filtered."""

    def open_at(self, at: datetime) -> Self:
        """Those that can be accepted at `at`."""
        return self.filter(accepted_at=None, withdrawn_at=None, invited_at__lte=at, expires_at__gt=at)


class Invitation(models.Model):
    """A person asked to act for an organisation. The link that accepts it is mailed, signed, and good for once."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=16, choices=[(role.value, label) for role, label in ROLE_LABELS.items()])
    email = models.EmailField()
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "role", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="invitation_once",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("invited_at")), name="invitation_expires"
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(user__isnull=False), name="invitation_accepted_by"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.organisation_id}"
