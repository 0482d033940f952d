from django.db import models

from treaty.models.votes import Ballot


class ReceiptMail(models.Model):
    """That a ballot's receipt was mailed to everybody who acts for its organisation."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="receipt_mail")
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"receipt of {self.ballot_id}"
