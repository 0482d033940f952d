"""A file of observations for the balance: tried first, then filed whole."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation
from accounts.views.readers import person, reader
from core.errors import DomainError, require
from core.times import stamp
from inspections.actions.accounting import OBSERVERS
from inspections.actions.observations import OBSERVING, Filing, Line, LineState, file_observations
from inspections.forms_accounting import ObservationsForm
from inspections.rules.observations import LARGEST_FILE
from inspections.views.accounting import crumbs
from inspections.views.shapes import FILED_ROWS
from ledger.views.api import Public
from treaty.permissions import bodies_acting
from treaty.views.keys_api import read
from web.errors import PROBLEM, body_of, problem_of
from web.views import ActionView

STATE_WORDS = {
    LineState.NEW: ("ok", _("New")),
    LineState.CORRECTED: ("on", _("Corrects")),
    LineState.UNCHANGED: ("na", _("On file already")),
    LineState.REFUSED: ("bad", _("Refused")),
}


class RowsRefused(DomainError):
    """Some rows cannot be filed, so nothing was: put them right below, and file again."""

    code = "rows_refused"


class FileObservations(ActionView):
    """A body's people send a file, see what would come of each row, put it right, and file all of it."""

    form_class = ObservationsForm
    template_name = "inspections/observations.html"
    filing: Filing | None = None

    @cached_property
    def bodies(self) -> list[Organisation]:
        """For which bodies the reader may file; NotAllowed for whoever acts for none."""
        found = bodies_acting(reader(self.request), at=timezone.now(), roles=OBSERVING)
        require(bool(found), OBSERVERS)
        return found

    def get_form_kwargs(self) -> dict[str, Any]:
        """Offer the bodies."""
        return super().get_form_kwargs() | {"organisations": self.bodies}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Try the file, or file it; a row that is refused leaves everything as it was and the rows in the form."""
        assert isinstance(form, ObservationsForm)
        is_trial = "file_all" not in self.request.POST
        data = form.cleaned_data["data"]
        try:
            self.filing = file_observations(
                data=data, body=form.cleaned_data["organisation"], by=person(self.request), at=timezone.now(),
                is_trial=is_trial,
            )  # fmt: skip
        except DomainError as error:
            return self.refuse(self.again(form), error)
        if self.filing.is_filed:
            return self.render_to_response(self.get_context_data(form=self.form_class(organisations=self.bodies)))
        if not is_trial:
            return self.refuse(self.again(form), RowsRefused())
        return self.render_to_response(self.get_context_data(form=self.again(form)))

    def again(self, form: ObservationsForm) -> ObservationsForm:
        """Return the form with what was sent as text, whichever way it came."""
        rows = form.cleaned_data["data"].decode(errors="replace")
        made = ObservationsForm(
            {"organisation": form.cleaned_data["organisation"].key, "rows": rows}, organisations=self.bodies
        )
        made.is_valid()
        return made

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add what became of the rows."""
        lines = self.filing.lines if self.filing else ()
        return super().get_context_data(
            filing=self.filing,
            lines=[(one, *STATE_WORDS[one.state]) for one in lines],
            counts=[(*STATE_WORDS[state], self.filing.count(state)) for state in LineState] if self.filing else [],
            crumbs=crumbs(),
            back=reverse("inspections:balances"),
            **context,
        )


class FileSerializer(serializers.Serializer[Any]):
    """A file of observations: docs/observations-csv.md says what is in it."""

    body = serializers.SlugField(max_length=64)
    csv = serializers.CharField(max_length=LARGEST_FILE, trim_whitespace=False, help_text="the file as text")
    trial = serializers.BooleanField(default=False, help_text="true: answer what would come of it and file nothing")


class ObservationFileView(Public):
    """A file of observations, whole or not at all; a refusal has every row with its reason beside `code` and `detail`."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="balances_observation_file_create",
        request=FileSerializer,
        responses={200: FILED_ROWS, 201: FILED_ROWS},
    )
    def post(self, request: Request) -> Response:
        """File all rows (201), or try them (200); 409 with every row and its reason where one is refused, and nothing is filed."""
        data = read(FileSerializer, request)
        body = get_object_or_404(Organisation.objects.bodies(), key=data["body"])
        filing = file_observations(
            data=data["csv"].encode(), body=body, by=person(request), at=timezone.now(), is_trial=data["trial"]
        )
        told = {"filed": filing.is_filed, "rows": [line_json(one) for one in filing.lines]}
        if filing.is_filed:
            return Response(told, status=status.HTTP_201_CREATED)
        if data["trial"]:
            return Response(told)
        refused = RowsRefused("Some rows cannot be filed, so nothing was: put them right and send the file again.")
        found = problem_of(status.HTTP_409_CONFLICT, body_of(refused) | told)
        return Response(found, status=status.HTTP_409_CONFLICT, content_type=PROBLEM)


def line_json(one: Line) -> dict[str, Any]:
    """Return a row and what becomes of it."""
    row = one.row
    return {
        "line": one.line,
        "facility": row.facility if row else None,
        "from_at": stamp(row.period.start) if row else None,
        "until_at": stamp(row.period.end) if row else None,
        "measurement": row.measurement if row else None,
        "hours": row.hours if row else None,
        "state": one.state.value,
        "why": one.why,
    }
