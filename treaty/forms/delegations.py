"""Forms of delegation: shapes only; what is allowed is decided by the action."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from labs.forms import Instant
from treaty.forms.pauses import OrganisationForm
from treaty.queries.delegations import peers
from treaty.queries.texts import rules_at


class DelegationForm(OrganisationForm):
    """Who votes, in which decisions, and until when."""

    delegate = forms.ModelChoiceField(
        label=_("Delegate"),
        queryset=Organisation.objects.none(),
        to_field_name="key",
        empty_label=_("Choose a member"),
        help_text=_("Another member of the same class. Its ballot counts for yours as well, unless you vote yourself."),
    )
    decision = forms.ChoiceField(label=_("For which decisions"), required=False)
    until = Instant(label=_("Until"))
    field_order = ["organisation", "delegate", "decision", "until"]

    def __init__(self, *args: Any, organisations: list[Organisation], at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, organisations=organisations, **kwargs)
        rules, others = rules_at(at), {one for mine in organisations for one in peers(mine, at)}
        delegate, decision, until = (self.fields[name] for name in ("delegate", "decision", "until"))
        assert isinstance(delegate, forms.ModelChoiceField)
        assert isinstance(decision, forms.ChoiceField)
        delegate.queryset = Organisation.objects.filter(pk__in=[one.pk for one in others])
        decision.choices = [
            ("", _("All decisions")),
            *((key, rules.profiles[profile].title) for key, profile in rules.decisions.items()),
        ]
        if rules.delegation:
            latest = rules.delegation.longest.after(at).replace(second=0, microsecond=0)
            self.initial.setdefault("until", latest)
            until.help_text = _("In UTC, by %(latest)s at the latest.") % {"latest": f"{latest:%Y-%m-%d %H:%M}"}
