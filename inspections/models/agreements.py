from django.db import models
from django.db.models import Q

from accounts.models import Organisation, User
from inspections.rules.agreements import AgreementText
from labs.models import Facility


class FacilityAgreement(models.Model):
    """A version of how one facility is inspected, proposed by its laboratory; a body's agreement is added once."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="agreements")
    version = models.PositiveSmallIntegerField()
    entry = models.TextField()
    escorts = models.TextField()
    shrouding = models.TextField()
    salt = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["facility", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "version"], name="agreement_version"),
            models.CheckConstraint(
                condition=Q(agreed_at=None, body=None, agreed_by=None)
                | Q(agreed_at__isnull=False, body__isnull=False, agreed_by__isnull=False),
                name="agreement_agreed_by_a_body",
            ),
        ]

    def __str__(self) -> str:
        return f"agreement {self.facility_id}/{self.version}"

    def text(self) -> AgreementText:
        """Return what it says, as the rules see it."""
        return AgreementText(self.entry, self.escorts, self.shrouding)
