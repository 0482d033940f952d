"""What people type about a report that is submitted."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import PlainText
from inspections.rules.redactions import RedactionState


class AmendForm(forms.Form):
    """Why a report is amended."""

    reason = PlainText(
        label=_("What is put right, and why"),
        max_length=4000,
        help_text=_("It is published with the amended report. The version before stays as it is."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class AskRedactionForm(forms.Form):
    """Which passage is to be taken out of what is published, and why."""

    place = forms.ChoiceField(label=_("Passage"))
    ground = forms.ChoiceField(label=_("Ground"), widget=forms.RadioSelect)
    reason = PlainText(
        label=_("Why it applies here"),
        max_length=4000,
        help_text=_("For the bodies of the visit. The record holds a commitment to it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, places: list[tuple[str, str]], grounds: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        for name, choices in (("place", places), ("ground", list(grounds.items()))):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


class DecideRedactionForm(forms.Form):
    """Whether the passage is taken out."""

    state = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            (RedactionState.GRANTED.value, _("Take it out of what is published")),
            (RedactionState.REFUSED.value, _("Leave it as it is")),
        ],
        widget=forms.RadioSelect,
    )
    basis = PlainText(label=_("On what consideration"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
