"""What is done about a report that is submitted: its next version begun, a passage asked out of it, and that decided."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.reports import amend_report
from inspections.forms.redactions import AmendForm, AskRedactionForm, DecideRedactionForm
from inspections.models import Redaction, Report
from inspections.permissions import is_on_team
from inspections.queries.redactions import asks_for, decides_for, taken_out
from inspections.queries.reports import passages_of
from inspections.queries.visits import monitoring_of
from inspections.rules.redactions import RedactionState, redactable
from inspections.rules.reports import ReportState
from inspections.views.readers import visit_for
from inspections.views.words import place_title
from web.views import ActionView


class ReportAct(ActionView):
    """One act on a submitted report; its form is shown only to whoever may do it."""

    template_name = "inspections/visit_act.html"
    words: StrOrPromise = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the report, and ask whether the reader may."""
        super().setup(request, *args, **kwargs)
        at = timezone.now()
        visit = visit_for(request, kwargs["key"], at)
        found = visit.reports.filter(state=ReportState.SUBMITTED).select_related("visit__facility__organisation")
        self.report: Report = get_object_or_404(found, version=kwargs["version"])
        if request.user.is_authenticated:
            require(self.may(at), _("This is for the inspected party and the bodies that sent inspectors."))

    def may(self, at: datetime) -> bool:
        """Whether the reader may do it."""
        raise NotImplementedError

    def get_success_url(self) -> str:
        """Go back to the report."""
        return reverse("inspections:report", args=[self.report.visit.key, self.report.version])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the report and the words."""
        back = reverse("inspections:report", args=[self.report.visit.key, self.report.version])
        crumbs = [(reverse("inspections:list"), _("Inspections")), (back, self.report.visit.key)]
        return super().get_context_data(visit=self.report.visit, words=self.words, crumbs=crumbs, back=back, **context)


class AmendView(ReportAct):
    """Begin the next version of a report."""

    form_class = AmendForm
    words = gettext_lazy("Amend the report")

    def may(self, at: datetime) -> bool:
        """Whether the reader is of the team."""
        return is_on_team(reader(self.request), self.report.visit, at=at)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Open the draft of the next version."""
        return amend_report(report=self.report, reason=form.cleaned_data["reason"], by=person(self.request), at=at)

    def get_success_url(self) -> str:
        """Go to the form."""
        return reverse("inspections:report_form", args=[self.report.visit.key])


class AskRedaction(ReportAct):
    """Ask that a passage be taken out of what is published."""

    words = gettext_lazy("Ask for a passage to be taken out")
    success_message = gettext_lazy("It is asked for. A body that sent inspectors decides.")

    def may(self, at: datetime) -> bool:
        """Whether the reader may ask."""
        return asks_for(reader(self.request), self.report.visit, at) is not None

    def get_form(self, form_class: type[forms.Form] | None = None) -> forms.Form:
        """Offer the passages that are still published, and the text's grounds."""
        del form_class
        terms, gone = monitoring_of(self.report.visit).redactions, taken_out(self.report)
        places = [
            (one.place, place_title(one.place)) for one in redactable(passages_of(self.report)) if one.place not in gone
        ]
        return AskRedactionForm(**self.get_form_kwargs(), places=places, grounds=terms.grounds if terms else {})

    def get_initial(self) -> dict[str, Any]:
        """Begin with the passage that the reader came from."""
        return {"place": self.request.GET.get("place", "")}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Ask."""
        return ask_redaction(report=self.report, by=person(self.request), at=at, **form.cleaned_data)


class DecideRedaction(ReportAct):
    """Take the passage out, or refuse to."""

    form_class = DecideRedactionForm
    words = gettext_lazy("Decide about a redaction")
    success_message = gettext_lazy("It is decided, and on record.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the redaction too."""
        self.number = kwargs["number"]
        super().setup(request, *args, **kwargs)

    def may(self, at: datetime) -> bool:
        """Whether the reader may decide."""
        self.redaction = get_object_or_404(Redaction, report=self.report, number=self.number)
        return decides_for(reader(self.request), self.redaction, at) is not None

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Decide."""
        state = RedactionState(form.cleaned_data["state"])
        basis = form.cleaned_data["basis"]
        return decide_redaction(redaction=self.redaction, state=state, basis=basis, by=person(self.request), at=at)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Show what was asked, to who decides."""
        asked = self.redaction
        ground = monitoring_of(self.report.visit).redactions
        return super().get_context_data(
            redaction=asked,
            place=place_title(asked.place),
            ground=ground.grounds[asked.ground] if ground else "",
            **context,
        )
