from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.rules.organisations import Kind

KIND_LABELS = {
    Kind.LABORATORY: _("Laboratory"),
    Kind.BODY: _("Monitoring body"),
    Kind.OBSERVER: _("Observer"),
    Kind.SECRETARIAT: _("Secretariat"),
}


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Organisations, filtered."""

    def laboratories(self) -> Self:
        """Laboratories only."""
        return self.filter(kind=Kind.LABORATORY)

    def bodies(self) -> Self:
        """Monitoring bodies only."""
        return self.filter(kind=Kind.BODY)


class Organisation(models.Model):
    """A laboratory, monitoring body, observer or the secretariat; the record names it by its key."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120, unique=True)
    skeleton = models.CharField(
        max_length=240, unique=True, help_text=_("The name with look-alike letters folded (accounts.rules.names).")
    )
    kind = models.CharField(max_length=16, choices=[(kind.value, label) for kind, label in KIND_LABELS.items()])
    jurisdiction = models.CharField(
        max_length=2, blank=True, help_text=_("ISO 3166-1 code; empty for an international body.")
    )
    website = models.URLField(blank=True)
    joined_at = models.DateTimeField()

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=[kind.value for kind in Kind]), name="organisation_kind")
        ]

    def __str__(self) -> str:
        return self.name


class AffiliationQuerySet(models.QuerySet["Affiliation"]):
    """Affiliations, filtered."""

    def in_force(self, at: datetime) -> Self:
        """Those that hold at `at`."""
        return self.filter(from_at__lte=at).filter(models.Q(until_at=None) | models.Q(until_at__gt=at))


class Affiliation(models.Model):
    """Two organisations that are not independent of each other: ownership, a major supplier, shared staff."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="affiliations")
    affiliate = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=200)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    objects = AffiliationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(organisation=models.F("affiliate")), name="affiliation_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} – {self.affiliate_id}"
