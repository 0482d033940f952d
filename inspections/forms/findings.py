"""What is typed about findings after their report."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from inspections.forms import LONGEST_NOTES, PlainText


class FindingWordsForm(forms.Form):
    """Words about a finding; the view names them."""

    words = PlainText(max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 6}))


class BodyWordsForm(FindingWordsForm):
    """Words in the name of a body."""

    body = forms.ModelChoiceField(
        label=_("In the name of"), queryset=Organisation.objects.none(), to_field_name="key", empty_label=None
    )
    field_order = ["body", "words"]

    def __init__(self, *args: Any, bodies: Collection[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["body"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Organisation.objects.filter(pk__in=[one.pk for one in bodies])


class ReferFindingForm(BodyWordsForm):
    """Why a case is opened; the record of cases takes 10,000 characters."""

    words = PlainText(max_length=10_000, widget=forms.Textarea(attrs={"rows": 6}))
