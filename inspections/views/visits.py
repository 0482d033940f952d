from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from django_stubs_ext import StrOrPromise

from accounts.views.readers import person, reader
from core.times import instant
from inspections.actions.plan import cancel_visit
from inspections.actions.reports import comment_on_report, open_report
from inspections.actions.visits import (
    acknowledge_visit,
    begin_visit,
    delay_access,
    finalise_visit,
    grant_access,
    refuse_access,
)
from inspections.forms import CommentForm, NothingForm
from inspections.forms.visits import ReasonForm
from inspections.models import Report, Visit
from inspections.models.visits import KIND_LABELS, STATE_LABELS
from inspections.permissions import can_read_draft, is_on_team, oversees, speaks_for_party
from inspections.queries.reports import draft_of
from inspections.queries.visits import facts_of, monitoring_of, team_of, what_may_follow
from inspections.rules.managed_access import ASKABLE
from inspections.rules.reports import ReportState
from inspections.rules.visits import REPORTABLE, VisitEvent, VisitKind, VisitState, delay_of, leave_by, timers
from inspections.views.managed_access import managed_rows
from inspections.views.readers import visit_for
from inspections.views.words import EVENT_LABELS, PROVISION_LABELS, TIMER_LABELS
from web.views import ActionView

TEAM_EVENTS = (VisitEvent.GRANT, VisitEvent.DELAY, VisitEvent.REFUSE, VisitEvent.BEGIN)


ACTIONS: Final[Mapping[VisitEvent, Callable[..., Visit]]] = {
    VisitEvent.ACKNOWLEDGE: acknowledge_visit,
    VisitEvent.GRANT: grant_access,
    VisitEvent.DELAY: delay_access,
    VisitEvent.REFUSE: refuse_access,
    VisitEvent.BEGIN: begin_visit,
    VisitEvent.FINALISE: finalise_visit,
    VisitEvent.CANCEL: cancel_visit,
}


class VisitPage(TemplateView):
    """One visit: its stages with their timers, its team's bodies, its reports, and what is asked of the reader."""

    template_name = "inspections/visit_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the visit as it stands now."""
        at = timezone.now()
        visit = visit_for(self.request, self.kwargs["key"], at)
        team = team_of(visit)
        found = timers(facts_of(visit), monitoring_of(visit), at)
        user = reader(self.request)
        inside = can_read_draft(user, visit, at=at)
        waited = visit.notified_at is not None and visit.planned_from <= at
        return super().get_context_data(
            at=at,
            visit=visit,
            state_label=STATE_LABELS[VisitState(visit.state)],
            kind_label=KIND_LABELS[VisitKind(visit.kind)],
            timers=[(timer, TIMER_LABELS[timer.stage]) for timer in found],
            bodies=sorted({one.designation.body.name for one in team}),
            people=[one.designation.user.name for one in team] if inside else [],
            delay=delay_of(visit.planned_from, visit.access_at, at) if waited else None,
            stay_until=visit.access_at and leave_by(VisitKind(visit.kind), visit.access_at, monitoring_of(visit)),
            passed=[(instant(day), PROVISION_LABELS[provision]) for day, provision in visit.passed],
            reports=list(Report.objects.filter(visit=visit, state=ReportState.SUBMITTED).select_related("visit")),
            draft=draft_of(visit) if inside else None,
            managed=managed_rows(visit, user, inside=inside, at=at),
            can_manage=visit.state in ASKABLE and speaks_for_party(user, visit, at=at),
            buttons=list(buttons(self.request, visit, at)),
            can_begin_report=is_on_team(user, visit, at=at) and visit.state in REPORTABLE,
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )


def buttons(request: HttpRequest, visit: Visit, at: datetime) -> list[tuple[str, StrOrPromise, VisitEvent]]:
    """Return what the reader may do to the visit now: address, words, event."""
    user, may = reader(request), what_may_follow(visit)
    theirs: list[VisitEvent] = []
    if speaks_for_party(user, visit, at=at):
        theirs.append(VisitEvent.ACKNOWLEDGE)
    if is_on_team(user, visit, at=at):
        theirs += TEAM_EVENTS
        theirs += [VisitEvent.FINALISE] if visit.state == VisitState.COMMENTED else []
    if oversees(user, visit, at=at):
        theirs.append(VisitEvent.CANCEL)
    return [
        (reverse("inspections:act", args=[visit.key, event.value]), EVENT_LABELS[event], event)
        for event in theirs
        if event in may
    ]


class VisitActView(ActionView):
    """What a person records about a visit: one event of the table."""

    template_name = "inspections/visit_act.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the visit and the event."""
        super().setup(request, *args, **kwargs)
        self.visit = visit_for(request, kwargs["key"], timezone.now())
        self.event = VisitEvent(kwargs["event"]) if kwargs["event"] in set(VisitEvent) else None
        if self.event not in EVENT_LABELS:
            raise Http404

    def get_form_class(self) -> type[forms.Form]:
        """Ask for a reason where one is due."""
        return ReasonForm if self.event in {VisitEvent.DELAY, VisitEvent.REFUSE} else NothingForm

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Call the event's action."""
        assert self.event is not None
        return ACTIONS[self.event](visit=self.visit, by=person(self.request), at=at, **form.cleaned_data)

    def get_success_url(self) -> str:
        """Go back to the visit."""
        return reverse("inspections:visit", args=[self.visit.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the visit and the words."""
        assert self.event is not None
        crumbs = [(reverse("inspections:list"), _("Inspections")), (self.get_success_url(), self.visit.key)]
        return super().get_context_data(
            visit=self.visit, words=EVENT_LABELS[self.event], crumbs=crumbs, back=self.get_success_url(), **context
        )


class BeginReportView(VisitActView):
    """Begin the visit's report, or go on with it."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the visit."""
        super().setup(request, *args, **{**kwargs, "event": VisitEvent.BEGIN.value})

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """Open the draft."""
        return open_report(visit=self.visit, by=person(self.request), at=at)

    def get_success_url(self) -> str:
        """Go to the form."""
        return reverse("inspections:report_form", args=[self.visit.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Say what the button does."""
        back = reverse("inspections:visit", args=[self.visit.key])
        return {**super().get_context_data(**context), "words": _("Write the report"), "back": back}


class CommentView(ActionView):
    """The inspected party's comment on a report."""

    form_class = CommentForm
    template_name = "inspections/visit_act.html"
    success_message = gettext_lazy("The comment stands beside the report.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the report."""
        super().setup(request, *args, **kwargs)
        found = Report.objects.filter(state=ReportState.SUBMITTED).select_related(
            "visit__facility__organisation", "visit__pause"
        )
        self.report = get_object_or_404(found, visit__key=kwargs["key"], version=kwargs["version"])

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Add the comment."""
        return comment_on_report(report=self.report, text=form.cleaned_data["text"], by=person(self.request), at=at)

    def get_success_url(self) -> str:
        """Go back to the report."""
        return reverse("inspections:report", args=[self.report.visit.key, self.report.version])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the report and the words."""
        crumbs = [(reverse("inspections:list"), _("Inspections")), (self.get_success_url(), self.report.visit.key)]
        return super().get_context_data(
            visit=self.report.visit,
            words=_("Comment on the report"),
            crumbs=crumbs,
            back=self.get_success_url(),
            **context,
        )
