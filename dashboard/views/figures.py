"""Every figure of the site at its addresses: the registry of all apps, the files, and a page about each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from core.errors import Malformed
from dashboard.queries.coverage import coverage
from dashboard.queries.parties import exported
from dashboard.views.parties import all_parties
from inspections.views.figures import FIGURES as OF_INSPECTIONS
from labs.views.figures import FIGURES as OF_LABS
from labs.views.figures import JURISDICTION, LAB, NAME
from ledger.queries import founded_at, position, position_at
from ledger.views.past import OfAnInstant
from treaty.queries.past import require_rows
from treaty.views.figures import FIGURES as OF_TREATY
from treaty.views.figures import RECORD
from web.caching import cached_by
from web.charts import Chart
from web.exports import csv_answer, json_answer, open_to_all, records
from web.figures import FORMS, INK, LICENCE, Column, Figure, Rows, Type, address, drawing, line_data, metadata, place
from web.past import PARAMETER, keep_forever, past_instant

MOST_SHOWN: Final = 100


def party_rows(at: datetime, _subject: str) -> Rows:
    """Return every party, on the same terms."""
    require_rows(at)
    return map(exported, all_parties(at)[1])


def coverage_rows(at: datetime, _subject: str) -> Rows:
    """Return what is not covered, a line a figure; nothing known is an empty value, never nought."""
    found = coverage(at)
    if found is None:
        return []
    capacity = found.capacity
    return [
        ("open_weight_releases", found.open_weights, "1", "open-weights"),
        ("open_weight_releases_unestimated", found.unestimated, "1", "open-weights"),
        ("capacity_of_parties", round(capacity.bound), "H100-equivalents", "facilities"),
        ("capacity_of_parties_with_evidence", round(capacity.evidenced), "H100-equivalents", "facilities"),
        ("capacity_outside", round(capacity.outside) if capacity.outside else None, "H100-equivalents", None),
        ("capacity_undeclared", None, "H100-equivalents", None),
    ]


def _stage(name: str) -> Column:
    return Column(name, _("When it did this; empty while it has not, or is not bound."), Type.INSTANT)


FIGURES: Final = (
    Figure(
        key="parties",
        has_past=True,
        title=_("Parties"),
        description=_("Every laboratory of Annex 1 and of the roll of the pause that binds: what binds it, how it stands, and what was verified."),
        source=RECORD,
        columns=(
            LAB,
            NAME,
            JURISDICTION,
            Column("status", _("not_signed, signatory, ratified, party, suspended, merged, withdrawing or withdrawn.")),
            Column("bound_since", _("From when the treaty binds it."), Type.INSTANT),
            _stage("acknowledged_at"),
            _stage("halted_at"),
            _stage("rolled_back_at"),
            _stage("declared_at"),
            _stage("verified_at"),
            Column("delay_seconds", _("All delays under the pause added up."), Type.WHOLE, "s"),
            Column("next_visit_at", _("When the next announced visit begins."), Type.INSTANT),
            Column("evidence_verified", _("Layers with valid evidence, over all its sites."), Type.WHOLE),
            Column("evidence_in_scope", _("Layers in scope, over all its sites."), Type.WHOLE),
            Column("declarations_overdue", _("Declarations that are overdue."), Type.WHOLE),
            Column("standing", _("compliant, ongoing, unable, potential_breach, breach or not_applicable.")),
            Column("standing_basis", _("What the standing rests on.")),
            Column("standing_reference", _("The stage, visit or case that it rests on.")),
            Column("standing_since", _("Since when it has this standing."), Type.INSTANT),
        ),
        rows=party_rows,
        page=lambda _subject: reverse("dashboard:parties"),
    ),
    Figure(
        key="not-covered",
        has_past=True,
        title=_("What is not covered"),
        description=_("What a pause does not reach, as far as somebody declared or published it. An empty value is unknown, which is not nought."),
        source=RECORD,
        columns=(
            Column("what", _("Name of the figure.")),
            Column("value", _("The figure; empty where nobody can know it."), Type.WHOLE, _("as the column unit says")),
            Column("unit", _("The unit of the value.")),
            Column("basis", _("The figure of this site from which it is counted.")),
        ),
        rows=coverage_rows,
        page=lambda _subject: f"{reverse('dashboard:home')}#not-covered",
    ),
    *OF_TREATY,
    *OF_INSPECTIONS,
    *OF_LABS,
)  # fmt: skip
BY_KEY: Final[Mapping[str, Figure]] = {figure.key: figure for figure in FIGURES}


class NoPast(Malformed):
    """The figure's rows cannot be taken back to a past instant."""

    code = "figure_has_no_past"

    def __init__(self) -> None:
        able = ", ".join(figure.key for figure in FIGURES if figure.has_past)
        super().__init__(f"This figure is to be had of the present only. Those with a past are: {able}.")


@dataclass(frozen=True)
class Found:
    """A figure by its name at an instant; `subject` is empty where it is no family."""

    figure: Figure
    subject: str
    at: datetime
    past: datetime | None = None  # `at`, where the address asks for it

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return place(self.figure.key, self.subject)

    @cached_property
    def title(self) -> str:
        """Its title, of one of a family that one's."""
        titled = self.figure.titled
        return str(titled(self.at, self.subject) if titled else self.figure.title)

    @property
    def page(self) -> str:
        """The page on which it is shown."""
        return self.figure.page(self.subject)

    @property
    def address(self) -> str:
        """The address of the page about it."""
        return f"{settings.SITE_URL}{address(self.name, past=self.past)}"

    @property
    def forms(self) -> dict[str, str]:
        """Its addresses by their forms."""
        return {form.partition(".")[0]: f"{settings.SITE_URL}{address(self.name, form, self.past)}" for form in FORMS}

    @property
    def position(self) -> int:
        """How many entries the record had."""
        return position_at(self.past) if self.past else position()

    @cached_property
    def chart(self) -> Chart | None:
        """Its chart, where it has one."""
        return self.figure.chart(self.at, self.subject) if self.figure.chart else None

    def rows(self) -> list[Any]:
        """Its rows."""
        return list(self.figure.rows(self.at, self.subject))


def find(name: str, at: datetime) -> Found:
    """Return the figure of this name; Http404 where there is none. Rows and chart of a family may still find no such subject."""
    key, _slash, subject = name.partition("/")
    figure = BY_KEY.get(key)
    if figure is None or bool(subject) is not bool(figure.subjects):
        raise Http404
    return Found(figure, subject, at)


def as_of(found: Found, past: datetime | None) -> Found:
    """Return the figure of a past instant; raise NoPast where its rows cannot be taken back."""
    if past is None:
        return found
    if not found.figure.has_past:
        raise NoPast
    return replace(found, at=past, past=past)


@require_safe
@cached_by(position, PARAMETER)
def figure_file(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """Answer with a figure as SVG, CSV, JSON or the metadata of its CSV."""
    now = timezone.now()
    found = as_of(find(name, now), past_instant(request, now=now, founded=founded_at))
    answer = _FORMS[form](found)
    described = address(name, "metadata.json", found.past)
    answer["Link"] = f'<{described}>; rel="describedby"; type="application/csvm+json"'
    keep_forever(answer, found.past, now)
    return answer


def _csv(found: Found) -> HttpResponse:
    return csv_answer(f"{found.name.replace('/', '-')}.csv", found.figure.names, found.rows())


def _json(found: Found) -> HttpResponse:
    chart = found.chart
    return json_answer(
        {
            "figure": found.name,
            "title": found.title,
            "at": found.at,
            "position": found.position,
            "licence": LICENCE,
            "metadata": found.forms["metadata"],
            "rows": records(found.figure.names, found.rows()),
        }
        | ({"chart": line_data(chart)} if chart else {})
    )


def _metadata(found: Found) -> HttpResponse:
    found.rows()  # no metadata of what is not there
    said = metadata(
        found.figure, found.name, found.title,
        site=settings.SITE_URL, position=found.position, at=found.at, page=found.page, past=found.past,
    )  # fmt: skip
    return open_to_all(
        JsonResponse(said, content_type="application/csvm+json", json_dumps_params={"ensure_ascii": False})
    )


def _svg(found: Found) -> HttpResponse:
    chart = found.chart
    context = {"found": found, "position": found.position, "at": found.at, "host": settings.SITE_URL.partition("//")[2]}
    if chart:
        text = render_to_string("dashboard/figure_chart.svg", context | {"chart": chart, "ink": INK})
    else:
        table = drawing(found.figure.names, found.rows())
        text = render_to_string("dashboard/figure_table.svg", context | {"table": table})
    return open_to_all(HttpResponse(text, content_type="image/svg+xml; charset=utf-8"))


_FORMS: Final = {"csv": _csv, "json": _json, "metadata.json": _metadata, "svg": _svg}


@method_decorator(cached_by(position, PARAMETER), name="dispatch")
class FigurePage(OfAnInstant):
    """What a figure is: its columns, its source, its licence, and how to take it away, cite it and embed it."""

    template_name = "dashboard/figure.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the figure as it is, or as it was."""
        found = as_of(find(self.kwargs["name"], self.at), self.past)
        rows = found.rows()
        return super().get_context_data(
            found=found,
            chart=found.chart,
            columns=found.figure.columns,
            rows=rows[:MOST_SHOWN],
            count=len(rows),
            retrieved_at=timezone.now(),
            licence=LICENCE,
            crumbs=[
                (reverse("dashboard:api"), _("Data and API")),
                (reverse("dashboard:figures"), _("Charts and tables")),
            ],
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class FiguresPage(TemplateView):
    """Every chart and table of the site."""

    template_name = "dashboard/figure_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add them by what they are about."""
        at = timezone.now()
        return super().get_context_data(
            alone=[Found(one, "", at) for one in FIGURES if one.subjects is None],
            families=[(one, list(every(one, at))) for one in FIGURES if one.subjects is not None],
            at=at,
            position=position(),
            crumbs=[(reverse("dashboard:api"), _("Data and API"))],
            **context,
        )


def every(figure: Figure, at: datetime) -> list[Found]:
    """Return a figure, or each of a family."""
    return [Found(figure, subject, at) for subject in (figure.subjects(at) if figure.subjects else [""])]


@require_safe
@cached_by(position)
def figures_json(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Answer with every figure that there is now, and its addresses."""
    at = timezone.now()
    listed = [
        {"figure": found.name, "description": str(figure.description), "has_past": figure.has_past, **found.forms}
        for figure in FIGURES
        for found in every(figure, at)
    ]
    return json_answer({"at": at, "position": position(), "licence": LICENCE, "figures": listed})
