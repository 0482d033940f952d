"""What follows a finding: the party is asked and answers, the team says what became of it, a body refers it, others dissent."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from accounts.models import Organisation
from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.clarifications import (
    acknowledge_clarification,
    answer_clarification,
    ask_clarification,
    dissent,
)
from inspections.actions.findings import refer_finding, settle_finding
from inspections.forms import NothingForm, SettleForm
from inspections.forms.findings import BodyWordsForm, FindingWordsForm, ReferFindingForm
from inspections.models import Finding, Report
from inspections.queries.clarifications import dissenters
from inspections.rules.findings import FindingEvent
from inspections.rules.reports import ReportState
from treaty.models import Case
from treaty.permissions import bodies_acting, is_independent_of
from web.views import ActionView


class ReportAction(ActionView):
    """An act about a submitted report, and about one of its findings where the address names one."""

    template_name = "inspections/visit_act.html"
    form_class: type[forms.Form] = FindingWordsForm
    words: StrOrPromise
    label: StrOrPromise = gettext_lazy("In words")
    help: StrOrPromise = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the report, and the finding."""
        super().setup(request, *args, **kwargs)
        found = Report.objects.filter(state=ReportState.SUBMITTED).select_related(
            "visit__facility__organisation", "visit__pause", "visit__text"
        )
        self.report = get_object_or_404(
            found.defer("visit__text__source"), visit__key=kwargs["key"], version=kwargs["version"]
        )
        self.finding = None
        if "number" in kwargs:
            self.finding = get_object_or_404(Finding, report=self.report, number=kwargs["number"])
            self.finding.report = self.report

    def get_form(self, form_class: type[forms.Form] | None = None) -> forms.Form:
        """Name the field for words as the act does."""
        form = super().get_form(form_class)
        if "words" in form.fields:
            form.fields["words"].label = self.label
            form.fields["words"].help_text = self.help
        return form

    def the_finding(self) -> Finding:
        """Return the finding that the address names."""
        assert self.finding is not None
        return self.finding

    def get_success_url(self) -> str:
        """Go back to the finding in its report."""
        page = reverse("inspections:report", args=[self.report.visit.key, self.report.version])
        return f"{page}#finding-{self.finding.number}" if self.finding else page

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the report and the words."""
        crumbs = [
            (reverse("inspections:list"), _("Inspections")),
            (self.get_success_url(), self.report.visit.key),
        ]
        title = self.words
        if self.finding:
            title = _("Finding %(number)s: %(words)s") % {"number": self.finding.number, "words": self.words}
        return super().get_context_data(
            visit=self.report.visit, words=title, crumbs=crumbs, back=self.get_success_url(), **context
        )


class SettleView(ReportAction):
    """What became of a finding."""

    form_class = SettleForm
    words = gettext_lazy("what became of it")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Settle it."""
        event = FindingEvent(form.cleaned_data["event"])
        return settle_finding(
            finding=self.the_finding(), event=event, basis=form.cleaned_data["basis"], by=person(self.request), at=at
        )


class AskView(ReportAction):
    """Ask the party about a finding."""

    words = gettext_lazy("ask the laboratory")
    label = gettext_lazy("Question")
    help = gettext_lazy("It stands beside the finding, for whoever may read that.")
    success_message = gettext_lazy("Asked. The laboratory acknowledges and answers within the text’s times.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Ask."""
        words = form.cleaned_data["words"]
        return ask_clarification(finding=self.the_finding(), question=words, by=person(self.request), at=at)


class AcknowledgeView(ReportAction):
    """The party has the question."""

    form_class = NothingForm
    words = gettext_lazy("acknowledge the question")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """Acknowledge."""
        return acknowledge_clarification(finding=self.the_finding(), by=person(self.request), at=at)


class AnswerView(ReportAction):
    """The party answers."""

    words = gettext_lazy("answer the question")
    label = gettext_lazy("Answer")
    help = gettext_lazy("It stands beside the finding as you write it, for whoever may read that.")
    success_message = gettext_lazy("Answered. The team says what it makes of it.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Answer."""
        words = form.cleaned_data["words"]
        return answer_clarification(finding=self.the_finding(), answer=words, by=person(self.request), at=at)


class ForABody(ReportAction):
    """An act in the name of one of the person's bodies."""

    @cached_property
    def bodies(self) -> list[Organisation]:
        """In whose name the person may act."""
        raise NotImplementedError

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies; refuse who acts for none."""
        require(bool(self.bodies), _("This is for officers of bodies that are independent of the laboratory."))
        return {**super().get_form_kwargs(), "bodies": self.bodies}


class ReferView(ForABody):
    """A body opens a case about a finding."""

    form_class = ReferFindingForm
    words = gettext_lazy("open a case")
    label = gettext_lazy("Why clarification does not settle it")
    help = gettext_lazy("Published with the case. There the laboratory answers, and a vote may be asked for.")

    @cached_property
    def bodies(self) -> list[Organisation]:
        """Those for which the person refers findings."""
        at, lab = timezone.now(), self.report.visit.facility.organisation
        return [body for body in bodies_acting(reader(self.request), at=at) if is_independent_of(body, lab, at=at)]

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Refer it."""
        data = form.cleaned_data
        return refer_finding(
            finding=self.the_finding(), body=data["body"], reason=data["words"], by=person(self.request), at=at
        )

    def get_success_url(self) -> str:
        """Go to the case."""
        case = getattr(self, "result", None)
        return reverse("treaty:case", args=[case.key]) if isinstance(case, Case) else super().get_success_url()


class DissentView(ForABody):
    """Another view of a finding, or of the conclusion."""

    form_class = BodyWordsForm
    words = gettext_lazy("file a dissenting view")
    label = gettext_lazy("Your view")
    help = gettext_lazy(
        "It stands beside what you dissent from. While a body dissents from the conclusion, none is drawn."
    )
    success_message = gettext_lazy("Your view stands beside the report.")

    @cached_property
    def bodies(self) -> list[Organisation]:
        """Those for which the person dissents."""
        return dissenters(self.report.visit, reader(self.request), timezone.now())

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """File it."""
        data = form.cleaned_data
        return dissent(
            report=self.report,
            finding=self.finding,
            body=data["body"],
            words=data["words"],
            by=person(self.request),
            at=at,
        )
