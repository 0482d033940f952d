"""Managed access on pages: the party asks, the team settles; the public sees that it was asked, and where it stands."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.views.readers import person
from inspections.actions.managed_access import request_managed_access, settle_managed_access
from inspections.forms.managed_access import ManagedAccessForm, SettleAccessForm
from inspections.models import Visit
from inspections.permissions import is_on_team, speaks_for_party
from inspections.queries.reports import layers_of
from inspections.rules.managed_access import ASKABLE, TRANSITIONS, Measure, RequestEvent, RequestState
from inspections.views.readers import visit_for
from inspections.views.words import layer_title
from web.views import ActionView

SIGNS: Final = {
    RequestState.ASKED: "on",
    RequestState.AGREED: "on",
    RequestState.REFUSED: "na",
    RequestState.SATISFIED: "ok",
    RequestState.NOT_SATISFIED: "un",
}


def managed_rows(visit: Visit, user: User | None, *, inside: bool, at: datetime) -> list[dict[str, Any]]:
    """Return the requests of a visit with their words, and whether the reader sees the reasons and may settle them."""
    shows, settles = inside or speaks_for_party(user, visit, at=at), is_on_team(user, visit, at=at)
    open_states = {before for before, _event in TRANSITIONS}
    return [
        {
            "row": one,
            "layer": layer_title(one.layer),
            "sign": SIGNS[RequestState(one.state)],
            "shows": shows,
            "can_settle": settles and visit.state in ASKABLE and one.state in open_states,
        }
        for one in visit.managed_access.prefetch_related("steps")
    ]


class ManagedAccessAction(ActionView):
    """An act about managed access on a visit."""

    template_name = "inspections/visit_act.html"
    words: Any = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the visit."""
        super().setup(request, *args, **kwargs)
        self.visit = visit_for(request, kwargs["key"], timezone.now())

    def get_success_url(self) -> str:
        """Go back to the visit."""
        return reverse("inspections:visit", args=[self.visit.key]) + "#managed-access"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the visit and the words."""
        crumbs = [(reverse("inspections:list"), _("Inspections")), (self.get_success_url(), self.visit.key)]
        return super().get_context_data(
            visit=self.visit, words=self.words, crumbs=crumbs, back=self.get_success_url(), **context
        )


class RequestView(ManagedAccessAction):
    """The party asks."""

    form_class = ManagedAccessForm
    words = gettext_lazy("Ask for managed access")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the layers of the visit."""
        return {**super().get_form_kwargs(), "layers": {key: layer_title(key) for key in layers_of(self.visit)}}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Ask."""
        data = form.cleaned_data
        return request_managed_access(
            visit=self.visit,
            layer=data["layer"],
            measure=Measure(data["measure"]),
            reason=data["reason"],
            by=person(self.request),
            at=at,
        )


class SettleView(ManagedAccessAction):
    """The team says what becomes of it."""

    form_class = SettleAccessForm
    words = gettext_lazy("Say what becomes of it")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the request too."""
        super().setup(request, *args, **kwargs)
        self.asked = get_object_or_404(self.visit.managed_access, number=kwargs["number"])
        self.asked.visit = self.visit

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Show the team what was asked for."""
        asks = is_on_team(person(self.request), self.visit, at=timezone.now())
        layer = layer_title(self.asked.layer)
        return super().get_context_data(asked=self.asked if asks else None, layer=layer, **context)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Offer what the table allows."""
        return {**super().get_form_kwargs(), "state": RequestState(self.asked.state)}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Settle it."""
        data = form.cleaned_data
        event = RequestEvent(data["event"])
        return settle_managed_access(
            request=self.asked, event=event, words=data["words"], by=person(self.request), at=at
        )
