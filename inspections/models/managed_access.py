from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inspections.models.visits import Visit
from inspections.rules.managed_access import Measure, RequestEvent, RequestState

MEASURE_LABELS = {
    Measure.SHROUD: _("Shroud it"),
    Measure.SUBSTITUTE: _("Show something in its place"),
    Measure.ESCORT: _("Escort the inspectors"),
}
REQUEST_STATE_LABELS = {
    RequestState.ASKED: _("Asked for"),
    RequestState.AGREED: _("Agreed to"),
    RequestState.REFUSED: _("Refused by the team"),
    RequestState.SATISFIED: _("What was shown was enough"),
    RequestState.NOT_SATISFIED: _("What was shown was not enough"),
}
REQUEST_EVENT_LABELS = {
    RequestEvent.AGREE: _("We agree to it"),
    RequestEvent.REFUSE: _("We refuse it"),
    RequestEvent.SATISFY: _("What was shown was enough"),
    RequestEvent.FAIL: _("What was shown was not enough"),
}


class ManagedAccess(models.Model):
    """What the visited party asks inspectors to accept about one layer, and where that stands."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="managed_access")
    number = models.PositiveSmallIntegerField()
    layer = models.CharField(max_length=64)
    measure = models.CharField(max_length=12, choices=[(one.value, label) for one, label in MEASURE_LABELS.items()])
    state = models.CharField(max_length=16, choices=[(one.value, label) for one, label in REQUEST_STATE_LABELS.items()])
    reason = models.TextField()
    salt = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["visit", "number"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "number"], name="managed_access_number"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="managed_access_reason"),
        ]

    def __str__(self) -> str:
        return f"managed access {self.visit_id}/{self.number}"


class ManagedAccessStep(models.Model):
    """What the team said of a request, in words. Append-only."""

    request = models.ForeignKey(ManagedAccess, on_delete=models.PROTECT, related_name="steps")
    event = models.CharField(max_length=8, choices=[(one.value, label) for one, label in REQUEST_EVENT_LABELS.items()])
    words = models.TextField()
    salt = models.CharField(max_length=64)
    happened_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["happened_at", "pk"]

    def __str__(self) -> str:
        return f"{self.event} of {self.request_id}"
