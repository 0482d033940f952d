from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models.texts import TreatyText
from treaty.rules.pauses import PauseState

STATE_LABELS = {
    PauseState.PROPOSED: _("Proposed"),
    PauseState.ADOPTED: _("Adopted"),
    PauseState.ACTIVATING: _("Activating"),
    PauseState.IN_FORCE: _("In force"),
    PauseState.RESUMING: _("Resuming"),
    PauseState.ENDED: _("Ended"),
    PauseState.LAPSED: _("Lapsed"),
}

# What decides a pause's state, besides its own row.
ROWS = ("commitments__organisation", "resumptions")


class PauseQuerySet(models.QuerySet["Pause"]):
    """Pauses, filtered."""

    def with_rows(self) -> Self:
        """With all that decides their state, in three queries."""
        return self.prefetch_related(*ROWS)

    def not_over(self) -> Self:
        """Those not written down as ended or lapsed: the ones a sweep has to look at."""
        return self.filter(ended_at=None, lapsed_at=None)

    def started_by(self, at: datetime) -> Self:
        """Those adopted by `at`."""
        return self.filter(adopted_at__lte=at)


class Pause(models.Model):
    """A pause that a vote started. What it *is* at an instant, `treaty.queries.pauses.state` computes from these rows."""

    key = models.SlugField(max_length=16, unique=True)
    title = models.CharField(max_length=200)
    level = models.CharField(max_length=64)
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="pause_started")
    text = models.ForeignKey(TreatyText, on_delete=models.PROTECT, related_name="+")
    parameters = models.JSONField(
        help_text=_("The provisions that govern it, frozen with the vote (rules.pauses.PauseTerms).")
    )
    emergency = models.BooleanField(default=False)
    adopted_at = models.DateTimeField()
    activating_at = models.DateTimeField(help_text=_("The instant of the vote's effect."))
    in_force_at = models.DateTimeField(null=True, blank=True)
    ratified_at = models.DateTimeField(null=True, blank=True)
    ratification_asked_at = models.DateTimeField(null=True, blank=True)
    emergency_lapses_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    resuming_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        ordering = ["-adopted_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(activating_at__gte=F("adopted_at")), name="pause_adopted_before_activating"
            ),
            models.CheckConstraint(
                condition=Q(in_force_at=None) | Q(in_force_at__gte=F("activating_at")),
                name="pause_activating_before_in_force",
            ),
            models.CheckConstraint(
                condition=Q(resuming_at=None) | Q(in_force_at__isnull=False, resuming_at__gte=F("in_force_at")),
                name="pause_in_force_before_resuming",
            ),
            models.CheckConstraint(condition=Q(lapsed_at=None) | Q(ended_at=None), name="pause_ends_once"),
        ]

    def __str__(self) -> str:
        return f"pause {self.key}"


class LevelChange(models.Model):
    """A decision that moved a pause in force to another level, with its provisions from then on. Append-only."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="level_changes")
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="level_change")
    before = models.CharField(max_length=64)
    level = models.CharField(max_length=64)
    parameters = models.JSONField(help_text=_("The provisions of the pause from then on (rules.pauses.PauseTerms)."))
    from_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.before} to {self.level} in pause {self.pause_id}"


class Commitment(models.Model):
    """One lab of the roll and its pledge; `bound` and `reason` are written once activation is decided."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="commitments")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="commitments")
    condition = models.JSONField(default=dict)
    compute = models.CharField(
        max_length=64, blank=True, help_text=_("Covered compute in H100-equivalents, a fraction; empty: not declared.")
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    bound = models.BooleanField(null=True)
    reason = models.JSONField(null=True, blank=True)
    joined_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Set where the lab acceded while the pause was in force.")
    )

    class Meta:
        ordering = ["organisation__name"]
        constraints = [
            models.UniqueConstraint(fields=["pause", "organisation"], name="commitment_once"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(confirmed_at__isnull=False, withdrawn_at__gte=F("confirmed_at")),
                name="commitment_confirmed_before_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"commitment {self.pause_id} {self.organisation_id}"


class Resumption(models.Model):
    """The effect of an adopted resumption vote: begun, or refused because a criterion did not hold at that instant."""

    pause = models.ForeignKey(Pause, on_delete=models.PROTECT, related_name="resumptions")
    vote = models.OneToOneField("treaty.Vote", on_delete=models.PROTECT, related_name="resumption")
    begun_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    snapped_back_at = models.DateTimeField(null=True, blank=True)
    criteria = models.JSONField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(begun_at=None, refused_at__isnull=False) | Q(begun_at__isnull=False, refused_at=None),
                name="resumption_begun_or_refused",
            ),
            models.CheckConstraint(
                condition=Q(snapped_back_at=None) | Q(snapped_back_at__gte=F("begun_at")),
                name="resumption_begun_before_snap_back",
            ),
        ]

    def __str__(self) -> str:
        return f"resumption {self.pause_id} by vote {self.vote_id}"


class ResumptionStep(models.Model):
    """A stage of resumption that has been reached."""

    resumption = models.ForeignKey(Resumption, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    reached_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["resumption", "number"], name="resumption_step_once")]

    def __str__(self) -> str:
        return f"stage {self.number} of resumption {self.resumption_id}"
