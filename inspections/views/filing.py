"""What is filed for the balance of a site: one form, one action each."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.accounting import OBSERVERS, declare_work, observe_compute, settle_alarm
from inspections.forms_accounting import ObservationForm, SettleAlarmForm, WorkForm
from inspections.models import BalanceAlarm
from inspections.queries.accounting import period_of, run_keys
from inspections.rules.accounting import BalancePeriod, terms_of
from inspections.rules.findings import FindingEvent
from inspections.views.accounting import alarm_row, crumbs, may_observe, site_of
from labs.actions.facilities import NOT_YOURS
from labs.permissions import can_file_for
from treaty.queries.texts import rules_at
from web.views import ActionView


class BalanceAction(ActionView):
    """One thing that is filed for a site's balance."""

    template_name = "inspections/balance_act.html"
    title: Any = ""
    note: Any = gettext_lazy("It enters the public record at once.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the site, and refuse whoever may not file for it."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        self.site = site_of(kwargs["key"], self.at)
        if reader(request):
            self.check()

    def check(self) -> None:
        """Refuse whoever acts for no independent body."""
        require(bool(self.bodies), OBSERVERS)

    @cached_property
    def bodies(self) -> list[Organisation]:
        """For which bodies the reader may file."""
        return may_observe(self.request, self.site.facility, self.at)

    def get_success_url(self) -> str:
        """Go back to the site."""
        return reverse("inspections:balance_site", args=[self.site.facility.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the site and the words."""
        here = (self.get_success_url(), self.site.facility.name)
        return super().get_context_data(
            site=self.site, title=self.title, note=self.note, crumbs=[*crumbs(), here], back=here[0], **context
        )


class DeclareWork(BalanceAction):
    """The laboratory's side."""

    form_class = WorkForm
    title = gettext_lazy("Declare work")
    note = gettext_lazy(
        "In H100-hours: hours of one H100, or of as many other chips as do the same operations. You may correct it until a body has said what it saw."
    )
    success_message = gettext_lazy("The declaration is on record.")

    def check(self) -> None:
        """Refuse whoever does not file for the laboratory."""
        require(can_file_for(reader(self.request), self.site.facility.organisation, at=self.at), NOT_YOURS)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the runs of the site and the period that is next."""
        return super().get_form_kwargs() | {
            "runs": run_keys(self.site.facility, self.at),
            "initial": {
                "from_at": self.site.next_from,
                "until_at": min(terms_of(rules_at(self.at).monitoring).period.after(self.site.next_from), self.at),
            },
        }

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """File it."""
        assert isinstance(form, WorkForm)
        data = form.cleaned_data
        return declare_work(
            facility=self.site.facility, period=BalancePeriod(data["from_at"], data["until_at"]), work=form.work(),
            begun_with=data["begun_with"], in_progress=data["in_progress"], by=person(self.request), at=at,
        )  # fmt: skip


class ObserveCompute(BalanceAction):
    """A body's side."""

    form_class = ObservationForm
    title = gettext_lazy("Say what was seen")
    success_message = gettext_lazy("The observation is on record.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form what may be chosen."""
        declared = sorted((period_of(one) for one in self.site.books.declared), reverse=True)
        measurements = [one.measurement for one in self.site.measured]
        return super().get_form_kwargs() | {
            "organisations": self.bodies, "periods": declared, "measurements": measurements,
        }  # fmt: skip

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """File it."""
        data = form.cleaned_data
        return observe_compute(
            facility=self.site.facility, period=data["period"], measurement=data["measurement"], hours=data["hours"],
            body=data["organisation"], by=person(self.request), at=at,
        )  # fmt: skip


class SettleAlarm(BalanceAction):
    """What became of an alarm."""

    form_class = SettleAlarmForm
    title = gettext_lazy("Settle an anomaly")
    note = gettext_lazy("Only a vote of the parties determines non-compliance.")
    success_message = gettext_lazy("What became of it is on record.")

    @cached_property
    def alarm(self) -> BalanceAlarm:
        """The alarm of the address."""
        found = BalanceAlarm.objects.select_related("facility__organisation")
        return get_object_or_404(found, facility=self.site.facility, pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies."""
        return super().get_form_kwargs() | {"organisations": self.bodies}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """File it."""
        data = form.cleaned_data
        return settle_alarm(
            alarm=self.alarm, event=FindingEvent(data["event"]), basis=data["basis"], body=data["organisation"],
            by=person(self.request), at=at,
        )  # fmt: skip

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the alarm."""
        return super().get_context_data(alarm=alarm_row(self.alarm, self.at), **context)
