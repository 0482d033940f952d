"""What is typed about special visits."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import PlainText
from inspections.forms.challenges import FacilityField
from labs.models import Facility
from treaty.forms.pauses import OrganisationForm


class SpecialForm(OrganisationForm):
    """Which facility is to be visited, and why routine information is not enough."""

    facility = FacilityField(label=_("Facility"))
    reason = PlainText(
        label=_("Reason"),
        help_text=_("What reports and routine visits leave open. Your words are published at once."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    field_order = ["organisation", "facility", "reason"]

    def __init__(self, *args: Any, facilities: list[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        assert isinstance(field, FacilityField)
        field.offer(facilities)


class AnswerForm(forms.Form):
    """Whether the party agrees to a special visit."""

    agrees = forms.TypedChoiceField(
        label=_("Answer"),
        choices=[("yes", _("We agree to the visit.")), ("no", _("We refuse the visit."))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    words = PlainText(
        label=_("Words"),
        help_text=_("Needed for a refusal. They are published; the record holds a salted commitment."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
