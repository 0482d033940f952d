from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import PlainText
from labs.models import Facility
from treaty.forms.pauses import OrganisationForm


class FacilityField(forms.ModelChoiceField):  # type: ignore[type-arg] # Django's class takes no argument at run time
    """A facility of those on offer, by laboratory."""

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=Facility.objects.none(), to_field_name="key", **options)

    def offer(self, facilities: list[Facility]) -> None:
        """Let one of these be chosen."""
        self.queryset = Facility.objects.filter(pk__in=[one.pk for one in facilities]).select_related("organisation")
        groups: dict[str, list[tuple[str, str]]] = {}
        for one in facilities:
            groups.setdefault(one.organisation.name, []).append((one.key, one.name))
        self.choices = [("", "---------"), *groups.items()]


class ChallengeForm(OrganisationForm):
    """Which facility is to be inspected, and why."""

    facility = FacilityField(
        label=_("Facility"),
        help_text=_("Those in use that are on record. One that was never declared is a case to refer."),
    )
    ground = PlainText(
        label=_("Reasons"),
        help_text=_("What gives you reason to ask. Your words are published with the challenge."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    field_order = ["organisation", "facility", "ground"]

    def __init__(self, *args: Any, facilities: list[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        assert isinstance(field, FacilityField)
        field.offer(facilities)


class FrivolousForm(OrganisationForm):
    """Why a body finds the request of a challenge frivolous."""

    reasons = PlainText(
        label=_("Reasons"),
        help_text=_("Published with the challenge. The record holds a salted commitment to these words."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    field_order = ["organisation", "reasons"]
