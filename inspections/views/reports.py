from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from django_stubs_ext import StrOrPromise

from accounts.models import User
from accounts.views.readers import person, reader
from core.canonical import canonical
from core.errors import DomainError, require
from core.times import stamp
from inspections.actions.deliveries import deliver_draft
from inspections.actions.reports import DraftConflict, save_draft, sign_report, submit_report
from inspections.forms import DraftForm, PhotographForm, SignForm, SubmitForm
from inspections.forms.deliveries import DeliveryForm
from inspections.models import Delivery, Finding, Redaction, Report, Visit
from inspections.models.findings import SEVERITY_LABELS
from inspections.models.reports import ANSWER_LABELS, CONCLUSION_LABELS
from inspections.permissions import can_read_draft, can_settle, is_on_team, speaks_for_party
from inspections.queries.clarifications import dissenters
from inspections.queries.devices import delivered, keys_of, owner_of
from inspections.queries.redactions import asks_for, decides_for
from inspections.queries.reports import (
    Opening,
    PublicFinding,
    PublicItem,
    PublicReport,
    PublicSection,
    changed,
    content,
    draft_of,
    layers_of,
    opened,
    public_report,
    sections_of,
    signing_state,
    value_of,
)
from inspections.queries.visits import monitoring_of
from inspections.rules.clarifications import is_referable
from inspections.rules.findings import OPEN, Severity
from inspections.rules.redactions import RedactionState, decision_due
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FormChanged,
    Mark,
    Missing,
    Protocols,
    ReportLocked,
    ReportState,
    missing,
)
from inspections.rules.uploads import LARGEST_BYTES
from inspections.rules.visits import AMENDABLE, comments_close
from inspections.views.readers import visit_for
from inspections.views.words import RUNG_LABELS, layer_title, place_title
from treaty.permissions import bodies_acting
from web.errors import body_of, status_of
from web.views import ActionView


class ReportPage(TemplateView):
    """A submitted report, as far as the reader may see it."""

    template_name = "inspections/report_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the report with its words."""
        at = timezone.now()
        user = reader(self.request)
        try:
            found = public_report(self.kwargs["key"], self.kwargs["version"], user, at)
        except Report.DoesNotExist:
            raise Http404 from None
        visit = found.report.visit
        assert found.report.received_at is not None
        closes = comments_close(found.report.received_at, monitoring_of(visit))
        comment = getattr(found.report, "comment", None)
        return super().get_context_data(
            at=at,
            one=found,
            report=found.report,
            visit=visit,
            conclusion=CONCLUSION_LABELS[Conclusion(found.report.conclusion)],
            sections=section_rows(found.sections),
            findings=[(*row, ladder(row[0].finding, user, at)) for row in finding_rows(found)],
            dissents=[one for one in found.report.dissents.all() if one.finding_id is None],
            can_dissent=bool(dissenters(visit, user, at)),
            comment=comment,
            comments_close=closes,
            can_comment=comment is None and at < closes and speaks_for_party(user, visit, at=at),
            can_settle=can_settle(user, visit, at=at),
            can_amend=is_on_team(user, visit, at=at) and visit.state in AMENDABLE,
            can_ask=monitoring_of(visit).redactions is not None and asks_for(user, visit, at) is not None,
            redactions=redaction_rows(found, user, at),
            versions=list(visit.reports.filter(state=ReportState.SUBMITTED).order_by("version")),
            changes=[(place_title(one.place), one, is_open) for one, is_open in changed(found)],
            crumbs=[
                (reverse("inspections:list"), _("Inspections")),
                (reverse("inspections:visit", args=[visit.key]), visit.key),
            ],
            **context,
        )


def ladder(finding: Finding, user: User | None, at: datetime) -> dict[str, Any]:
    """Return what was asked about a finding, with its words, and what the reader may do next."""
    visit, state = finding.report.visit, Severity(finding.state)
    asked = list(finding.clarifications.all())
    values, waits = [one.value() for one in asked], any(one.answered_at is None for one in asked)
    is_open, is_theirs = state in OPEN, speaks_for_party(user, visit, at=at)
    return {
        "asked": [(one, RUNG_LABELS[one.value().rung(at)], one.value().was_late(at)) for one in asked],
        "can_ask": is_open and not waits and can_settle(user, visit, at=at),
        "can_acknowledge": is_theirs and waits and asked[-1].acknowledged_at is None,
        "can_answer": is_theirs and waits,
        "can_refer": is_referable(state, values, at) and bool(bodies_acting(user, at=at)),
    }


type RedactionRow = tuple[Redaction, str, str, bool, bool]


def redaction_rows(found: PublicReport, user: User | None, at: datetime) -> list[RedactionRow]:
    """Return what was asked for about the report: with its passage and ground in words, whether the reader may decide it, and if that is overdue."""
    monitoring = monitoring_of(found.report.visit)
    terms = monitoring.redactions
    if terms is None:
        return []
    rows = found.report.redactions.select_related("organisation", "body", "report__visit__facility__organisation")
    return [
        (
            one,
            place_title(one.place),
            terms.grounds.get(one.ground, one.ground),
            one.state == RedactionState.ASKED and decides_for(user, one, at) is not None,
            one.state == RedactionState.ASKED and at >= decision_due(one.asked_at, terms, monitoring.holidays),
        )
        for one in rows
    ]


class ReportFile(View):
    """The report as a file, as far as the reader may see it, to be checked against the commitments of the record (docs/ledger-entries.md)."""

    def get(self, request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Answer with the commitments and what is open of the report."""
        try:
            found = public_report(key, version, reader(request), timezone.now())
        except Report.DoesNotExist:
            raise Http404 from None
        response = HttpResponse(canonical(opened(found)), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="report-{key}-{version}.json"'
        response["Cache-Control"] = "private, no-store"
        return response


type SectionRow = tuple[PublicSection, str, StrOrPromise, list[tuple[PublicItem, StrOrPromise]]]


def section_rows(sections: Iterable[PublicSection]) -> list[SectionRow]:
    """Return the sections with their layers' names, their answers in words and their items likewise."""
    return [
        (one, layer_title(one.layer), _in_words(one.answer), [(item, _in_words(item.answer)) for item in one.items])
        for one in sections
    ]


def _in_words(answer: Answer | None) -> StrOrPromise:
    return ANSWER_LABELS[answer] if answer else ""


def finding_rows(found: PublicReport) -> list[tuple[PublicFinding, str, StrOrPromise, StrOrPromise, bool]]:
    """Return the findings with their layers' names, as filed and as they stand in words, and whether they are open."""
    return [
        (
            row,
            layer_title(row.finding.layer),
            SEVERITY_LABELS[Severity(row.finding.severity)],
            SEVERITY_LABELS[Severity(row.finding.state)],
            row.finding.state in OPEN,
        )
        for row in found.findings
    ]


class DraftView(LoginRequiredMixin):
    """What every view of a draft begins with: the visit, the draft, and the team alone."""

    request: HttpRequest
    visit: Visit
    report: Report
    layers: dict[str, str]
    protocols: Protocols

    def handle_no_permission(self) -> HttpResponseRedirect | JsonResponse:  # type: ignore[override] # a script follows no redirect
        """Send a person to sign in, and tell a script to."""
        if wants_json(self.request):
            return JsonResponse({"code": "signed_out"}, status=HTTPStatus.UNAUTHORIZED)
        return super().handle_no_permission()

    def find(self, request: HttpRequest, key: str, at: datetime) -> HttpResponse | None:
        """Find the draft; answer with where to go when there is none."""
        self.visit = visit_for(request, key, at)
        require(
            can_read_draft(reader(request), self.visit, at=at), _("A report is the team's own until it is submitted.")
        )
        found = draft_of(self.visit)
        if found is None and wants_json(request):
            return JsonResponse(body_of(ReportLocked()), status=HTTPStatus.CONFLICT)
        if found is None:
            return HttpResponseRedirect(reverse("inspections:visit", args=[key]))
        self.report = found
        self.layers = layers_of(self.visit)
        self.protocols = monitoring_of(self.visit).protocols
        return None

    def lacking(self) -> tuple[Missing, ...]:
        """Return what stands between the draft and a signature."""
        return missing(value_of(self.report), tuple(self.layers), self.protocols)


class ReportFormView(DraftView, View):
    """The report form: saved on the server by a script every few seconds, or by its button without one."""

    frame: Mapping[str, Any] = {}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Show the draft."""
        elsewhere = self.find(request, key, timezone.now())
        return elsewhere or self.page(request, DraftForm(self.report, titles(self.layers), self.protocols))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Save the draft; keep what was typed whatever the answer."""
        at = timezone.now()
        elsewhere = self.find(request, key, at)
        if elsewhere:
            return elsewhere
        form = DraftForm(self.report, titles(self.layers), self.protocols, request.POST)
        slip = DeliveryForm(request.POST)
        known = delivered(self.report, slip.cleaned_data["key"]) if slip.is_valid() else None
        if known:
            return self.delivered(known)
        if form.is_current and not form.is_valid():
            return self.refused(request, form, "invalid", " ".join(form.errors), HTTPStatus.UNPROCESSABLE_ENTITY)
        return self.keep(request, form, slip, at)

    def keep(self, request: HttpRequest, form: DraftForm, slip: forms.Form, at: datetime) -> HttpResponse:
        """Save what was typed: once, where a device gave it a key."""
        try:
            if not form.is_current:
                raise FormChanged
            revision = self.report.revision if "overwrite" in request.POST else form.revision
            draft: dict[str, Any] = {
                "report": self.report,
                "value": form.value,
                "revision": revision,
                "by": person(request),
                "at": at,
            }
            if slip.is_valid():
                return self.delivered(deliver_draft(**draft, **slip.cleaned_data))
            self.report = save_draft(**draft)
        except DomainError as error:
            newer = error.revision if isinstance(error, DraftConflict) else None
            return self.refused(request, form, error.code, error.detail, status_of(error), newer=newer)
        if "sign" in request.POST:
            return HttpResponseRedirect(reverse("inspections:report_sign", args=[self.visit.key]))
        messages.success(request, _("The draft is saved."))
        return HttpResponseRedirect(reverse("inspections:report_form", args=[self.visit.key]))

    def delivered(self, delivery: Delivery) -> JsonResponse:
        """Answer a device that it is saved: with the revision to go on from, and what the report lacks still."""
        lacking = sorted({item.part for item in self.lacking()})
        return JsonResponse({**delivery.answer, "missing": lacking})

    def refused(
        self, request: HttpRequest, form: DraftForm, code: str, detail: str, status: int, *, newer: int | None = None
    ) -> HttpResponse:
        """Answer with the reason, everything that was typed still in the form."""
        if wants_json(request):
            return JsonResponse({"code": code, "detail": detail, "revision": newer}, status=status)
        return self.page(request, form, problem=detail, newer=newer, status=status)

    def page(
        self,
        request: HttpRequest,
        form: DraftForm,
        *,
        problem: str = "",
        newer: int | None = None,
        status: int = HTTPStatus.OK,
    ) -> HttpResponse:
        """Return the page of the form."""
        lacking = self.lacking()
        parts = {item.part for item in lacking}
        context = {
            "visit": self.visit,
            "report": self.report,
            "form": form,
            "sections": [
                (
                    key,
                    layer_title(key),
                    self.layers[key],
                    form.sections[key],
                    form.items[key].values(),
                    key not in parts,
                )
                for key in self.layers
            ],
            "whole_done": not parts & {"conclusion", "collected_at"},
            "findings_done": "findings" not in parts,
            "lacking": lacking,
            "photographs": list(self.report.evidence.all()),
            "photograph_form": PhotographForm(layers=titles(self.layers), protocols=self.protocols),
            "largest_photograph": LARGEST_BYTES,
            "problem": problem,
            "newer": newer,
            "can_edit": is_on_team(person(request), self.visit, at=timezone.now()),
            "owner": owner_of(person(request)),
            "keys": keys_of(person(request)),
            "crumbs": [
                (reverse("inspections:list"), _("Inspections")),
                (reverse("inspections:visit", args=[self.visit.key]), self.visit.key),
            ],
        }
        response = render(request, "inspections/report_form.html", {**context, **self.frame}, status=status)
        response["Cache-Control"] = "private, no-store"
        return response


def titles(layers: dict[str, str]) -> dict[str, str]:
    """Return the layers' short names."""
    return {key: layer_title(key) for key in layers}


def wants_json(request: HttpRequest) -> bool:
    """Whether the script of the form asks, not the browser itself."""
    return request.headers.get("Accept", "").startswith("application/json")


class DraftExport(DraftView, View):
    """The draft as a file: what would be signed, in its canonical bytes."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Answer with the file."""
        elsewhere = self.find(request, key, timezone.now())
        if elsewhere:
            return elsewhere
        response = HttpResponse(canonical(content(self.report)), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="report-{key}-draft.json"'
        response["Cache-Control"] = "private, no-store"
        return response


class SignView(DraftView, ActionView):
    """The whole report as it will be signed; who has signed; the buttons to sign and to submit."""

    form_class: type[forms.Form] = SignForm
    template_name = "inspections/report_sign.html"
    success_message = gettext_lazy("You have signed the report.")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Find the draft first; a report that is submitted already is shown instead."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        elsewhere = self.find(request, kwargs["key"], timezone.now())
        return elsewhere or super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """Bind the signature to what is shown."""
        return {"revision": self.report.revision}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Sign."""
        return sign_report(report=self.report, revision=form.cleaned_data["revision"], by=person(self.request), at=at)

    def get_success_url(self) -> str:
        """Stay, to see who else has to sign."""
        return reverse("inspections:report_sign", args=[self.visit.key])

    def refuse(self, form: forms.Form, error: DomainError) -> HttpResponse:
        """Show every reason above the form: the parts they name are on the other page."""
        return super().refuse(form, DomainError(error.detail)) if error.fields else super().refuse(form, error)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the content and the signatures."""
        state = signing_state(self.report)
        value = value_of(self.report)
        user = person(self.request)
        return super().get_context_data(
            visit=self.visit,
            report=self.report,
            state=state,
            lacking=[(item.words, layer_title(item.part)) for item in state.missing],
            sections=section_rows(sections_of(self.report, Opening(frozenset(Mark)))),
            findings=[(one, layer_title(one.layer), SEVERITY_LABELS[one.severity]) for one in value.findings],
            conclusion=CONCLUSION_LABELS[value.conclusion] if value.conclusion else "",
            photographs=list(self.report.evidence.all()),
            has_signed=any(one.user_id == user.pk for one in state.signatures),
            can_sign=is_on_team(user, self.visit, at=timezone.now()),
            submit_form=SubmitForm(initial={"submission_key": str(uuid4())}),
            crumbs=[
                (reverse("inspections:list"), _("Inspections")),
                (reverse("inspections:visit", args=[self.visit.key]), self.visit.key),
                (reverse("inspections:report_form", args=[self.visit.key]), _("Report")),
            ],
            **context,
        )


class SubmitView(LoginRequiredMixin, View):
    """Submit the report. Sent again, it is the same submission."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Submit; a refusal is answered with the page of signatures and its reason."""
        at = timezone.now()
        visit = visit_for(request, key, at)
        report = get_object_or_404(visit.reports.order_by("-version")[:1])
        form = SubmitForm(request.POST)
        if not form.is_valid():
            raise Http404
        try:
            report = submit_report(
                report=report, submission_key=form.cleaned_data["submission_key"], by=person(request), at=at
            )
        except DomainError as error:
            if wants_json(request):
                return JsonResponse(body_of(error), status=status_of(error))
            return render(request, "web/refused.html", {"error": error}, status=status_of(error))
        page = reverse("inspections:report", args=[visit.key, report.version])
        if wants_json(request):
            return JsonResponse({"received_at": stamp(at), "url": page})
        messages.success(request, _("The report is received and locked."))
        return HttpResponseRedirect(page)
