"""What is typed and handed in about tips and the keys that they are sealed to."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Malformed
from inspections.forms import PlainText
from inspections.models.tips import OUTCOME_LABELS
from inspections.rules.recipients import read_recipient
from inspections.rules.tips import HANDLE, LONGEST_OUTCOME, Outcome
from treaty.forms.keys import SignatureForm


class SealedForm(forms.Form):
    """A sealed file."""

    file = forms.FileField(label=_("Sealed file"), help_text=_("A binary age file, such as tip.age."))


class HandleForm(forms.Form):
    """What somebody who handed in a sealed file comes back with."""

    handle = forms.RegexField(
        rf"^{HANDLE.pattern}$",
        label=_("Return handle"),
        help_text=_("The 64 characters that you were given with the upload. Never type a receipt code here."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class TipCloseForm(forms.Form):
    """What became of a tip."""

    outcome = forms.ChoiceField(
        label=_("What became of it"),
        choices=[(value.value, OUTCOME_LABELS[value]) for value in Outcome],
        widget=forms.RadioSelect,
    )
    words = PlainText(
        label=_("A line for the public"),
        help_text=_("Optional. Nothing by which anybody could tell who wrote the tip."),
        required=False,
        max_length=LONGEST_OUTCOME,
    )


class RecipientForm(SignatureForm):
    """A recipient to publish."""

    recipient = forms.CharField(
        label=_("Recipient"),
        help_text=_(
            "The line that begins with age1, as age-keygen prints it. The identity stays with your body, offline."
        ),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ["recipient", "signed_by", "signature"]

    def clean_recipient(self) -> str:
        """Return the recipient, checked."""
        try:
            return read_recipient(self.cleaned_data["recipient"])
        except Malformed as error:
            raise forms.ValidationError(error.detail) from None
