"""A body's desk for tips: sealed files to take home, and what became of each. Nothing is opened here."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View
from django_stubs_ext import StrOrPromise

from accounts.models import Organisation, User
from accounts.views.readers import person
from core.errors import require
from inspections.actions.tips import NOT_AN_OFFICER, answer_tip, close_tip, open_tip
from inspections.forms import NothingForm
from inspections.forms.tips import SealedForm, TipCloseForm
from inspections.models import Tip
from inspections.permissions import can_handle_tips
from inspections.queries.tips import row_for, tips_for
from inspections.rules.tips import Outcome, TipState
from web.views import ActionView


def body_for(request: HttpRequest, key: str) -> Organisation:
    """Return the body, to an officer of it; raise NotAllowed."""
    body = get_object_or_404(Organisation.objects.bodies(), key=key)
    if isinstance(request.user, User):
        require(can_handle_tips(request.user, body, at=timezone.now()), _(NOT_AN_OFFICER))
    return body


def _crumbs(body: Organisation, *, deeper: bool = False) -> list[tuple[str, str]]:
    desk = [(reverse("inspections:tips", args=[body.key]), _("Tips"))] if deeper else []
    return [
        (reverse("inspections:list"), _("Inspections")),
        (reverse("inspections:body", args=[body.key]), body.name),
        *desk,
    ]


@method_decorator(never_cache, name="dispatch")
class TipDesk(LoginRequiredMixin, TemplateView):
    """Every tip on record as the body sees it."""

    template_name = "inspections/tip_desk.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the tips."""
        body = body_for(self.request, self.kwargs["key"])
        return super().get_context_data(body=body, rows=tips_for(body), crumbs=_crumbs(body), **context)


@method_decorator(never_cache, name="dispatch")
class TipDetail(LoginRequiredMixin, TemplateView):
    """One tip: the sealed file, how to open it, what the body said of it."""

    template_name = "inspections/tip_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the tip and what may follow."""
        body = body_for(self.request, self.kwargs["key"])
        tip = get_object_or_404(Tip.objects.recorded().defer("sealed"), sha256=self.kwargs["sha256"])
        row = row_for(tip, body)
        return super().get_context_data(
            body=body,
            tip=tip,
            row=row,
            others=tip.handlings.exclude(body=body).select_related("body"),
            answers=tip.answers.defer("sealed").select_related("body"),
            may_open=row.state is TipState.RECEIVED,
            may_answer=row.state is not TipState.RECEIVED,
            may_close=row.state is not TipState.CLOSED,
            crumbs=_crumbs(body, deeper=True),
            **context,
        )


class SealedFile(LoginRequiredMixin, View):
    """The sealed file, as it came."""

    def get(self, request: HttpRequest, key: str, sha256: str) -> HttpResponse:
        """Answer with a download."""
        body_for(request, key)
        tip = get_object_or_404(Tip.objects.recorded(), sha256=sha256)
        headers = {"Content-Disposition": f'attachment; filename="tip-{sha256[:12]}.age"', "Cache-Control": "no-store"}
        return HttpResponse(bytes(tip.sealed), content_type="application/octet-stream", headers=headers)


class TipAction(ActionView):
    """Something that the body does with a tip: open it, answer it, close it."""

    template_name = "inspections/body_act.html"
    FORMS: Final[dict[str, type[forms.Form]]] = {"open": NothingForm, "answer": SealedForm, "close": TipCloseForm}
    TITLES: Final[dict[str, StrOrPromise]] = {
        "open": gettext_lazy("Our body has opened this tip"),
        "answer": gettext_lazy("Leave a sealed answer"),
        "close": gettext_lazy("Close the tip"),
    }
    NOTES: Final[dict[str, StrOrPromise]] = {
        "open": gettext_lazy("The record names your body and the tip. Who sent it can see that it was read."),
        "answer": gettext_lazy(
            "Seal it to the recipient that the opened tip names, and to no address that this site shows. Only the hash goes on record."
        ),
        "close": gettext_lazy("The outcome goes on record, the line of words by its commitment. It is final."),
    }

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find body, tip and act."""
        super().setup(request, *args, **kwargs)
        if kwargs["event"] not in self.FORMS:
            raise Http404
        self.event = kwargs["event"]
        self.body = body_for(request, kwargs["key"])
        self.tip = get_object_or_404(Tip.objects.recorded().defer("sealed"), sha256=kwargs["sha256"])

    def get_form_class(self) -> type[forms.Form]:
        """Ask for what the act needs."""
        return self.FORMS[self.event]

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Do it."""
        data = form.cleaned_data
        about: dict[str, Any] = {"tip": self.tip, "body": self.body, "by": person(self.request), "at": at}
        match self.event:
            case "open":
                return open_tip(**about)
            case "answer":
                return answer_tip(sealed=data["file"].read(), **about)
            case _:
                return close_tip(outcome=Outcome(data["outcome"]), words=data["words"], **about)

    def get_success_url(self) -> str:
        """Go back to the tip."""
        return reverse("inspections:tip", args=[self.body.key, self.tip.sha256])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the words."""
        crumbs = [*_crumbs(self.body, deeper=True), (self.get_success_url(), self.tip.sha256[:8])]
        return super().get_context_data(
            body=self.body,
            title=self.TITLES[self.event],
            note=self.NOTES[self.event],
            crumbs=crumbs,
            back=self.get_success_url(),
            **context,
        )
