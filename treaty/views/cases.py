from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from django_stubs_ext import StrOrPromise

from accounts.models import User
from accounts.views.readers import reader
from labs.models.declarations import KIND_LABELS as DECLARATION_LABELS
from labs.rules.declarations import DeclarationKind
from ledger.queries import position
from treaty.actions.cases import answer_case, close_case, open_case, report_remedy
from treaty.forms.pauses import CloseForm, ReferForm, WordsForm
from treaty.models import Case
from treaty.models.cases import CASE_STATE_LABELS, EVENT_LABELS, KIND_LABELS
from treaty.models.standdowns import STAGE_LABELS
from treaty.permissions import bodies_acting, can_act_for_lab, can_ask_to_resume, is_independent_of, may_request_for
from treaty.queries.cases import closed_cases, open_cases
from treaty.queries.pauses import current
from treaty.rules.cases import WORK, CaseEvent, CaseKind, CaseState, can, read_work_subject
from treaty.rules.standdowns import StageKey
from treaty.views.acts import ActPage
from treaty.views.pauses import events
from web.caching import cached_by
from web.listings import SOUGHT, listing


@method_decorator(cached_by(position, SOUGHT, "open", "closed"), name="dispatch")
class CasesPage(TemplateView):
    """Every compliance case: open ones first."""

    template_name = "treaty/case_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the cases as they stand now."""
        at, user = timezone.now(), self.request.user
        asked = self.request.GET
        open_page = listing(asked, list(open_cases(at)), _lab, name="open")
        closed_page = listing(asked, list(closed_cases(at)), _lab, name="closed")
        return super().get_context_data(
            open=[case_row(case) for case in open_page.rows],
            closed=[case_row(case) for case in closed_page.rows],
            open_page=open_page,
            closed_page=closed_page,
            at=at,
            may_refer=isinstance(user, User) and bool(can_ask_to_resume(user, at=at)),
            **context,
        )


def _lab(case: Case) -> str:
    return case.organisation.name


def case_row(case: Case) -> dict[str, Any]:
    """Return a case with its words."""
    about = case.subject
    if case.kind == CaseKind.LATE and about in set(StageKey):
        about = str(STAGE_LABELS[StageKey(about)])
    if case.kind == CaseKind.MISSING and about.startswith(WORK):
        facility, due = read_work_subject(about)
        about = _("Work at %(site)s, due %(day)s") % {"site": facility, "day": f"{due:%Y-%m-%d}"}
    elif case.kind == CaseKind.MISSING:
        kind, _colon, due_at = about.partition(":")
        about = _("%(declaration)s, due %(day)s") % {
            "declaration": DECLARATION_LABELS[DeclarationKind(kind)],
            "day": due_at[:10],
        }
    if case.kind == CaseKind.FINDING:
        report, _hash, number = about.partition("#")
        about = _("Finding %(number)s of report %(report)s") % {"number": number, "report": report}
    if case.kind == CaseKind.SPECIAL:
        about = _("Special visit %(special)s") % {"special": case.subject}
    return {
        "case": case,
        "url": evidence_url(case),
        "kind": KIND_LABELS[CaseKind(case.kind)],
        "about": about,
        "state": CASE_STATE_LABELS[CaseState(case.state)],
        "sign": SIGNS[CaseState(case.state)],
    }


def evidence_url(case: Case) -> str:
    """Return the address of the finding, the balance or the special visit that the case is about; empty for other cases."""
    if case.kind == CaseKind.MISSING and case.subject.startswith(WORK):
        return reverse("inspections:balance_site", args=[read_work_subject(case.subject)[0]])
    if case.kind == CaseKind.SPECIAL:
        return reverse("inspections:special", args=[case.subject])
    if case.kind != CaseKind.FINDING:
        return ""
    report, _hash, number = case.subject.partition("#")
    visit, _slash, version = report.partition("/")
    return reverse("inspections:report", args=[visit, int(version)]) + f"#finding-{number}"


SIGNS = {
    CaseState.OPEN: "br",
    CaseState.ANSWERED: "on",
    CaseState.REMEDIED: "on",
    CaseState.DETERMINED: "bad",
    CaseState.CLOSED: "ok",
}


class CasePage(TemplateView):
    """One case: what is asked, what was answered, how it stands."""

    template_name = "treaty/case_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the case and what the reader may do."""
        at = timezone.now()
        case = get_object_or_404(Case.objects.select_related("organisation", "pause", "vote"), key=self.kwargs["key"])
        steps = [(step, EVENT_LABELS[CaseEvent(step.event)]) for step in case.steps.select_related("organisation")]
        return super().get_context_data(
            row=case_row(case),
            case=case,
            steps=steps,
            at=at,
            events=events(f"case:{case.key}"),
            may=may(self.request, case, at),
            crumbs=[(reverse("treaty:cases"), _("Cases"))],
            **context,
        )


def may(request: HttpRequest, case: Case, at: datetime) -> dict[str, bool]:
    """Return which acts are open to the reader now."""
    user = reader(request)
    state, answers = CaseState(case.state), can_act_for_lab(user, case.organisation, at=at)
    return {
        "answer": answers and can(state, CaseEvent.ANSWER),
        "remedy": answers and can(state, CaseEvent.REMEDY),
        "close": bool(closers(user, case, at)) and can(state, CaseEvent.CLOSE),
        "determine": bool(may_request_for(user, at=at)) and can(state, CaseEvent.DETERMINE),
    }


def closers(user: User | None, case: Case, at: datetime) -> list[Any]:
    """Return the bodies for which the person may close the case."""
    return [body for body in bodies_acting(user, at=at) if is_independent_of(body, case.organisation, at=at)]


class CaseAction(ActPage):
    """An act in a case."""

    form_class: type[forms.Form] = WordsForm
    title: StrOrPromise = gettext_lazy("Answer")
    submit: StrOrPromise = gettext_lazy("Answer")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the case up."""
        super().setup(request, *args, **kwargs)
        self.case = get_object_or_404(Case.objects.select_related("organisation", "pause"), key=kwargs["key"])

        self.lede = _("Case %(case)s about %(lab)s") % {"case": self.case.key, "lab": self.case.organisation.name}

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the case."""
        return [
            (reverse("treaty:cases"), _("Cases")),
            (self.get_success_url(), _("Case %(key)s") % {"key": self.case.key}),
        ]

    def get_success_url(self) -> str:
        """Go back to the case."""
        return reverse("treaty:case", args=[self.case.key])


class Answer(CaseAction):
    """The lab answers."""

    success_message = gettext_lazy("Answered.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Answer."""
        return answer_case(case=self.case, words=form.cleaned_data["words"], by=self.person(), at=at)


class Remedy(CaseAction):
    """The lab reports what it has put right."""

    title = gettext_lazy("Report a remedy")
    submit = gettext_lazy("Report the remedy")
    success_message = gettext_lazy("Reported.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Report it."""
        return report_remedy(case=self.case, words=form.cleaned_data["words"], by=self.person(), at=at)


class Close(CaseAction):
    """A body closes the case."""

    form_class = CloseForm
    title = gettext_lazy("Close the case")
    submit = gettext_lazy("Close the case")
    success_message = gettext_lazy("Closed.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies that the person acts for."""
        return super().get_form_kwargs() | {"organisations": closers(self.person(), self.case, timezone.now())}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Close it."""
        data = form.cleaned_data
        return close_case(case=self.case, body=data["organisation"], words=data["words"], by=self.person(), at=at)


class Refer(ActPage):
    """A bound lab or a body refers a question."""

    form_class = ReferForm
    title = gettext_lazy("Refer a question of compliance")
    lede = gettext_lazy(
        "The laboratory acknowledges and answers within the text's time. Your words are published with the case."
    )
    submit = gettext_lazy("Open the case")
    success_message = gettext_lazy("The case is open.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisations that the person may refer for."""
        return super().get_form_kwargs() | {"organisations": can_ask_to_resume(self.person(), at=timezone.now())}

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the cases."""
        return [(reverse("treaty:cases"), _("Cases"))]

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Open the case."""
        data = form.cleaned_data
        return open_case(
            pause=current(at),
            lab=data["lab"],
            organisation=data["organisation"],
            reason=data["words"],
            by=self.person(),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go to the case."""
        assert isinstance(self.result, Case)
        return reverse("treaty:case", args=[self.result.key])
