from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation
from accounts.views.readers import reader
from ledger.queries import position
from ledger.views.api import Public
from treaty.actions.drills import conclude_exercise, pass_stage
from treaty.forms.pauses import ConcludeForm, NothingForm
from treaty.models import Drill
from treaty.models.drills import DRILL_STAGE_LABELS, DRILL_STATE_LABELS
from treaty.permissions import can_act_for_lab, labs_acting, may_request_for
from treaty.queries.drills import DrillRow, DrillSummary, awaits, due_at, is_prevented, summaries, summary
from treaty.rules.drills import DrillStage, DrillStanding, DrillState, missing_before
from treaty.rules.standdowns import Conclusion
from treaty.views.acts import ActPage, require_representative
from treaty.views.pauses import events
from treaty.views.shapes import DRILL
from treaty.views.standdowns import judges
from treaty.views.words import written
from web.api.filters import Equal, Since
from web.api.shapes import page
from web.caching import cached_by

STAGE_LEDES = {
    DrillStage.ACKNOWLEDGE: gettext_lazy("The laboratory has seen that a drill began. The record keeps the instant."),
    DrillStage.HALT: gettext_lazy(
        "The laboratory has gone through halting every run that a pause of this level would halt. Nothing is halted."
    ),
    DrillStage.ROLL_BACK: gettext_lazy(
        "The laboratory has gone through rolling back what a pause of this level would name. Nothing is rolled back."
    ),
    DrillStage.DECLARE: gettext_lazy("The laboratory declares that it went through everything that comes before."),
    DrillStage.STAND_UP: gettext_lazy("The laboratory has taken up again what it set aside for the drill."),
}


@method_decorator(cached_by(position), name="dispatch")
class DrillsPage(TemplateView):
    """Every drill, the newest first; how long each laboratory took in each; when the next one is due."""

    template_name = "treaty/drill_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the drills as they stand now."""
        at = timezone.now()
        found, due = summaries(at), due_at(at)
        may_order = not is_prevented(at) and bool(may_request_for(reader(self.request), at=at))
        return super().get_context_data(
            drills=[(one, DRILL_STATE_LABELS[one.state]) for one in found],
            history=_history(found),
            due=due,
            overdue=due is not None and at >= due,
            may_order=may_order,
            at=at,
            position=position(),
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class DrillPage(TemplateView):
    """One drill: its way, its board with timers, its story."""

    template_name = "treaty/drill_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the drill as it stands now, and what is asked of the reader."""
        at = timezone.now()
        one = summary(_drill(self.kwargs["key"]), at)
        acting = {lab.pk for lab in labs_acting(reader(self.request), at=at)}
        return super().get_context_data(
            one=one,
            drill=one.drill,
            state_label=DRILL_STATE_LABELS[one.state],
            way=way(one),
            stage_labels=[DRILL_STAGE_LABELS[stage] for stage in one.stages],
            rows=[(row, cells(row)) for row in one.rows],
            mine=[row for row in one.rows if row.organisation.pk in acting],
            events=events(f"drill:{one.drill.key}"),
            at=at,
            position=position(),
            crumbs=[(reverse("treaty:drills"), _("Drills"))],
            **context,
        )


class DrillLabPage(TemplateView):
    """One laboratory in one drill: everybody reads it, its representatives act on it."""

    template_name = "treaty/drill_lab.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the stages as they stand now, with those that can be done."""
        at = timezone.now()
        one = summary(_drill(self.kwargs["key"]), at)
        lab = get_object_or_404(Organisation, key=self.kwargs["lab"], drills__drill=one.drill)
        row = next(row for row in one.rows if row.organisation == lab)
        done = [stage.stage for stage in row.stages if stage.done_at]
        mine = one.state is DrillState.RUNNING and can_act_for_lab(reader(self.request), lab, at=at)
        return super().get_context_data(
            one=one,
            drill=one.drill,
            state_label=DRILL_STATE_LABELS[one.state],
            row=row,
            stages=[
                {
                    "stage": stage,
                    "label": DRILL_STAGE_LABELS[stage.stage],
                    "lede": STAGE_LEDES[stage.stage],
                    "waits_for": [DRILL_STAGE_LABELS[key] for key in missing_before(stage.stage, one.stages, done)],
                }
                for stage in row.stages
            ],
            mine=mine,
            concludes=any(row in awaits(one, body, at) for body in judges(self.request, lab, at)),
            at=at,
            crumbs=crumbs(one.drill),
            **(context | {"lab": lab}),
        )


class PassStage(ActPage):
    """A laboratory goes through one stage."""

    template_name = "treaty/drill_act.html"
    form_class = NothingForm
    success_message = gettext_lazy("In the record, as a drill.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look drill, laboratory and stage up, and refuse those who do not act for the laboratory."""
        super().setup(request, *args, **kwargs)
        self.drill = _drill(kwargs["key"])
        self.lab = get_object_or_404(Organisation, key=kwargs["lab"], drills__drill=self.drill)
        self.stage = DrillStage(kwargs["stage"])
        require_representative(request, self.lab)

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the laboratory's workspace."""
        return [*crumbs(self.drill), (self.get_success_url(), self.lab.name)]

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Write it down."""
        return pass_stage(drill=self.drill, lab=self.lab, stage=self.stage, by=self.person(), at=at)

    def get_success_url(self) -> str:
        """Go back to the workspace."""
        return reverse("treaty:drill_lab", args=[self.drill.key, self.lab.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says about the act."""
        return super().get_context_data(
            drill=self.drill,
            title=_("Drill: %(stage)s") % {"stage": DRILL_STAGE_LABELS[self.stage]},
            lede=STAGE_LEDES[self.stage],
            submit=DRILL_STAGE_LABELS[self.stage],
            **context,
        )


class ConcludeExercise(ActPage):
    """A body's officer says whether the body confirms what a laboratory declared in a drill."""

    template_name = "treaty/drill_act.html"
    form_class = ConcludeForm
    lede = gettext_lazy(
        "A body concludes once about each laboratory. Being unable to conclude is an answer, and opens no case."
    )
    submit = gettext_lazy("Put the conclusion on record")
    success_message = gettext_lazy("In the record, as a drill.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look drill and laboratory up."""
        super().setup(request, *args, **kwargs)
        self.drill = _drill(kwargs["key"])
        self.lab = get_object_or_404(Organisation, key=kwargs["lab"], drills__drill=self.drill)
        self.title = _("Drill: conclude about the exercise of %(lab)s") % {"lab": self.lab.name}

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the laboratory's exercise."""
        return [*crumbs(self.drill), (self.get_success_url(), self.lab.name)]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies that the reader may conclude for."""
        return super().get_form_kwargs() | {"organisations": judges(self.request, self.lab, timezone.now())}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Conclude."""
        body, conclusion = form.cleaned_data["organisation"], Conclusion(form.cleaned_data["conclusion"])
        return conclude_exercise(
            drill=self.drill, lab=self.lab, body=body, conclusion=conclusion, by=self.person(), at=at
        )

    def get_success_url(self) -> str:
        """Go back to the laboratory's exercise."""
        return reverse("treaty:drill_lab", args=[self.drill.key, self.lab.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the strip shows."""
        return super().get_context_data(drill=self.drill, **context)


class DrillFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses drills."""

    level = Equal("level", "only drills of this level of the text")
    since = Since("announced_at")


class DrillsView(Public, GenericAPIView[Drill]):
    """Every drill, newest first, with each laboratory's times."""

    filterset_class = DrillFilter

    def get_queryset(self) -> QuerySet[Drill]:
        """Return the drills announced by now."""
        return Drill.objects.filter(announced_at__lte=self.at).with_rows()

    @extend_schema(operation_id="drills_list", responses={200: page(DRILL)})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer a page of them."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([drill_json(summary(one, self.at)) for one in rows])


class DrillView(Public):
    """One drill with each laboratory's times."""

    @extend_schema(responses={200: DRILL})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the drill."""
        return Response(drill_json(summary(_drill(key), timezone.now())))


def drill_json(one: DrillSummary) -> dict[str, Any]:
    """Return a drill for programs; `drill` is always true, so that nobody takes it for a pause."""
    return {
        "drill": True,
        "key": one.drill.key,
        "level": one.drill.level,
        "state": one.state.value,
        "vote": one.drill.vote.key,
        "text": one.drill.text.sha256,
        "announced_at": one.drill.announced_at,
        "starts_at": one.drill.starts_at,
        "ends_by": one.drill.ends_by,
        "ended_at": one.drill.ended_at,
        "labs": [
            {
                "lab": row.organisation.key,
                "stages": [
                    {
                        "stage": stage.stage.value,
                        "state": stage.state.value,
                        "due_at": stage.due_at,
                        "done_at": stage.done_at,
                        "seconds": None if stage.took is None else int(stage.took.total_seconds()),
                    }
                    for stage in row.stages
                ],
                "verified_at": row.verified and row.verified.concluded_at,
                "verdicts": [
                    {"body": verdict.body.key, "conclusion": verdict.conclusion, "at": verdict.concluded_at}
                    for verdict in row.verdicts
                ],
            }
            for row in one.rows
        ],
        "verify_by": one.verify_by,
        "url": reverse("treaty:api_drill", args=[one.drill.key]),
    }


def _drill(key: str) -> Drill:
    return get_object_or_404(Drill.objects.with_rows(), key=key)


def crumbs(drill: Drill) -> list[tuple[str, str]]:
    """Return the way to a page below the drill."""
    return [
        (reverse("treaty:drills"), _("Drills")),
        (reverse("treaty:drill", args=[drill.key]), _("Drill %(key)s") % {"key": drill.key}),
    ]


def way(one: DrillSummary) -> list[dict[str, Any]]:
    """Return the drill's stages for `components/way.html`."""
    called_off = one.state is DrillState.CALLED_OFF
    over = one.drill.ended_at or (one.over_at if one.state not in {DrillState.ANNOUNCED, DrillState.RUNNING} else None)
    begun = one.drill.starts_at < over if over else one.state is DrillState.RUNNING
    last = DRILL_STATE_LABELS[one.state] if over else _("Over")
    return [
        {"title": _("Announced"), "state": "done", "when": written(one.drill.announced_at)},
        {
            "title": _("Running"),
            "state": "done" if over and begun else "here" if begun else "missed" if over else "",
            "when": written(one.drill.starts_at),
        },
        {
            "title": last,
            "state": "missed" if called_off else "done" if over else "",
            "when": written(over or one.drill.ends_by),
            "detail": "" if over else _("at the latest"),
        },
    ]


def cells(row: DrillRow) -> list[tuple[DrillStanding, object]]:
    """Return a laboratory's stages with the names of their columns."""
    return [(one, DRILL_STAGE_LABELS[one.stage]) for one in row.stages]


def _history(found: list[DrillSummary]) -> list[tuple[Organisation, list[tuple[DrillSummary, DrillRow | None]]]]:
    """Return, by laboratory, its row in each drill that has begun, the newest first."""
    begun = [one for one in found if one.state is not DrillState.ANNOUNCED]
    labs = {row.organisation.pk: row.organisation for one in begun for row in one.rows}
    rows = {(one.drill.pk, row.organisation.pk): row for one in begun for row in one.rows}
    return [
        (lab, [(one, rows.get((one.drill.pk, pk))) for one in begun])
        for pk, lab in sorted(labs.items(), key=lambda item: item[1].name)
    ]
