"""What people paste about keys: public keys in the usual spellings, and signatures made elsewhere."""

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import VotingKey
from accounts.models.keys import KEY_KIND_LABELS
from accounts.rules.keys import ROOT
from accounts.rules.signatures import dump_key, read_ssh_key
from accounts.rules.statements import ARMOR, KeyKind
from core.canonical import parse
from core.errors import Malformed

LONGEST_PASTE = 8000
SIGNS_ELSEWHERE = (KeyKind.SSH, KeyKind.ED25519)


@dataclass(frozen=True)
class PublicKey:
    """A public key as it was pasted; the last three belong to passkeys."""

    kind: KeyKind
    public_key: str
    origin: str = ""
    rp_id: str = ""
    credential: str = ""


def read_public_key(text: str) -> PublicKey:
    """Read an OpenSSH line, a PEM of Ed25519, or the enrolment that the ballot host saved; raise Malformed."""
    text = text.strip()
    if text.startswith("{"):
        return read_enrolment(text)
    if text.startswith("-----BEGIN PUBLIC KEY-----"):
        return PublicKey(KeyKind.ED25519, read_pem(text))
    return PublicKey(KeyKind.SSH, read_ssh_key(text))


def read_pem(text: str) -> str:
    """Return an Ed25519 public key from PEM as the record writes it."""
    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Malformed("This is not an Ed25519 public key in PEM.")
    return dump_key(key)


def read_enrolment(text: str) -> PublicKey:
    """Read the enrolment of a passkey that the ballot host composed."""
    value = parse(text)
    names = ("public_key", "origin", "rp_id", "credential")
    if not isinstance(value, dict) or value.get("kind") != KeyKind.PASSKEY:
        raise Malformed("This is not the enrolment of a passkey that the ballot host saved.")
    found = {name: part for name in names if isinstance(part := value.get(name), str)}
    if set(found) != set(names):
        raise Malformed("This enrolment of a passkey is not whole.")
    return PublicKey(KeyKind.PASSKEY, **found)


def read_signature(text: str) -> str:
    """Return a pasted signature as statements take it: an armored SSH signature, or base64url without padding."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines and lines[0] == ARMOR:
        return "\n".join(lines)
    return "".join(lines).replace(" ", "").rstrip("=").replace("+", "-").replace("/", "_")


class SignatureForm(forms.Form):
    """The signature under a statement, by the root key or a key that stands."""

    signed_by = forms.ChoiceField(label=_("Signed by"))
    signature = forms.CharField(
        label=_("Signature"),
        help_text=_("What the command printed: the whole armored block of ssh-keygen, or base64."),
        max_length=LONGEST_PASTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, keys: list[VotingKey], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = [(one.key_id, f"{KEY_KIND_LABELS[KeyKind(one.kind)]} {one.label or one.key_id[:8]}") for one in keys]
        self.fields["signed_by"].choices = [(ROOT, _("The root key")), *able]  # type: ignore[attr-defined] # it is a ChoiceField
        if not able:
            self.fields["signed_by"].widget = forms.HiddenInput()
            self.fields["signed_by"].initial = ROOT

    def clean_signature(self) -> str:
        """Return the signature as statements take it."""
        return read_signature(self.cleaned_data["signature"])


class PublicKeyField(forms.CharField):
    """A public key in any usual spelling; its value is a `PublicKey`."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        """Return what was read, beside the text."""
        text = super().clean(value)
        try:
            return read_public_key(text)
        except Malformed as error:
            raise forms.ValidationError(error.detail) from None


class RegisterForm(SignatureForm):
    """A key to enrol."""

    public_key = PublicKeyField(
        label=_("Public key"),
        help_text=_(
            "A line of OpenSSH (ssh-ed25519 or ecdsa-sha2-nistp256), an Ed25519 key in PEM for a machine, or the enrolment that the ballot host saved."
        ),
        max_length=LONGEST_PASTE,
    )
    label = forms.CharField(
        label=_("What you call it"),
        help_text=_("Your organisation sees it; the record does not."),
        max_length=60,
        required=False,
    )
    field_order = ["public_key", "label", "signed_by", "signature"]


class RootForm(SignatureForm):
    """A root key to declare."""

    public_key = PublicKeyField(
        label=_("Public root key"),
        help_text=_(
            "A line of OpenSSH, or an Ed25519 key in PEM. Keep its private part offline, where this site never is."
        ),
        max_length=LONGEST_PASTE,
    )
    field_order = ["public_key", "signed_by", "signature"]


class SignersForm(SignatureForm):
    """How many keys sign a ballot."""

    signers = forms.IntegerField(label=_("Keys that sign each ballot"), min_value=1, max_value=9)
    field_order = ["signers", "signed_by", "signature"]
