"""The form by which an amendment is proposed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from treaty.forms.pauses import OrganisationForm
from treaty.forms.texts import TextForm


class AmendmentForm(TextForm, OrganisationForm):
    """The next version of the text, byte for byte, and the question that is put to the vote."""

    title = forms.CharField(label=_("Title"), max_length=200)
    question = forms.CharField(
        label=_("Question"),
        help_text=_("The exact words that are voted on, with the reason. They are frozen and published."),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
    )
    field_order = ["organisation", "file", "title", "question"]
