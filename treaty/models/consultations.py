from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import Organisation, User
from treaty.models.amendments import Amendment


class Submission(models.Model):
    """What somebody wrote about a proposed amendment. Append-only.

    Of the public nothing is kept but the name they gave, if any, and a keyed digest of their address, so that the text's limit holds.
    """

    amendment = models.ForeignKey(Amendment, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # null: the public
    name = models.CharField(max_length=120, blank=True)
    words = models.TextField()
    salt = models.CharField(max_length=64)
    author = models.CharField(max_length=64, blank=True)  # the public's digest
    letter = models.BigIntegerField(null=True, blank=True, unique=True)  # the unconfirmed submission that it was
    received_at = models.DateTimeField()
    entry_hash = models.CharField(max_length=64)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["amendment", "number"], name="submission_number"),
            models.CheckConstraint(
                condition=Q(organisation__isnull=False, by__isnull=False, author="", letter=None)
                | (Q(organisation=None, by=None, letter__isnull=False) & ~Q(author="")),
                name="submission_author",
            ),
        ]

    def __str__(self) -> str:
        return f"submission {self.amendment.key}/{self.number}"


class SubmissionAnswer(models.Model):
    """The proposer's answer to a submission. Append-only, one each."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="answer")
    words = models.TextField()
    salt = models.CharField(max_length=64)
    answered_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"answer to {self.submission}"


class HiddenSubmission(models.Model):
    """That the depositary hid a submission, and on which ground of the text. Append-only."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="hidden")
    ground = models.CharField(max_length=64)
    hidden_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.submission}, hidden: {self.ground}"


class UnconfirmedSubmissionQuerySet(models.QuerySet["UnconfirmedSubmission"]):
    """Unconfirmed submissions, filtered."""

    def forgotten(self, before: datetime) -> Self:
        """Those that nobody confirmed, sent by then."""
        return self.filter(asked_at__lte=before)


class UnconfirmedSubmission(models.Model):
    """What a member of the public wrote and has not confirmed yet. It is deleted when it is confirmed or forgotten."""

    amendment = models.ForeignKey(Amendment, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField()
    words = models.TextField()
    asked_at = models.DateTimeField()

    objects = UnconfirmedSubmissionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["amendment", "asked_at"], name="unconfirmed_recent")]

    def __str__(self) -> str:
        return f"unconfirmed submission {self.pk}"
