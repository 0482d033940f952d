from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.organisations import Organisation
from accounts.models.people import User
from accounts.rules.keys import MOST_SIGNERS
from accounts.rules.statements import KeyKind

KEY_KIND_LABELS = {
    KeyKind.PASSKEY: _("Passkey"),
    KeyKind.SSH: _("SSH key"),
    KeyKind.ED25519: _("Machine key (Ed25519)"),
    KeyKind.SOFTWARE: _("Software key of the demonstration"),
}


class OrganisationRoot(models.Model):
    """A root key that an organisation declared; the newest holds, where the annex prints none. Append-only."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="roots")
    public_key = models.CharField(max_length=200, help_text=_("DER SubjectPublicKeyInfo in base64url."))
    key_id = models.CharField(max_length=32, unique=True)
    signature = models.TextField(help_text=_("Of the root key itself, or of the one that it supersedes."))
    declared_at = models.DateTimeField()
    entry_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-declared_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.organisation_id} root {self.key_id}"


class VotingKeyQuerySet(models.QuerySet["VotingKey"]):
    """Voting keys, filtered."""

    def unrevoked(self) -> Self:
        """Those that still stand."""
        return self.filter(revoked_at=None)


class VotingKey(models.Model):
    """A key that signs ballots of an organisation, as the record enrolled it. Only its revocation is ever added."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="voting_keys")
    holder = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="voting_keys")
    label = models.CharField(max_length=60, blank=True, help_text=_("What its holder calls it; not in the record."))
    kind = models.CharField(max_length=16, choices=[(kind.value, label) for kind, label in KEY_KIND_LABELS.items()])
    public_key = models.CharField(max_length=200, help_text=_("DER SubjectPublicKeyInfo in base64url."))
    key_id = models.CharField(max_length=32, unique=True)
    origin = models.CharField(max_length=255, blank=True)
    rp_id = models.CharField(max_length=253, blank=True)
    credential = models.CharField(max_length=1400, blank=True)
    signed_by = models.CharField(max_length=32, help_text=_('"root", or the id of the key that it succeeds.'))
    signature = models.TextField()
    enrolled_at = models.DateTimeField()
    usable_at = models.DateTimeField(help_text=_("Votes noticed from then on take its ballots."))
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=32, blank=True, help_text=_('"root" or the id of the key that signed it.'))
    entry_hash = models.CharField(max_length=64)

    objects = VotingKeyQuerySet.as_manager()

    class Meta:
        ordering = ["organisation", "enrolled_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in KeyKind]), name="voting_key_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_by="")),
                name="voting_key_revoked_by",
            ),
            models.CheckConstraint(
                condition=models.Q(usable_at__gte=models.F("enrolled_at")), name="voting_key_cools_off"
            ),
            models.CheckConstraint(
                condition=(~models.Q(kind=KeyKind.PASSKEY.value) & models.Q(origin="", rp_id="", credential=""))
                | (models.Q(kind=KeyKind.PASSKEY.value) & ~models.Q(origin="") & ~models.Q(credential="")),
                name="voting_key_passkey",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.kind} {self.key_id}"


class SigningRule(models.Model):
    """How many keys must sign each ballot of an organisation, in votes noticed from then on. Append-only."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="signing_rules")
    signers = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    signature = models.TextField(help_text=_("Of the root key."))
    required_at = models.DateTimeField()
    entry_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["organisation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="signing_rule_number_once"),
            models.CheckConstraint(
                condition=models.Q(signers__gte=1, signers__lte=MOST_SIGNERS), name="signing_rule_signers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.signers}"
