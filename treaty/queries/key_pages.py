"""The key directory as its pages show it."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Organisation, OrganisationRoot, VotingKey
from accounts.rules.keys import ROOT
from accounts.rules.signatures import key_id
from accounts.rules.statements import Purpose
from core.canonical import Json, canonical
from treaty.queries.texts import rules_of, text_at
from treaty.rules.text import Text, printed_root

SHORT = 8  # digits of a key's id that tell people's keys apart


@dataclass(frozen=True)
class KeyRow:
    """A key and its state in words."""

    key: VotingKey
    sign: str
    state: str
    signed_by: str


@dataclass(frozen=True)
class OrganisationKeys:
    """What the directory says of one organisation. `root` is a key id; `declared` the entry, None where the annex prints it."""

    organisation: Organisation
    root: str
    declared: OrganisationRoot | None
    signers: int | None
    keys: Sequence[KeyRow]

    @property
    def is_printed(self) -> bool:
        """Whether the annex prints the root key, which then changes with the annex only."""
        return bool(self.root) and self.declared is None

    @property
    def standing(self) -> int:
        """How many of the keys stand."""
        return sum(1 for row in self.keys if row.key.revoked_at is None)


def key_row(key: VotingKey, at: datetime) -> KeyRow:
    """Return the key with its words."""
    signed_by = _("the root key") if key.signed_by == ROOT else _("key %(id)s") % {"id": key.signed_by[:SHORT]}
    if key.revoked_at is not None:
        return KeyRow(key, "na", _("Revoked"), signed_by)
    if key.usable_at > at:
        return KeyRow(key, "on", _("Cooling off"), signed_by)
    return KeyRow(key, "ok", _("Usable"), signed_by)


def directory(at: datetime, organisation: Organisation | None = None) -> list[OrganisationKeys]:
    """Return every organisation that has a key or a declared root, by name, or `organisation` alone; a fixed number of queries."""
    if organisation:
        return [keys_of(organisation, at)]
    rules = _rules(at)
    everybody = Organisation.objects.prefetch_related("voting_keys", "roots", "signing_rules")
    return [_keys(one, rules, at) for one in everybody if one.voting_keys.all() or one.roots.all()]


def keys_of(organisation: Organisation, at: datetime) -> OrganisationKeys:
    """Return what the directory says of `organisation`."""
    return _keys(organisation, _rules(at), at)


def _rules(at: datetime) -> Text | None:
    text = text_at(at)
    return rules_of(text) if text else None


def _keys(organisation: Organisation, rules: Text | None, at: datetime) -> OrganisationKeys:
    printed = printed_root(rules, organisation.key) if rules else None
    declared = next(iter(organisation.roots.all()), None)
    asked = list(organisation.signing_rules.all())
    return OrganisationKeys(
        organisation=organisation,
        root=key_id(printed) if printed else declared.key_id if declared else "",
        declared=None if printed else declared,
        signers=asked[-1].signers if asked else None,
        keys=[key_row(key, at) for key in organisation.voting_keys.all()],
    )


def signing_commands(purpose: Purpose, encoded: str) -> str:
    """Return how to sign a statement, whose canonical bytes are given in base64, with an SSH key or one in PEM."""
    return "\n".join(
        (
            f"printf %s '{encoded}' | openssl base64 -d -A > statement.json",
            "",
            _("# with an SSH key; paste what statement.json.sig holds"),
            f"ssh-keygen -Y sign -n {purpose.namespace} -f root-key statement.json",
            "",
            _("# or with an Ed25519 key in PEM; paste the line that is printed"),
            f"(printf '{purpose.tag}\\0'; cat statement.json) | openssl dgst -sha256 -binary > challenge.bin",
            "openssl pkeyutl -sign -rawin -inkey root-key.pem -in challenge.bin | openssl base64 -A",
        )
    )


def commands_for(purpose: Purpose, statement: Json) -> str:
    """Return how to sign `statement`."""
    return signing_commands(purpose, b64encode(canonical(statement)).decode())
