from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from accounts.views.readers import reader
from core.errors import Malformed, NotAllowed, require
from core.times import instant
from labs.models.readings import SOURCE_LABELS
from labs.rules.readings import Source
from ledger.queries import position
from treaty.actions.readings import submit
from treaty.models.triggers import TRUTH_LABELS
from treaty.permissions import bodies_acting, labs_acting
from treaty.queries.indicators import detail, overview
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, text_at
from treaty.queries.triggers import voice
from treaty.rules.readings import RowError, number
from treaty.rules.text import Indicator
from treaty.rules.words_conditions import length_in_words
from web.caching import cached_by
from web.views import ActionView


@method_decorator(cached_by(position), name="dispatch")
class IndicatorsPage(TemplateView):
    """Every indicator: what is measured, the newest reading, the triggers on it."""

    template_name = "treaty/indicator_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the indicators of the text in force."""
        at = timezone.now()
        return super().get_context_data(rows=overview(at), at=at, position=position(), **context)


@method_decorator(cached_by(position, "lab"), name="dispatch")
class IndicatorPage(TemplateView):
    """One indicator: its definition, its readings as chart and table, the triggers that are judged by it."""

    template_name = "treaty/indicator_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the indicator now; about one laboratory where ?lab= names it."""
        at = timezone.now()
        found = detail(self.kwargs["key"], at, self.request.GET.get("lab", ""))
        if found is None:
            raise Http404
        user = reader(self.request)
        return super().get_context_data(
            one=found,
            validity=length_in_words(found.rule.validity, voice()),
            sources=[SOURCE_LABELS[Source(source)] for source in found.rule.sources],
            triggers=[(row, TRUTH_LABELS[row.truth]) for row in found.triggers],
            may_submit=bool(subjects(user, found.rule, at)),
            crumbs=[(reverse("treaty:indicators"), _("Indicators"))],
            at=at,
            position=position(),
            **context,
        )


def subjects(
    user: User | None, rule: Indicator, at: datetime
) -> list[tuple[Organisation | None, Source, Organisation]]:
    """Return about whom `user` may submit a reading of the indicator, as which source, in whose name."""
    if rule.about == "world":
        return [(None, Source.OBSERVED, body) for body in bodies_acting(user, at=at) if "observed" in rule.sources]
    own = [(lab, Source.DECLARED, lab) for lab in labs_acting(user, at=at) if "declared" in rule.sources]
    bodies = bodies_acting(user, at=at) if "verified" in rule.sources else []
    labs = bound_labs(at) if bodies else []
    return [*own, *((lab, Source.VERIFIED, body) for body in bodies for lab in labs)]


class ReadingForm(forms.Form):
    """A reading, as people write it: numbers in any notation, the instant in UTC."""

    subject = forms.ChoiceField(label=gettext_lazy("About"))
    value = forms.CharField(
        label=gettext_lazy("Value"), max_length=60, help_text=gettext_lazy("Such as 0.42 or 3.1e25.")
    )
    low = forms.CharField(label=gettext_lazy("At least"), max_length=60, required=False)
    high = forms.CharField(label=gettext_lazy("At most"), max_length=60, required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=40)
    observed_at = forms.CharField(
        label=gettext_lazy("Observed at"),
        max_length=40,
        help_text=gettext_lazy("When it was so, in UTC, such as 2026-11-22T12:00:00Z."),
    )
    series = forms.CharField(
        label=gettext_lazy("Name of the datum"),
        max_length=120,
        required=False,
        help_text=gettext_lazy(
            "To correct a reading, give its name: the new one becomes its next version. Empty: named by the day."
        ),
    )
    evidence_url = forms.URLField(
        label=gettext_lazy("Address of the evidence"), max_length=500, required=False, assume_scheme="https"
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = choices  # type: ignore[attr-defined] # a ChoiceField

    def clean_observed_at(self) -> datetime:
        """Read the instant."""
        try:
            return instant(self.cleaned_data["observed_at"])
        except Malformed as error:
            raise forms.ValidationError(error.detail) from None

    def _number(self, name: str) -> Any:
        text = self.cleaned_data.get(name, "")
        try:
            return number(text, name) if text else None
        except RowError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_value(self) -> Any:
        """Read the value."""
        return self._number("value")

    def clean_low(self) -> Any:
        """Read the lower edge."""
        return self._number("low")

    def clean_high(self) -> Any:
        """Read the upper edge."""
        return self._number("high")


class SubmitReading(ActionView):
    """One reading by a laboratory's representative or a monitoring body's people."""

    form_class = ReadingForm
    template_name = "treaty/reading_form.html"
    success_message = gettext_lazy("The reading has been received and is on record.")

    @cached_property
    def rule(self) -> Indicator:
        """The indicator that the address names."""
        at = timezone.now()
        indicators = rules_at(at).indicators if text_at(at) else {}
        if self.kwargs["key"] not in indicators:
            raise Http404
        return indicators[self.kwargs["key"]]

    @cached_property
    def subjects(self) -> dict[str, tuple[Organisation | None, Source, Organisation]]:
        """About whom this person may submit a reading; refuse a person who may about nobody."""
        user = reader(self.request)
        found = subjects(user, self.rule, timezone.now())
        require(bool(found), _("Readings come from a laboratory's representatives and from monitoring bodies."))
        return {
            f"{source}:{about.key if about else 'world'}:{who.key}": (about, source, who)
            for about, source, who in found
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        """Offer the subjects that this person may speak about."""
        choices = [
            (key, f"{about.name if about else _('The world')} ({SOURCE_LABELS[source]})")
            for key, (about, source, _who) in self.subjects.items()
        ]
        return {**super().get_form_kwargs(), "choices": choices}

    def get_initial(self) -> dict[str, Any]:
        """Fill in the indicator's unit."""
        return {"unit": self.rule.unit}

    def get_success_url(self) -> str:
        """Go back to the indicator."""
        return reverse("treaty:indicator", args=[self.kwargs["key"]])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the form with the indicator it is about."""
        crumbs = [(reverse("treaty:indicators"), _("Indicators")), (self.get_success_url(), self.rule.title)]
        return super().get_context_data(rule=self.rule, crumbs=crumbs, cancel_url=self.get_success_url(), **context)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Submit the reading."""
        data = form.cleaned_data
        about, source, who = self.subjects[data["subject"]]
        user = self.request.user
        if not isinstance(user, User):
            raise NotAllowed
        prefix = about.key if about else who.key
        return submit(
            indicator=self.kwargs["key"],
            organisation=about,
            value=data["value"],
            low=data["low"],
            high=data["high"],
            unit=data["unit"],
            observed_at=data["observed_at"],
            source=source,
            provider=who.name,
            series=data["series"] or f"{prefix}:{data['observed_at']:%Y-%m-%d}",
            evidence_url=data["evidence_url"],
            by=user,
            at=at,
        )
