"""Photographs in and out. None has a lasting address: a view asks who is there, and signs one on the host of uploads."""

from datetime import datetime

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from accounts.models import User
from accounts.views.readers import person, reader
from core.errors import DomainError, Malformed
from inspections.actions.deliveries import deliver_photograph
from inspections.actions.evidence import attach_evidence, remove_evidence
from inspections.forms import PhotographForm
from inspections.models import Evidence
from inspections.permissions import can_read_draft, can_see_photograph
from inspections.views.files import FileAddress
from inspections.views.reports import DraftView, titles, wants_json
from web.errors import body_of, status_of


class EvidenceFile(View):
    """A photograph: the copy for publication, or the sealed original for the bodies."""

    def get(self, request: HttpRequest, pk: int, form: str) -> HttpResponse:
        """Send whoever may see it to the host of uploads; who may not learns nothing, not even that it exists."""
        at = timezone.now()
        evidence = get_object_or_404(Evidence.objects.select_related("report__visit__facility__organisation"), pk=pk)
        may = can_see_photograph if form == "copy" else _may_see_original
        if not may(reader(request), evidence, at=at):
            raise Http404
        response = HttpResponseRedirect(FileAddress(evidence.pk, form).url)
        response["Cache-Control"] = "private, no-store"
        return response


def _may_see_original(user: User | None, evidence: Evidence, *, at: datetime) -> bool:
    return can_read_draft(user, evidence.report.visit, at=at)


class PhotographView(DraftView, View):
    """Attach a photograph to the draft."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Take it in; on a refusal say why, with the caption still there."""
        at = timezone.now()
        elsewhere = self.find(request, key, at)
        if elsewhere:
            return elsewhere
        form = PhotographForm(request.POST, request.FILES, layers=titles(self.layers), protocols=self.protocols)
        try:
            if not form.is_valid():
                raise Malformed(" ".join(str(error) for errors in form.errors.values() for error in errors))
            evidence = self.receive(form, at)
        except DomainError as error:
            if wants_json(request):
                return JsonResponse(body_of(error), status=status_of(error))
            context = {"visit": self.visit, "form": form, "error": error, "back": self.back()}
            return render(request, "inspections/photograph_refused.html", context, status=status_of(error))
        if wants_json(request):
            return JsonResponse(self.told(evidence))
        return HttpResponseRedirect(self.back())

    def receive(self, form: PhotographForm, at: datetime) -> Evidence | None:
        """Take it in; None where what a device sends again was received before, and removed since."""
        key, by = form.cleaned_data["key"], person(self.request)
        if not key:
            return attach_evidence(report=self.report, by=by, at=at, **form.arguments())
        delivery = deliver_photograph(report=self.report, key=key, by=by, at=at, **form.arguments())
        return self.report.evidence.filter(pk=delivery.answer["evidence"]).first()

    def told(self, evidence: Evidence | None) -> dict[str, object]:
        """Return what the form's script shows of it."""
        if evidence is None:
            return {"id": None}
        return {
            "id": evidence.pk,
            "name": evidence.name,
            "caption": evidence.caption,
            "url": reverse("inspections:evidence", args=[evidence.pk, "copy"]),
            "remove": reverse("inspections:photograph_remove", args=[self.visit.key, evidence.pk]),
        }

    def back(self) -> str:
        """Return the address of the form's photographs."""
        return reverse("inspections:report_form", args=[self.visit.key]) + "#photographs"


class PhotographRemoveView(LoginRequiredMixin, View):
    """Take a photograph out of a draft."""

    def post(self, request: HttpRequest, key: str, pk: int) -> HttpResponse:
        """Remove it."""
        at = timezone.now()
        found = Evidence.objects.select_related("report__visit__facility__organisation").filter(report__visit__key=key)
        evidence = get_object_or_404(found, pk=pk)
        if not can_read_draft(person(request), evidence.report.visit, at=at):
            raise Http404
        remove_evidence(evidence=evidence, by=person(request), at=at)
        return HttpResponseRedirect(reverse("inspections:report_form", args=[key]) + "#photographs")
