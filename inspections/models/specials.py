from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from inspections.rules.specials import Standing
from labs.models import Facility

SPECIAL_LABELS = {
    Standing.ASKED: _("Asked for"),
    Standing.AGREED: _("Agreed to"),
    Standing.REFUSED: _("Refused"),
    Standing.UNANSWERED: _("Not answered in time"),
    Standing.INSPECTED: _("Inspected"),
}


class SpecialQuerySet(models.QuerySet["Special"]):
    """Special visits, filtered."""

    def with_names(self) -> Self:
        """With facility, laboratory and body, in one query."""
        return self.select_related("facility__organisation", "body")


class Special(models.Model):
    """A special visit that a body asked for, with its reason and the party's answer; the answer is written once."""

    key = models.SlugField(max_length=16, unique=True)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="specials")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    salt = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    agrees = models.BooleanField(null=True, blank=True)
    answer = models.TextField(blank=True)
    answer_salt = models.CharField(max_length=64, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = SpecialQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="special_has_a_reason"),
            models.CheckConstraint(
                condition=Q(agrees=None, answered_at=None) | Q(agrees__isnull=False, answered_at__isnull=False),
                name="special_answered",
            ),
            models.CheckConstraint(condition=~Q(agrees=False) | ~Q(answer=""), name="special_refused_with_words"),
        ]

    def __str__(self) -> str:
        return f"special visit {self.key}"
