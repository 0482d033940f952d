from django.db import models
from django.utils.translation import gettext_lazy as _

from treaty.models.votes import Ballot


class ReceiptMail(models.Model):
    """That a ballot's receipt was mailed to everybody who acts for its organisation."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="receipt_mail")
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"receipt of {self.ballot_id}"


class Letter(models.Model):
    """That all who act for the organisations concerned were mailed what was done in their name."""

    about = models.CharField(max_length=20)  # a key of `treaty.actions.letters.ABOUT`
    row = models.BigIntegerField(help_text=_("The primary key of what was done."))
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["about", "row"], name="letter_once")]

    def __str__(self) -> str:
        return f"letter about {self.about} {self.row}"
