from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models.texts import TreatyText


class PartyQuerySet(models.QuerySet["Party"]):
    """Parties, filtered."""

    def bound(self, at: datetime) -> Self:
        """Those that the treaty binds at `at`, those without a vote included: what takes rights takes no duties."""
        return self.filter(bound_at__lte=at).filter(Q(withdrawal_effective_at=None) | Q(withdrawal_effective_at__gt=at))

    def entitled(self, at: datetime) -> Self:
        """Those that are bound at `at`, whose rights are not suspended and that have merged into no other."""
        suspended = Suspension.objects.running(at).filter(party=OuterRef("pk"))
        return self.bound(at).exclude(Exists(suspended)).exclude(merger__from_at__lte=at)


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


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    """Suspensions, filtered."""

    def running(self, at: datetime) -> Self:
        """Those that hold at `at`."""
        return self.filter(from_at__lte=at).filter(Q(until_at=None) | Q(until_at__gt=at))


class Suspension(models.Model):
    """A time in which a party has no vote, begun and ended by decisions. It keeps every obligation."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="suspensions")
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="suspension")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.OneToOneField(
        "treaty.Vote", on_delete=models.PROTECT, null=True, blank=True, related_name="reinstatement"
    )

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        ordering = ["from_at"]
        constraints = [
            models.UniqueConstraint(fields=["party"], condition=Q(until_at=None), name="suspension_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(until_at=None, lifted_by=None) | Q(until_at__gte=F("from_at"), lifted_by__isnull=False),
                name="suspension_ends_by_a_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"suspension of party {self.party_id}"


class Merger(models.Model):
    """That a party merged into another one, by a decision: from then on the two have one vote, that of the other."""

    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="merger")
    into = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="mergers")
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="merger")
    from_at = models.DateTimeField()

    class Meta:
        ordering = ["from_at"]
        constraints = [models.CheckConstraint(condition=~Q(party=F("into")), name="merger_into_another")]

    def __str__(self) -> str:
        return f"merger of party {self.party_id}"


class Annexed(models.Model):
    """An organisation that a decision added: a laboratory to Annex 1, a body to Annex 2, an observer to the list of observers."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="annexed")
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="annexed")
    from_at = models.DateTimeField()

    class Meta:
        ordering = ["from_at", "pk"]
        verbose_name_plural = "annexed"

    def __str__(self) -> str:
        return f"annexed {self.organisation_id}"


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
    ended_at = models.DateTimeField(null=True, blank=True, help_text=_("Until when it stands, unless it is renewed."))
    renewed_by = models.OneToOneField(
        "treaty.Vote", on_delete=models.PROTECT, null=True, blank=True, related_name="renewal"
    )

    objects = AccreditationQuerySet.as_manager()

    class Meta:
        ordering = ["organisation__name"]

    def __str__(self) -> str:
        return f"accreditation {self.organisation_id}"
