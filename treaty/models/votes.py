from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User, VotingKey
from accounts.models.keys import KEY_KIND_LABELS
from accounts.rules.statements import KeyKind
from treaty.models.texts import TreatyText
from treaty.rules.profiles import Choice
from treaty.rules.votes import Outcome, Reason, Recusal

CHOICE_LABELS = {Choice.CONSENT: _("Consent"), Choice.OBJECT: _("Object"), Choice.ABSTAIN: _("Abstain")}
OUTCOME_LABELS = {Outcome.ADOPTED: _("Adopted"), Outcome.REJECTED: _("Rejected")}
REASON_LABELS = {
    Reason.THRESHOLD_MET: _("The threshold was met"),
    Reason.SILENCE: _("By silence: too few objected"),
    Reason.NO_BLOCKING_MINORITY: _("Too few withheld their consent to block it"),
    Reason.DEFAULT: _("The text says so when the count does not decide"),
    Reason.NO_QUORUM: _("No quorum"),
    Reason.THRESHOLD: _("The threshold was not met"),
    Reason.CLASS: _("One class did not concur"),
    Reason.TIE: _("A tie"),
    Reason.VETO: _("A veto"),
    Reason.ALL_RECUSED: _("Everybody is recused: the matter is referred outward"),
    Reason.NOBODY_ENTITLED: _("Nobody is entitled: the matter is referred outward"),
}
RECUSAL_LABELS = {
    Recusal.SUBJECT: _("The vote is about it"),
    Recusal.REQUESTER: _("It asked for the vote"),
    Recusal.AFFILIATE: _("It is affiliated with the subject or the requester"),
}


class VoteQuerySet(models.QuerySet["Vote"]):
    """Votes, filtered."""

    def due(self, at: datetime) -> Self:
        """Those that time moves on at `at`."""
        return self.filter(next_at__lte=at)

    def undecided(self, at: datetime) -> Self:
        """Those that were noticed by `at` and, as far as is written down, had not closed."""
        return self.filter(noticed_at__lte=at, withdrawn_at=None).filter(Q(closed_at=None) | Q(closed_at__gt=at))

    def decided(self, at: datetime) -> Self:
        """Those that had closed by `at`, the newest first."""
        return self.filter(closed_at__lte=at).order_by("-closed_at", "-pk")

    def awaiting_effect(self, at: datetime) -> Self:
        """Adopted ones whose timelock has run by `at` and whose effect is still to be applied."""
        return self.filter(
            outcome=Outcome.ADOPTED, effective_at__lte=at, effect_applied_at=None, effect_settled_at=None
        )


class Vote(models.Model):
    """A question put to the parties. Rule, text and roll are frozen at notice; the instants below follow from them."""

    key = models.SlugField(max_length=32, unique=True)
    decision = models.CharField(max_length=64)
    profile_key = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    question = models.TextField()
    subject = models.JSONField(default=dict)
    profile = models.JSONField()
    profile_hash = models.CharField(max_length=64)
    roll_hash = models.CharField(max_length=64)
    text = models.ForeignKey(TreatyText, on_delete=models.PROTECT, related_name="votes")
    requester = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    subject_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pause = models.ForeignKey("treaty.Pause", on_delete=models.PROTECT, null=True, blank=True, related_name="votes")
    emergency = models.BooleanField(default=False)
    noticed_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    silence_ends_at = models.DateTimeField(null=True, blank=True)
    contested_at = models.DateTimeField(null=True, blank=True)
    extended_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField()
    last_ballot_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_reason = models.TextField(blank=True)
    withdrawal_salt = models.CharField(max_length=64, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("The instant at which it closed, not the one at which a sweep noticed.")
    )
    outcome = models.CharField(
        max_length=16, blank=True, choices=[(outcome.value, label) for outcome, label in OUTCOME_LABELS.items()]
    )
    reason = models.CharField(
        max_length=32, blank=True, choices=[(reason.value, label) for reason, label in REASON_LABELS.items()]
    )
    tally = models.JSONField(default=dict, blank=True)
    effective_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    effect_applied_at = models.DateTimeField(null=True, blank=True)
    effect_settled_at = models.DateTimeField(
        null=True, blank=True, help_text=_("The effect was refused or expired: it is not tried again.")
    )
    effect_note = models.CharField(max_length=500, blank=True)
    ratified_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text=_("When time moves it on next."))

    objects = VoteQuerySet.as_manager()

    class Meta:
        ordering = ["-noticed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(opens_at__gte=F("noticed_at")), name="vote_noticed_before_opening"),
            models.CheckConstraint(condition=Q(closes_at__gte=F("opens_at")), name="vote_opens_before_closing"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="", reason="")
                | Q(
                    closed_at__isnull=False,
                    outcome__in=[outcome.value for outcome in OUTCOME_LABELS],
                    reason__in=[reason.value for reason in REASON_LABELS],
                ),
                name="vote_closed_with_outcome",
            ),
            models.CheckConstraint(condition=Q(withdrawn_at=None) | Q(closed_at=None), name="vote_closed_or_withdrawn"),
            models.CheckConstraint(
                condition=Q(effective_at=None) | Q(outcome=Outcome.ADOPTED.value), name="vote_takes_effect_if_adopted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"


class RollEntry(models.Model):
    """One line of a vote's electoral roll, frozen at notice."""

    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="roll")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    electorate = models.CharField(max_length=64)
    weight_numerator = models.PositiveBigIntegerField(default=1)
    weight_denominator = models.PositiveIntegerField(default=1)
    recused = models.BooleanField(default=False)
    recusal_reason = models.CharField(
        max_length=16, blank=True, choices=[(why.value, label) for why, label in RECUSAL_LABELS.items()]
    )

    delegate = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["electorate", "organisation__key"]
        verbose_name_plural = "roll entries"
        constraints = [
            models.UniqueConstraint(fields=["vote", "electorate", "organisation"], name="roll_entry_once"),
            models.CheckConstraint(
                condition=Q(weight_numerator__gte=1, weight_denominator__gte=1), name="roll_entry_weight"
            ),
            models.CheckConstraint(
                condition=Q(recused=False, recusal_reason="")
                | Q(recused=True, recusal_reason__in=[why.value for why in RECUSAL_LABELS]),
                name="roll_entry_recusal",
            ),
            models.CheckConstraint(
                condition=Q(delegate=None) | Q(recused=False) & ~Q(delegate=F("organisation")),
                name="roll_entry_delegates_to_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vote_id} {self.electorate} {self.organisation_id}"


class BallotQuerySet(models.QuerySet["Ballot"]):
    """Ballots, filtered."""

    def newest(self) -> Self:
        """Each organisation's ballot that stands, of every vote."""
        return self.order_by("vote", "organisation", "-sequence").distinct("vote", "organisation")


class Ballot(models.Model):
    """What an organisation said, once; a later one supersedes it. Rows are append-only by database trigger."""

    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="ballots")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=16, choices=[(choice.value, label) for choice, label in CHOICE_LABELS.items()])
    ground = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    content = models.BinaryField(help_text=_("The canonical ballot, byte for byte as it is hashed."))
    sequence = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    key_kind = models.CharField(max_length=16, default="session")
    proofs = models.JSONField(
        default=list, blank=True, help_text=_("The signatures as they were received: the key's id, and its proof.")
    )
    hash = models.CharField(max_length=64, help_text=_("Of the canonical ballot."))
    entry_hash = models.CharField(max_length=64, help_text=_("Of the entry in the record: the receipt."))
    salt = models.CharField(max_length=64, blank=True, help_text=_("Of a sealed ballot's commitment."))

    objects = BallotQuerySet.as_manager()

    class Meta:
        ordering = ["vote", "received_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["vote", "organisation", "sequence"], name="ballot_sequence_once"),
            models.UniqueConstraint(fields=["vote", "hash"], name="ballot_hash_once"),
            models.CheckConstraint(
                condition=Q(choice__in=[choice.value for choice in CHOICE_LABELS]), name="ballot_choice"
            ),
            models.CheckConstraint(
                condition=~Q(choice=Choice.OBJECT.value) | ~Q(reason=""), name="ballot_objection_has_reason"
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="ballot_sequence_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.vote_id} {self.organisation_id} {self.choice}"

    @property
    def signed_with(self) -> str:
        """What vouches for it, in words."""
        return str(_("by sign-in") if self.key_kind == "session" else KEY_KIND_LABELS[KeyKind(self.key_kind)])


class Repudiation(models.Model):
    """An organisation's root key says that a ballot is not its own. Append-only."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="repudiation")
    signature = models.TextField(help_text=_("Of the root key, under the statement of purpose repudiation."))
    repudiated_at = models.DateTimeField()
    recounted = models.BooleanField(
        help_text=_("It came before the effect: the vote was counted again without the ballot.")
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    entry_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["repudiated_at", "pk"]

    def __str__(self) -> str:
        return f"{self.ballot_id} repudiated"


class BallotSignature(models.Model):
    """One signature under a ballot that needs more of them; it counts for nothing until enough keys have signed. Append-only."""

    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="signatures")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    key = models.ForeignKey(VotingKey, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField(help_text=_("The canonical ballot, byte for byte as it is hashed."))
    hash = models.CharField(max_length=64, help_text=_("Of the canonical ballot."))
    proof = models.JSONField()
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()
    entry_hash = models.CharField(max_length=64)
    salt = models.CharField(max_length=64, blank=True, help_text=_("Of a sealed signature's commitment."))

    class Meta:
        ordering = ["vote", "received_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["vote", "hash", "key"], name="ballot_signature_once"),
        ]

    def __str__(self) -> str:
        return f"{self.vote_id} {self.organisation_id} {self.key_id}"
