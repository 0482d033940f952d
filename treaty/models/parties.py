from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from treaty.models.texts import TreatyText


class PartyQuerySet(models.QuerySet["Party"]):
    """Parties, filtered."""

    def bound(self, at: datetime) -> Self:
        """Those that the treaty binds at `at`, suspended ones included: suspension takes rights, not duties."""
        return self.filter(bound_at__lte=at).filter(Q(withdrawal_effective_at=None) | Q(withdrawal_effective_at__gt=at))

    def entitled(self, at: datetime) -> Self:
        """Those that are bound at `at` and whose rights are not suspended."""
        return self.bound(at).filter(Q(suspended_at=None) | Q(suspended_at__gt=at))


class Party(models.Model):
    """A laboratory that has signed. It is a party once `bound_at` has come and until its withdrawal takes effect."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="party")
    text = models.ForeignKey(TreatyText, on_delete=models.PROTECT, related_name="signatures")
    signed_at = models.DateTimeField()
    ratified_at = models.DateTimeField(null=True, blank=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    withdrawal_noticed_at = models.DateTimeField(null=True, blank=True)
    withdrawal_effective_at = models.DateTimeField(null=True, blank=True)
    withdrawal_statement = models.TextField(blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)

    objects = PartyQuerySet.as_manager()

    class Meta:
        ordering = ["organisation__name"]
        verbose_name_plural = "parties"
        constraints = [
            models.CheckConstraint(
                condition=Q(ratified_at=None) | Q(ratified_at__gte=F("signed_at")), name="party_signed_before_ratifying"
            ),
            models.CheckConstraint(
                condition=Q(bound_at=None) | Q(bound_at__gte=F("ratified_at")), name="party_ratified_before_bound"
            ),
            models.CheckConstraint(
                condition=Q(withdrawal_noticed_at=None, withdrawal_effective_at=None)
                | Q(withdrawal_noticed_at__isnull=False, withdrawal_effective_at__gte=F("withdrawal_noticed_at")),
                name="party_notice_before_withdrawal",
            ),
        ]

    def __str__(self) -> str:
        return f"party {self.organisation_id}"


class AccreditationQuerySet(models.QuerySet["Accreditation"]):
    """Accreditations, filtered."""

    def in_force(self, at: datetime) -> Self:
        """Those that hold at `at`."""
        return self.filter(accepted_at__lte=at).filter(Q(ended_at=None) | Q(ended_at__gt=at))


class Accreditation(models.Model):
    """A monitoring body of Annex 2 that has accepted its mandate under a text."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="accreditation")
    text = models.ForeignKey(TreatyText, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AccreditationQuerySet.as_manager()

    class Meta:
        ordering = ["organisation__name"]

    def __str__(self) -> str:
        return f"accreditation {self.organisation_id}"
