"""One cell of the evidence matrix: what it rests on, what it needs, and the readings that carry it."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation
from accounts.views.readers import person
from core.durations import Duration
from core.errors import require
from core.times import instant
from inspections.actions.accounting import OBSERVERS
from inspections.actions.streams import read_stream
from inspections.forms_accounting import StreamForm
from inspections.models import StreamReading
from inspections.queries.matrix import cell_at, looking_bodies, matrix, visits_ahead
from inspections.rules.evidence import Cell
from inspections.rules.needs import Need, needed
from inspections.views.accounting import may_observe
from inspections.views.shapes import CELL
from inspections.views.words import EVIDENCE_LABELS, layer_title
from labs.models import Facility
from ledger.queries import position
from ledger.views.api import Public
from treaty.queries.texts import rules_at, text_at
from treaty.rules.text import Monitoring
from treaty.views.keys_api import read
from web.api.shapes import page
from web.api.views import ComputedList
from web.views import ActionView

NEED_WORDS = {
    Need.VISIT: gettext_lazy("A visit that looks at this layer again, or readings that carry the last one on."),
    Need.FIRST_VISIT: gettext_lazy("A first visit: nobody has looked at this layer here."),
    Need.BASELINE: gettext_lazy("A new baseline: a visit that looks at this layer as if for the first time."),
    Need.CLARIFICATION: gettext_lazy("A clarification of what was not found as declared, or a visit that finds it."),
    Need.NOTHING: gettext_lazy("Nothing: the layer does not concern this site."),
}


class CellPage(TemplateView):
    """One layer at one site: its state, what it needs, by whom and by when."""

    template_name = "inspections/evidence_cell.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the cell as it stands now."""
        at = timezone.now()
        facility, layer = place(self.kwargs["key"], self.kwargs["layer"], at)
        monitoring = rules_at(at).monitoring
        found = cell_at(facility, layer, at)
        need = needed(found, at, baseline_within(monitoring))
        return super().get_context_data(
            at=at,
            facility=facility,
            title=layer_title(layer),
            description=monitoring.layers[layer],
            cell=found,
            report=found.report.split("/") if found.report else None,
            label=EVIDENCE_LABELS[found.state],
            need=need,
            words=NEED_WORDS[need.need],
            bodies=looking_bodies(facility, layer, at),
            visits=visits_ahead(facility, at),
            continuity=monitoring.continuity.get(layer),
            readings=StreamReading.objects.filter(facility=facility, layer=layer, filed_at__lte=at)
            .select_related("body")
            .order_by("-observed_at")[:20],
            may_read=layer in monitoring.continuity and bool(may_observe(self.request, facility, at)),
            crumbs=[
                (reverse("inspections:list"), _("Inspections")),
                (reverse("labs:lab", args=[facility.organisation.key]), facility.organisation.name),
            ],
            **context,
        )


def baseline_within(monitoring: Monitoring) -> Duration | None:
    """Return how soon after a break the text asks for a new baseline; None where it sets no time."""
    return monitoring.schedule.baseline_within if monitoring.schedule else None


def place(key: str, layer: str, at: datetime) -> tuple[Facility, str]:
    """Return the site and the layer of an address; 404 where there is none."""
    facility = get_object_or_404(Facility.objects.select_related("organisation"), key=key)
    if text_at(at) is None or layer not in rules_at(at).monitoring.layers:
        raise Http404
    return facility, layer


class MatrixView(ComputedList[dict[str, Any]]):
    """The evidence matrix: every layer at every site of the bound laboratories."""

    position = staticmethod(position)
    name = ("facility", "layer")
    asked_by = {
        "lab": "only the sites of this laboratory",
        "facility": "only this site",
        "layer": "only this layer",
        "state": "only cells in this state",
        "needs": "only cells that need this",
    }

    def rows(self, at: datetime) -> list[dict[str, Any]]:
        """Return each cell with its state, what it needs and by when."""
        found = matrix(at) if text_at(at) else None
        return [
            cell_json(row.facility, layer, one, at)
            for row in (found.rows if found else ())
            for layer, one in zip(found.layers if found else (), row.cells, strict=True)
        ]

    @extend_schema(operation_id="matrix_list", responses={200: page(CELL)})
    def get(self, request: Request) -> Response:
        """Answer a page of cells."""
        return self.page(request)


def cell_json(facility: Facility, layer: str, one: Cell, at: datetime) -> dict[str, Any]:
    """Return a cell for programs."""
    need = needed(one, at, baseline_within(rules_at(at).monitoring))
    return {
        "lab": facility.organisation.key,
        "facility": facility.key,
        "layer": layer,
        "state": one.state.value,
        "collected_at": one.collected_at,
        "expires_at": one.expires_at,
        "report": one.report or None,
        "needs": need.need.value,
        "needed_by": need.by,
        "overdue": need.overdue,
    }


class StreamReadingSerializer(serializers.Serializer[Any]):
    """A reading of a seal or a counter."""

    body = serializers.SlugField(max_length=64)
    observed_at = serializers.CharField(max_length=40, help_text="RFC 3339 in UTC, ending in Z")
    intact = serializers.BooleanField()


class ReadingsView(Public):
    """Readings of seals and counters of one layer at one site."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(request=StreamReadingSerializer, responses={201: CELL})
    def post(self, request: Request, key: str, layer: str) -> Response:
        """File a reading; 409 with a code where it is refused, 403 for whoever acts for no independent body."""
        at = timezone.now()
        facility, known = place(key, layer, at)
        data = read(StreamReadingSerializer, request)
        body = get_object_or_404(Organisation.objects.bodies(), key=data["body"])
        read_stream(
            facility=facility, layer=known, observed_at=instant(data["observed_at"]), intact=data["intact"], body=body,
            by=person(request), at=at,
        )  # fmt: skip
        return Response(cell_json(facility, known, cell_at(facility, known, at), at), status=status.HTTP_201_CREATED)


class ReadStream(ActionView):
    """A body's reading of a seal or a counter."""

    form_class = StreamForm
    template_name = "inspections/stream_act.html"
    success_message = gettext_lazy("The reading is on record.")

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Find the place, and refuse whoever may not file."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        self.facility, self.layer = place(kwargs["key"], kwargs["layer"], self.at)
        if request.user.is_authenticated:
            require(bool(self.bodies), OBSERVERS)

    @cached_property
    def bodies(self) -> list[Organisation]:
        """For which bodies the reader may file."""
        return may_observe(self.request, self.facility, self.at)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies and the present."""
        return super().get_form_kwargs() | {"organisations": self.bodies, "initial": {"observed_at": self.at}}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """File it."""
        data = form.cleaned_data
        return read_stream(
            facility=self.facility, layer=self.layer, observed_at=data["observed_at"], intact=data["intact"] == "yes",
            body=data["organisation"], by=person(self.request), at=at,
        )  # fmt: skip

    def get_success_url(self) -> str:
        """Go back to the cell."""
        return reverse("inspections:cell", args=[self.facility.key, self.layer])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the place."""
        here = (self.get_success_url(), f"{self.facility.name}, {layer_title(self.layer).lower()}")
        crumbs = [(reverse("inspections:list"), _("Inspections")), here]
        return super().get_context_data(
            facility=self.facility, title=layer_title(self.layer), crumbs=crumbs, back=here[0], **context
        )
