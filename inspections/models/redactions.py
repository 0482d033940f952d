from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from inspections.models.reports import Report
from inspections.rules.redactions import RedactionState

REDACTION_LABELS = {
    RedactionState.ASKED: _("Asked for"),
    RedactionState.GRANTED: _("Taken out"),
    RedactionState.REFUSED: _("Refused"),
}


class Redaction(models.Model):
    """A passage that somebody asked to have taken out of a published report, and what a body decided. Decided once; never deleted."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="redactions")
    number = models.PositiveSmallIntegerField()
    place = models.CharField(max_length=160)
    ground = models.CharField(max_length=64)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    salt = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=8,
        choices=[(state.value, label) for state, label in REDACTION_LABELS.items()],
        default=RedactionState.ASKED.value,
    )
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    basis = models.TextField(blank=True)
    basis_salt = models.CharField(max_length=64)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        ordering = ["report", "number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="redaction_number"),
            models.UniqueConstraint(
                fields=["report", "place"],
                condition=~Q(state=RedactionState.REFUSED.value),
                name="redaction_one_a_passage",
            ),
            models.CheckConstraint(
                condition=Q(state=RedactionState.ASKED.value, decided_at=None)
                | ~Q(state=RedactionState.ASKED.value)
                & Q(decided_at__isnull=False, body__isnull=False, decided_by__isnull=False),
                name="redaction_decided_by_a_body",
            ),
        ]

    def __str__(self) -> str:
        return f"redaction {self.number} of {self.report_id}"
