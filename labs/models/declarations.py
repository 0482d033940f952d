from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from labs.rules.declarations import DeclarationKind

KIND_LABELS = {
    DeclarationKind.INITIAL: _("Initial declaration"),
    DeclarationKind.UPDATE: _("Periodic update"),
    DeclarationKind.CHIP_REGISTER: _("Chip register"),
    DeclarationKind.CHANGE: _("Notice of a change"),
    DeclarationKind.TRANSFER: _("Announcement of a transfer"),
}


class DeclarationQuerySet(models.QuerySet["Declaration"]):
    """Declarations, filtered."""

    def unfiled(self, at: datetime | None = None) -> Self:
        """Those not filed yet, or not by `at`."""
        return self.filter(filed_at=None) if at is None else self.exclude(filed_at__lte=at)

    def due_by(self, at: datetime) -> Self:
        """Those whose due instant has come by `at`."""
        return self.filter(due_at__lte=at)


class Declaration(models.Model):
    """What a laboratory owes by an instant, and when it filed it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="declarations")
    kind = models.CharField(max_length=16, choices=[(kind.value, label) for kind, label in KIND_LABELS.items()])
    due_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True, blank=True)
    nil = models.BooleanField(null=True, blank=True, help_text=_("Whether it says that there is nothing to declare."))
    marked_overdue_at = models.DateTimeField(null=True, blank=True)

    objects = DeclarationQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "kind", "due_at"], name="declaration_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in DeclarationKind]), name="declaration_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(filed_at=None, nil=None) | models.Q(filed_at__isnull=False, nil__isnull=False),
                name="declaration_filed",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(filed_at=None), name="declaration_unfiled")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.kind} {self.due_at:%Y-%m-%d}"
