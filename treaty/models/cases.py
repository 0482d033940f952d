from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models.pauses import Pause
from treaty.rules.cases import CaseEvent, CaseKind, CaseState

KIND_LABELS = {
    CaseKind.LATE: _("A stage was late"),
    CaseKind.DISCREPANCY: _("A verification found a discrepancy"),
    CaseKind.MISSING: _("A declaration is long overdue"),
    CaseKind.FINDING: _("A finding was not clarified"),
    CaseKind.SPECIAL: _("A special visit was not agreed to"),
    CaseKind.REFERRAL: _("Referred by a party or a monitoring body"),
}
CASE_STATE_LABELS = {
    CaseState.OPEN: _("Open"),
    CaseState.ANSWERED: _("Answered"),
    CaseState.REMEDIED: _("Remedy reported"),
    CaseState.DETERMINED: _("Non-compliance determined"),
    CaseState.CLOSED: _("Closed"),
}
EVENT_LABELS = {
    CaseEvent.ANSWER: _("Answer"),
    CaseEvent.REMEDY: _("Remedy"),
    CaseEvent.DETERMINE: _("Determination"),
    CaseEvent.CLOSE: _("Closure"),
}


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases, filtered."""

    def standing(self, at: datetime) -> Self:
        """Those open at `at`."""
        return self.filter(opened_at__lte=at).filter(Q(closed_at=None) | Q(closed_at__gt=at))


class Case(models.Model):
    """A question of compliance about one lab, from its opening to its closure."""

    key = models.SlugField(max_length=16, unique=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="cases")
    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    kind = models.CharField(max_length=16, choices=[(kind.value, label) for kind, label in KIND_LABELS.items()])
    subject = models.CharField(
        max_length=128,
        blank=True,
        help_text=_(
            "The stage that was late, the visit that found it, the finding, or the declaration that is missing."
        ),
    )
    reason = models.TextField(blank=True)
    salt = models.CharField(max_length=64)
    state = models.CharField(
        max_length=16,
        choices=[(state.value, label) for state, label in CASE_STATE_LABELS.items()],
        default=CaseState.OPEN.value,
    )
    opened_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    answer_by = models.DateTimeField()
    determined_at = models.DateTimeField(null=True, blank=True)
    vote = models.OneToOneField(
        "treaty.Vote", on_delete=models.PROTECT, null=True, blank=True, related_name="case_determined"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "subject"],
                condition=Q(kind=CaseKind.MISSING.value),
                name="case_once_a_missing_declaration",
            ),
            models.UniqueConstraint(
                fields=["subject"], condition=Q(kind=CaseKind.FINDING.value), name="case_once_a_finding"
            ),
            models.UniqueConstraint(
                fields=["pause", "organisation", "kind", "subject"],
                condition=Q(kind__in=[CaseKind.LATE.value, CaseKind.DISCREPANCY.value]),
                name="case_opens_by_itself_once",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.CLOSED.value, closed_at__isnull=False)
                | (~Q(state=CaseState.CLOSED.value) & Q(closed_at=None)),
                name="case_closed_at",
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.key}"


class CaseStep(models.Model):
    """One answer, remedy, determination or closure. Append-only; the record holds a salted commitment to the words."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    event = models.CharField(max_length=16, choices=[(event.value, label) for event, label in EVENT_LABELS.items()])
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.TextField(blank=True)
    salt = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.event} in case {self.case_id}"
