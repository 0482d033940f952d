"""The key directory as rows hold it."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from accounts.models import Organisation, OrganisationRoot, SigningRule, VotingKey
from accounts.rules.keys import Directory, Key
from accounts.rules.statements import KeyKind


def key_value(row: VotingKey) -> Key:
    """Return the key as the rules take it; fetch its organisation along."""
    return Key(
        kind=KeyKind(row.kind),
        public_key=row.public_key,
        origin=row.origin,
        rp_id=row.rp_id,
        credential=row.credential,
        organisation=row.organisation.key,
        enrolled_at=row.enrolled_at,
        usable_at=row.usable_at,
        signed_by=row.signed_by,
        revoked=row.revoked_at is not None,
    )


def declared_root(organisation: Organisation) -> str | None:
    """Return the root key that the organisation declared last."""
    return OrganisationRoot.objects.filter(organisation=organisation).values_list("public_key", flat=True).first()


def directory_of(organisation: Organisation, root: str | None) -> Directory:
    """Return the organisation's keys under the root that holds for it."""
    rows = VotingKey.objects.filter(organisation=organisation).select_related("organisation")
    return Directory(
        log=settings.LEDGER["ORIGIN"],
        roots={organisation.key: root} if root else {},
        keys={row.key_id: key_value(row) for row in rows},
    )


def signers_required(organisation: Organisation, noticed_at: datetime) -> int | None:
    """Return how many keys sign each ballot in votes noticed at `noticed_at`; None where the organisation asked for none."""
    rules = SigningRule.objects.filter(organisation=organisation, required_at__lte=noticed_at)
    return rules.order_by("-number").values_list("signers", flat=True).first()


def usable_keys(organisation: Organisation, kinds: Iterable[str], noticed_at: datetime) -> list[VotingKey]:
    """Return the keys that may sign a ballot of the organisation in a vote noticed at `noticed_at`."""
    return list(
        VotingKey.objects.unrevoked().filter(organisation=organisation, kind__in=kinds, usable_at__lte=noticed_at)
    )
