from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from inspections.rules.seeds import Stage

STAGE_LABELS = {
    Stage.COMMITTING: _("Values are committed to"),
    Stage.SEALING: _("Commitments are being sealed"),
    Stage.REVEALING: _("Values are revealed"),
    Stage.DRAWING: _("About to be drawn"),
    Stage.DRAWN: _("Drawn"),
}


class DrawQuerySet(models.QuerySet["Draw"]):
    """Draws, filtered."""

    def drawn(self) -> Self:
        """Those whose result is on record."""
        return self.exclude(drawn_at=None)


class Draw(models.Model):
    """A public draw of short-notice visits. What was fixed at its opening never changes; each later stage is written once."""

    key = models.SlugField(max_length=16, unique=True)
    text = models.ForeignKey("treaty.TreatyText", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(unique=True)
    listed_at = models.DateTimeField(help_text=_("What had been declared by then is what is drawn from."))
    listed = models.JSONField(help_text=_("[[facility, laboratory, weight as a string], …], by facility."))
    list_hash = models.CharField(max_length=64)
    commit_by = models.DateTimeField()
    value = models.CharField(max_length=64, help_text=_("The operator's own, secret until the result."))
    commitment = models.CharField(max_length=64, unique=True)
    day_secrets = models.JSONField(
        default=list,
        help_text=_("The last link of each place's chain, opened day by day; none where days are not drawn."),
    )
    day_commitments = models.JSONField(default=list, help_text=_("To the first link of each place's chain."))
    sealed_at = models.DateTimeField(null=True, blank=True)
    reveal_by = models.DateTimeField(null=True, blank=True)
    seal = models.CharField(max_length=64, blank=True, help_text=_("Leaf hash of the entry that sealed it."))
    drawn_at = models.DateTimeField(null=True, blank=True)
    size = models.BigIntegerField(null=True, blank=True, help_text=_("Entries of the record up to the sealing."))
    root = models.CharField(max_length=64, blank=True, help_text=_("The record's root over them."))
    seed = models.CharField(max_length=64, blank=True)
    drawn = models.JSONField(default=list, help_text=_("Keys of the facilities, in the order drawn."))
    days_opened_at = models.DateTimeField(null=True, blank=True)

    objects = DrawQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_at=None, reveal_by=None, seal="")
                | (Q(sealed_at__gte=models.F("commit_by"), reveal_by__isnull=False) & ~Q(seal="")),
                name="draw_sealed_after_its_commitments",
            ),
            models.CheckConstraint(
                condition=Q(drawn_at=None, seed="") | (Q(drawn_at__gte=models.F("reveal_by")) & ~Q(seed="")),
                name="draw_drawn_after_its_values",
            ),
            models.CheckConstraint(
                condition=Q(days_opened_at=None) | Q(days_opened_at__gt=models.F("drawn_at")),
                name="draw_days_opened_after_its_result",
            ),
        ]

    def __str__(self) -> str:
        return f"draw {self.key}"


class DrawValue(models.Model):
    """What an organisation committed to in a draw, and its value once it was handed in."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="values")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    commitment = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    value = models.CharField(max_length=64, blank=True)
    revealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["organisation__name"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "organisation"], name="one_value_a_draw"),
            models.CheckConstraint(
                condition=Q(value="", revealed_at=None) | (~Q(value="") & Q(revealed_at__isnull=False)),
                name="draw_value_revealed",
            ),
        ]

    def __str__(self) -> str:
        return f"value of {self.organisation_id} in draw {self.draw_id}"
