"""What is typed about managed access."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import LONGEST_NOTES, PlainText
from inspections.models.managed_access import MEASURE_LABELS, REQUEST_EVENT_LABELS
from inspections.rules.managed_access import TRANSITIONS, RequestState


class ManagedAccessForm(forms.Form):
    """What the party asks for."""

    layer = forms.ChoiceField(label=_("What it concerns"))
    measure = forms.ChoiceField(
        label=_("What you ask for"),
        choices=[(one.value, label) for one, label in MEASURE_LABELS.items()],
        widget=forms.RadioSelect,
    )
    reason = PlainText(
        label=_("What, where and why"),
        help_text=_("For the team and its bodies. The public sees which layer and which measure."),
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, layers: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["layer"].choices = list(layers.items())  # type: ignore[attr-defined] # it is a ChoiceField


class SettleAccessForm(forms.Form):
    """What the team says of it."""

    event = forms.ChoiceField(label=_("What becomes of it"), widget=forms.RadioSelect)
    words = PlainText(
        label=_("On what terms, or why"), max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, state: RequestState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        events = [event for before, event in TRANSITIONS if before is state]
        self.fields["event"].choices = [(one.value, REQUEST_EVENT_LABELS[one]) for one in events]  # type: ignore[attr-defined] # it is a ChoiceField
