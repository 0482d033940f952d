from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from inspections.models.visits import Visit
from inspections.rules.reports import Answer, Conclusion, Mark, ReportState

ANSWER_LABELS = {
    Answer.VERIFIED: _("Verified"),
    Answer.NOT_VERIFIED: _("Not verified"),
    Answer.UNABLE: _("Unable to verify"),
    Answer.NOT_APPLICABLE: _("Not applicable"),
}
MARK_LABELS = {
    Mark.PUBLIC: _("Public"),
    Mark.PARTIES: _("Parties and bodies only"),
    Mark.SEALED: _("Sealed: the inspected party and the team's bodies only"),
}
CONCLUSION_LABELS = {
    Conclusion.CONSISTENT: _("Consistent with what was declared"),
    Conclusion.DISCREPANCY: _("Discrepancy"),
    Conclusion.INCONCLUSIVE: _("Inconclusive: no conclusion can be drawn"),
}
REPORT_STATE_LABELS = {
    ReportState.DRAFT: _("Draft"),
    ReportState.AWAITING: _("Awaiting a second signature"),
    ReportState.SUBMITTED: _("Submitted"),
}


class ReportQuerySet(models.QuerySet["Report"]):
    """Reports, filtered."""

    def standing(self, at: datetime | None = None) -> Self:
        """Those that are submitted and that no later submitted version amends: what counts, or what counted at `at`."""
        submitted = (
            Q(state=ReportState.SUBMITTED) if at is None else Q(received_at__lte=at, state=ReportState.SUBMITTED)
        )
        later = Report.objects.filter(submitted, visit=OuterRef("visit"), version__gt=OuterRef("version"))
        return self.filter(submitted, ~Exists(later))


class Report(models.Model):
    """What a team reports about a visit. Once submitted the database refuses any change; an amendment is a new version.

    `sections` holds {layer: {"answer", "notes", "mark", "items": {item: {"answer", "notes"}}}}; `revision` counts the saved drafts, so that two devices cannot
    overwrite each other unseen; `submission_key` makes a resend the same submission.
    """

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="reports")
    version = models.PositiveSmallIntegerField(default=1)
    revision = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=12,
        choices=[(state.value, label) for state, label in REPORT_STATE_LABELS.items()],
        default=ReportState.DRAFT.value,
    )
    sections = models.JSONField(default=dict)
    conclusion = models.CharField(
        max_length=16, blank=True, choices=[(value.value, label) for value, label in CONCLUSION_LABELS.items()]
    )
    collected_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    saved_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)  # why a version after the first amends the one before
    salt = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64, blank=True)
    submission_key = models.CharField(max_length=64, unique=True, null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "version"], name="report_version"),
            models.UniqueConstraint(
                fields=["visit"], condition=~Q(state=ReportState.SUBMITTED.value), name="report_one_draft_a_visit"
            ),
            models.CheckConstraint(
                condition=~Q(state=ReportState.SUBMITTED.value)
                | Q(received_at__isnull=False, collected_at__isnull=False)
                & ~Q(conclusion="")
                & Q(commitment__regex="^[0-9a-f]{64}$"),
                name="report_whole_when_submitted",
            ),
        ]

    def __str__(self) -> str:
        return f"report {self.visit_id}/{self.version}"


class ReportSignature(models.Model):
    """An inspector's signature under one exact text of a report: `commitment` is that text's. Append-only."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    commitment = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["signed_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["report", "user", "commitment"], name="report_signed_once_by_each"),
        ]

    def __str__(self) -> str:
        return f"signature of {self.user_id} under {self.report_id}"


class ReportComment(models.Model):
    """The inspected party's answer to a report, within the text's days. Append-only."""

    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="comment")
    text = models.TextField()
    salt = models.CharField(max_length=64)
    commented_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"comment on {self.report_id}"
