"""The forms of people and organisations: shape and words only."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from accounts.models.organisations import KIND_LABELS
from accounts.models.people import ROLE_LABELS
from accounts.rules.organisations import ROLES, Kind

password_help = lazy(password_validators_help_text_html, str)


class AcceptForm(forms.Form):
    """An invited person's name and password."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        help_text=password_help(),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        """Refuse a weak password, or one like the name or address."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password

    def clean_again(self) -> str:
        """Refuse a slip of the fingers."""
        if self.cleaned_data.get("password", self.cleaned_data["again"]) != self.cleaned_data["again"]:
            raise forms.ValidationError(_("The two passwords differ."))
        return str(self.cleaned_data["again"])


class FoundForm(forms.Form):
    """An organisation to be entered; what its name and key may be is decided by the action."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(kind.value, label) for kind, label in KIND_LABELS.items() if kind != Kind.SECRETARIAT],
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        help_text=_("In one script, and unlike every name that is entered already. It is public and stays."),
    )
    key = forms.CharField(
        label=_("Key"),
        max_length=64,
        help_text=_(
            "How the record names it: 2 to 41 small letters, digits and hyphens. The annexes of the text use the same."
        ),
    )
    jurisdiction = forms.CharField(
        label=_("Jurisdiction"),
        max_length=2,
        required=False,
        help_text=_("The two capital letters of ISO 3166, such as CA. Empty for an international body."),
    )


class InviteForm(forms.Form):
    """Whom to ask to act for an organisation, and as what."""

    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = sorted(ROLES[Kind(organisation.kind)])
        choices = [(role.value, ROLE_LABELS[role]) for role in roles]
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=choices)


class EndForm(forms.Form):
    """Nothing to fill in: which membership is in the address."""


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("What it is for, such as “CI of the training cluster”.")
    )
    days = forms.TypedChoiceField(
        label=_("Good for"), coerce=int, choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days"))], initial=30
    )


class RevokeForm(forms.Form):
    """Which token to revoke."""

    token = forms.CharField(widget=forms.HiddenInput)
