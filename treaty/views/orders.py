"""Orders as machines read them, and in words with their history; addresses that they are pushed to."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from accounts.models import Organisation
from accounts.views.readers import reader
from ledger.queries import position
from ledger.rules.encoding import base64_of
from ledger.rules.notes import VerifierKey
from treaty.actions.pushes import add_endpoint, remove_endpoint
from treaty.forms.pauses import NothingForm
from treaty.models import OrderDelivery, OrderEndpoint, OrderKey
from treaty.models.standdowns import STAGE_LABELS
from treaty.permissions import can_act_for_lab
from treaty.queries.orders import HistoryRow, document, history, newest_note, newest_order, order_key
from treaty.rules.orders import Obligation, Work
from treaty.rules.standdowns import StageKey
from treaty.views.acts import ActPage, require_representative
from treaty.views.words import written
from web.caching import cached_by

TEXT = "text/plain; charset=utf-8"
OPEN = {
    "Cache-Control": "public, no-cache",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
WORK = {
    Work.TRAIN: gettext_lazy("Training runs that begin or go on"),
    Work.DEPLOY: gettext_lazy("Deployments of models released before"),
    Work.RELEASE: gettext_lazy("Releases of models not released before"),
}
DELIVERIES_SHOWN = 50


def answer_tagged(request: HttpRequest, tag: str, body: Callable[[], str], content_type: str) -> HttpResponseBase:
    """Answer `body()`, or nothing where the reader has it already."""
    headers = {**OPEN, "ETag": f'"{tag}"'}
    if headers["ETag"] in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body(), content_type=content_type, headers=headers)


@require_safe
def order_note(request: HttpRequest, key: str) -> HttpResponseBase:
    """Answer a laboratory's newest order, as it was signed. Its tag is its hash."""
    found = newest_note(key)
    if found is None:
        raise Http404
    return answer_tagged(request, found[0], lambda: found[1], TEXT)


@require_safe
def order_key_file(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Answer the key that orders are signed with, as the record declared it last."""
    key = order_key()
    if key is None:
        raise Http404
    return HttpResponse(f"{key.verifier_key}\n", content_type=TEXT, headers=OPEN)


def webhook_key(key: OrderKey) -> str:
    """Return the same key as Standard Webhooks write it."""
    return f"whpk_{base64_of(VerifierKey.parse(key.verifier_key).key)}"


@cached_by(position)
def orders_page(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show what a laboratory is ordered, cached for those who are not signed in."""
    return OrdersPage.as_view()(request, key=key)


class OrdersPage(TemplateView):
    """What a laboratory is ordered, in words, with its history; its own people see where it is pushed to."""

    template_name = "treaty/order_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the newest order and those that said something else before it."""
        at, lab = timezone.now(), laboratory(self.kwargs["key"])
        order, key = newest_order(lab.key), order_key()
        user = reader(self.request)
        mine = can_act_for_lab(user, lab, at=at)
        return super().get_context_data(
            lab=lab,
            at=at,
            order=order,
            signing_key=key,
            webhook_key=webhook_key(key) if key else "",
            expired=order is not None and order.expires_at <= at,
            obligations=[obligation_in_words(one) for one in document(order).obligations] if order else [],
            history=[event(row) for row in history(lab)],
            mine=mine,
            endpoints=OrderEndpoint.objects.filter(organisation=lab, removed_at=None) if mine else (),
            deliveries=_deliveries(lab) if mine else (),
            site=self.request.build_absolute_uri("/").rstrip("/"),
            crumbs=[
                (reverse("labs:list"), _("Laboratories")),
                (reverse("labs:lab", args=[lab.key]), lab.name),
            ],
            **context,
        )


def laboratory(key: str) -> Organisation:
    """Return the laboratory, or 404."""
    found: Organisation = get_object_or_404(Organisation.objects.laboratories(), key=key)
    return found


def obligation_in_words(one: Obligation) -> dict[str, object]:
    """Return an obligation for the page: limits with their words, deadlines with their stages."""
    return {
        "one": one,
        "limits": [(WORK[work], one.above_flop[work]) for work in Work],
        "stages": [
            (STAGE_LABELS[StageKey(stage)], at) for stage, at in sorted(one.due_at.items(), key=lambda it: it[1])
        ],
    }


def event(row: HistoryRow) -> dict[str, object]:
    """Return an order that said something new for `components/timeline.html`."""
    asked = row.document.obligations
    names = [(_("Drill %(key)s") if one.drill else _("Pause %(key)s")) % {"key": one.pause} for one in asked]
    said = [
        _("order %(number)s") % {"number": row.order.sequence},
        ngettext("renewed once", "renewed %(count)s times", row.renewals) % {"count": row.renewals}
        if row.renewals
        else "",
        _("acknowledged %(at)s") % {"at": written(row.acknowledged_at)}
        if row.acknowledged_at
        else _("not acknowledged"),
    ]
    return {
        "at": row.order.not_before,
        "title": ", ".join(f"{name} ({one.level})" for name, one in zip(names, asked, strict=True))
        or _("Nothing is held"),
        "sign": "on" if asked else "ok",
        "detail": " · ".join(filter(None, said)),
    }


def _deliveries(lab: Organisation) -> list[OrderDelivery]:
    found = OrderDelivery.objects.filter(endpoint__organisation=lab).select_related("endpoint", "order")
    return list(found[:DELIVERIES_SHOWN])


class EndpointForm(forms.Form):
    """An address that orders are pushed to."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("https, on a public host, port 443 or 8443. Redirects are not followed."),
        max_length=500,
        widget=forms.URLInput,
    )


class EndpointAction(ActPage):
    """An act on the addresses of the laboratory that the page names; only its representatives see the form."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the laboratory up, and refuse those who do not act for it."""
        super().setup(request, *args, **kwargs)
        self.lab = laboratory(kwargs["key"])
        require_representative(request, self.lab)

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the orders."""
        return [(reverse("labs:lab", args=[self.lab.key]), self.lab.name), (self.get_success_url(), _("Orders"))]

    def get_success_url(self) -> str:
        """Go back to the orders."""
        return reverse("treaty:orders", args=[self.lab.key])


class AddEndpoint(EndpointAction):
    """Name an address."""

    form_class = EndpointForm
    title = gettext_lazy("Push orders to an address")
    lede = gettext_lazy(
        "Each new order is sent there as a Standard Webhook, signed with the key of the orders. The newest goes there at once."
    )
    submit = gettext_lazy("Push orders there")
    success_message = gettext_lazy("Orders are pushed there from now on.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Add it."""
        return add_endpoint(organisation=self.lab, url=form.cleaned_data["url"], by=self.person(), at=at)


class RemoveEndpoint(EndpointAction):
    """Take an address away."""

    form_class = NothingForm
    title = gettext_lazy("Push nothing there any more")
    submit = gettext_lazy("Remove the address")
    success_message = gettext_lazy("Nothing is pushed there any more.")
    danger = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Name the address."""
        return super().get_context_data(lede=self._endpoint().url, **context)

    def _endpoint(self) -> OrderEndpoint:
        found: OrderEndpoint = get_object_or_404(
            OrderEndpoint, organisation=self.lab, removed_at=None, pk=self.kwargs["pk"]
        )
        return found

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - an action's signature
        """Remove it."""
        return remove_endpoint(endpoint=self._endpoint(), by=self.person(), at=at)
