"""What is typed about how a facility is inspected."""

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import LONGEST_NOTES, PlainText


class AgreementForm(forms.Form):
    """A version of a facility agreement."""

    entry = PlainText(
        label=_("Points of entry"),
        help_text=_("Where inspectors arrive, at which hours, and what they bring."),
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    escorts = PlainText(
        label=_("Escorts"),
        help_text=_("Who goes with them, and how soon somebody is there."),
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    shrouding = PlainText(
        label=_("Shrouding"),
        help_text=_("What may be covered, and what is shown in its place."),
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
