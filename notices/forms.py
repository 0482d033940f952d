from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from notices.models.subscriptions import TOPIC_LABELS
from notices.rules.topics import Topic


class FollowForm(forms.Form):
    """What somebody wants to be mailed."""

    email = forms.EmailField(
        label=_("E-mail address"), help_text=_("Kept for these mails alone, in no record, and shown to nobody.")
    )
    topics = forms.MultipleChoiceField(
        label=_("What about"),
        choices=[(topic.value, TOPIC_LABELS[topic]) for topic in Topic],
        initial=[Topic.PAUSES.value],
        widget=forms.CheckboxSelectMultiple,
    )
    lab = forms.ModelChoiceField(
        label=_("Which laboratory"),
        queryset=Organisation.objects.laboratories(),
        required=False,
        empty_label=_("All laboratories"),
        to_field_name="key",
    )
    daily = forms.ChoiceField(
        label=_("How often"),
        choices=[("", _("At once")), ("daily", _("Once a day"))],
        required=False,
        widget=forms.RadioSelect,
        help_text=_("A pause is always told of at once."),
    )


class HookForm(forms.Form):
    """An address that is sent what goes on record."""

    url = forms.CharField(
        label=_("Address"),
        help_text=_("https, on a public host, port 443 or 8443. Redirects are not followed."),
        max_length=500,
        widget=forms.URLInput,
    )
    topics = forms.MultipleChoiceField(
        label=_("What about"),
        choices=[(topic.value, TOPIC_LABELS[topic]) for topic in Topic],
        initial=[topic.value for topic in Topic],
        widget=forms.CheckboxSelectMultiple,
    )
