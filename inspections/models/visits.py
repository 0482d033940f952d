from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inspections.models.challenges import Challenge
from inspections.models.draws import Draw
from inspections.models.inspectors import Designation
from inspections.models.schedules import Schedule
from inspections.models.specials import Special
from inspections.rules.visits import ENDED, REPORTABLE, Cause, VisitKind, VisitState
from labs.models import Facility

KIND_LABELS = {
    VisitKind.PAUSE_VERIFICATION: _("Pause verification"),
    VisitKind.BASELINE: _("Baseline"),
    VisitKind.ROUTINE: _("Routine"),
    VisitKind.SHORT_NOTICE: _("Short notice"),
    VisitKind.CHALLENGE: _("Challenge"),
    VisitKind.SPECIAL: _("Special"),
    VisitKind.CLOSE_OUT: _("Close-out"),
}
CAUSE_LABELS = {
    Cause.PARTY: _("The party"),
    Cause.FORCE_MAJEURE: _("Force majeure: nobody's doing"),
    Cause.INABILITY: _("The team itself"),
}
STATE_LABELS = {
    VisitState.PLANNED: _("Planned"),
    VisitState.NOTIFIED: _("Notified"),
    VisitState.ACKNOWLEDGED: _("Acknowledged"),
    VisitState.ACCESS_GRANTED: _("Access granted"),
    VisitState.ACCESS_DELAYED: _("Access delayed"),
    VisitState.ACCESS_REFUSED: _("Access refused"),
    VisitState.IN_PROGRESS: _("In progress"),
    VisitState.PRELIMINARY: _("Preliminary findings"),
    VisitState.COMMENTED: _("Commented by the party"),
    VisitState.FINAL: _("Final report"),
    VisitState.CLOSED: _("Closed"),
    VisitState.INCONCLUSIVE: _("Inconclusive"),
    VisitState.CANCELLED: _("Cancelled"),
}


class VisitQuerySet(models.QuerySet["Visit"]):
    """Visits, filtered."""

    def with_names(self) -> Self:
        """With facility, laboratory, pause, challenge, special visit, draw and text, in one query."""
        found = self.select_related("facility__organisation", "pause", "challenge", "special", "draw__text", "text")
        return found.defer("text__source", "draw__text__source")

    def opened(self) -> Self:
        """Those whose notice was given: the plan is sealed until then."""
        return self.exclude(notified_at=None)

    def counting(self) -> Self:
        """Those that count towards parity: all but the cancelled."""
        return self.exclude(state=VisitState.CANCELLED)

    def not_ended(self) -> Self:
        """Those that something may still happen to."""
        return self.exclude(state__in=[state.value for state in ENDED])

    def ahead(self, at: datetime) -> Self:
        """Those of which notice had been given by `at`, and that had neither ended nor been reported on."""
        open_then = Q(ended_at=None) | Q(ended_at__gt=at)
        unreported = Q(reported_at=None) | Q(reported_at__gt=at)
        return self.filter(open_then, unreported, notified_at__lte=at)

    def notice_due(self, at: datetime) -> Self:
        """Those whose notice falls due by `at`."""
        return self.filter(state=VisitState.PLANNED, notice_due_at__lte=at)

    def sealed(self) -> Self:
        """Those of a schedule that are planned and not yet opened."""
        return self.filter(state=VisitState.PLANNED).exclude(schedule=None)

    def reportable(self) -> Self:
        """Those about which the team can report."""
        return self.filter(state__in=[state.value for state in REPORTABLE])


class Visit(models.Model):
    """Inspectors at a facility. Its day is sealed (`salt`, `commitment`) until notice is given."""

    key = models.SlugField(max_length=32, unique=True)
    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="visits")
    pause = models.ForeignKey("treaty.Pause", on_delete=models.PROTECT, null=True, blank=True, related_name="visits")
    challenge = models.ForeignKey(Challenge, on_delete=models.PROTECT, null=True, blank=True, related_name="visits")
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, blank=True, related_name="visits")
    special = models.ForeignKey(Special, on_delete=models.PROTECT, null=True, blank=True, related_name="visits")
    draw = models.ForeignKey(
        Draw,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        help_text=_("That its day comes from."),
    )
    drawn_place = models.PositiveIntegerField(null=True, blank=True)
    passed = models.JSONField(
        default=list, help_text=_("[[day, provision], …]: drawn before its day, and not possible.")
    )
    kind = models.CharField(max_length=24, choices=[(kind.value, label) for kind, label in KIND_LABELS.items()])
    state = models.CharField(
        max_length=24,
        choices=[(state.value, label) for state, label in STATE_LABELS.items()],
        default=VisitState.PLANNED.value,
    )
    text = models.ForeignKey(
        "treaty.TreatyText",
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("In force when it was planned; it governs the visit to its end."),
    )
    planned_at = models.DateTimeField()
    planned_from = models.DateTimeField()
    planned_until = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text=_("When it has to have taken place."))
    notice_due_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    access_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    commented_at = models.DateTimeField(null=True, blank=True)
    final_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    salt = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64, unique=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["planned_from", "key"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in VisitState]), name="visit_state"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in VisitKind]), name="visit_kind"),
            models.CheckConstraint(condition=Q(planned_until__gt=F("planned_from")), name="visit_period"),
            models.CheckConstraint(
                condition=Q(state__in=[VisitState.PLANNED.value, VisitState.CANCELLED.value])
                | Q(notified_at__isnull=False),
                name="visit_notified_before_all_else",
            ),
            models.CheckConstraint(
                condition=Q(began_at=None) | Q(access_at__isnull=False), name="visit_access_before_beginning"
            ),
            models.UniqueConstraint(
                fields=["pause", "facility"],
                condition=Q(kind=VisitKind.PAUSE_VERIFICATION.value)
                & ~Q(state__in=[state.value for state in sorted(ENDED)]),
                name="visit_once_open",
            ),
            models.CheckConstraint(
                condition=Q(kind=VisitKind.CHALLENGE.value, challenge__isnull=False, pause=None)
                | (~Q(kind=VisitKind.CHALLENGE.value) & Q(challenge=None)),
                name="visit_of_its_challenge",
            ),
            models.CheckConstraint(
                condition=Q(kind=VisitKind.SPECIAL.value, special__isnull=False, pause=None)
                | (~Q(kind=VisitKind.SPECIAL.value) & Q(special=None)),
                name="visit_of_its_special",
            ),
            models.UniqueConstraint(
                fields=["special"], condition=~Q(state=VisitState.CANCELLED.value), name="visit_once_a_special"
            ),
            models.CheckConstraint(
                condition=Q(draw=None, drawn_place=None)
                | Q(draw__isnull=False, drawn_place__gte=1, kind=VisitKind.SHORT_NOTICE.value),
                name="visit_of_its_draw",
            ),
            models.UniqueConstraint(
                fields=["draw", "drawn_place"],
                condition=~Q(state=VisitState.CANCELLED.value),
                name="visit_once_a_place",
            ),
            models.UniqueConstraint(
                fields=["challenge"], condition=~Q(state=VisitState.CANCELLED.value), name="visit_once_a_challenge"
            ),
        ]

    def __str__(self) -> str:
        return f"visit {self.key}"


class VisitInspector(models.Model):
    """An inspector booked for a visit. The database refuses to book one inspector twice at the same time."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="team")
    designation = models.ForeignKey(Designation, on_delete=models.PROTECT, related_name="bookings")
    period = DateTimeRangeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "designation"], name="inspector_once_a_visit"),
            ExclusionConstraint(
                name="inspector_not_booked_twice",
                expressions=[("designation", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(released_at=None),
            ),
            models.CheckConstraint(condition=Q(period__isempty=False), name="booking_period"),
        ]

    def __str__(self) -> str:
        return f"{self.designation_id} for {self.visit_id}"


class AccessRecord(models.Model):
    """What happened at the gate, as the team recorded it. Append-only."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="access_records")
    outcome = models.CharField(
        max_length=8, choices=[("grant", _("Granted")), ("delay", _("Delayed")), ("refuse", _("Refused"))]
    )
    cause = models.CharField(
        max_length=16,
        choices=[(cause.value, label) for cause, label in CAUSE_LABELS.items()],
        default=Cause.PARTY.value,
    )
    reason = models.TextField(blank=True)
    salt = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(cause__in=[cause.value for cause in Cause]), name="access_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.visit_id}"
