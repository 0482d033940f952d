from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models.texts import TreatyText
from treaty.models.votes import Vote


class Amendment(models.Model):
    """A proposed next version of the treaty text: its exact bytes, and the vote on their hash. Append-only but for `text`."""

    key = models.SlugField(max_length=16, unique=True)
    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="amendment")
    base = models.ForeignKey(
        TreatyText, on_delete=models.PROTECT, related_name="amendments", help_text=_("The text that it would replace.")
    )
    proposer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    source = models.BinaryField()
    sha256 = models.CharField(max_length=64, db_index=True)
    proposed_at = models.DateTimeField()
    text = models.OneToOneField(
        TreatyText,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="made_by",
        help_text=_("The text that it became."),
    )

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(sha256__regex="^[0-9a-f]{64}$"), name="amendment_sha256")
        ]

    def __str__(self) -> str:
        return f"amendment {self.key}"
