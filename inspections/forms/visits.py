"""What is recorded about a visit under way."""

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import LONGEST_NOTES, PlainText
from inspections.models.visits import CAUSE_LABELS
from inspections.rules.visits import Cause


class ReasonForm(forms.Form):
    """What was said at the gate, and whose doing it is."""

    cause = forms.TypedChoiceField(
        label=_("Whose doing is it?"),
        choices=[(cause.value, label) for cause, label in CAUSE_LABELS.items()],
        coerce=Cause,
        initial=Cause.PARTY.value,
        widget=forms.RadioSelect,
        help_text=_(
            "Only what is the party's doing is on its delay account and among its refusals. The choice is on record."
        ),
    )
    reason = PlainText(label=_("Reason given"), max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 3}))
