from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from accounts.rules.organisations import Role
from core.errors import DomainError
from labs.models import Deployment, TrainingRun
from treaty.actions.advance import advance_pause
from treaty.actions.standdowns import (
    acknowledge,
    declare_stand_down,
    record_halt,
    record_roll_back,
    state_nothing_deployed,
    state_nothing_runs,
    verify_stand_down,
)
from treaty.forms.pauses import DeclareForm, HaltForm, NothingForm, RollBackForm, VerifyForm
from treaty.models import Case, Pause, StandDown
from treaty.models.standdowns import CONCLUSION_LABELS, MODE_LABELS, STAGE_LABELS
from treaty.permissions import bodies_acting, can_act_for_lab, is_independent_of
from treaty.queries.exemptions import exemption_rows
from treaty.queries.pauses import state, terms
from treaty.queries.standdowns import (
    deployments_in_scope,
    is_being_prepared,
    runs_in_scope,
    stages_of,
    stand_down_of,
    standing_at,
)
from treaty.rules.pauses import BINDING
from treaty.rules.requests import is_extendable
from treaty.rules.standdowns import Conclusion, SiteMode, StageStanding, delay_account, missing_before
from treaty.views.acts import ActPage, LabAction, pause_crumbs
from treaty.views.cases import case_row
from treaty.views.words import STANDING_LABELS


class StandDownBeingPrepared(DomainError):
    """The pause binds the laboratory from now on; its stand-down is being prepared. Open it again in a few seconds."""

    code = "stand_down_being_prepared"


class StandDownPage(TemplateView):
    """One lab under one pause: everybody reads it, the lab's representatives act on it."""

    template_name = "treaty/stand_down_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return stages, runs, deployments, conclusions and cases as they stand now."""
        at = timezone.now()
        pause = get_object_or_404(Pause.objects.with_rows(), key=self.kwargs["key"])
        lab = get_object_or_404(Organisation, key=self.kwargs["lab"])
        commitment = next((one for one in pause.commitments.all() if one.organisation_id == lab.pk), None)
        stand_down = stand_down_of(pause, lab)
        cases = list(Case.objects.filter(pause=pause, organisation=lab))
        stages = stages_of(stand_down, at) if stand_down else ()
        answer = standing_at(stand_down, stages, cases, at)
        user = self.request.user
        binds = state(pause, at) in BINDING
        mine = binds and stand_down is not None and can_act_for_lab(user if user.is_authenticated else None, lab, at=at)
        return super().get_context_data(
            pause=pause,
            at=at,
            commitment=commitment,
            stand_down=stand_down,
            preparing=stand_down is None and is_being_prepared(pause, lab, at),
            level=terms(pause).level,
            stages=[stage_row(stage, stages) for stage in stages],
            way=way(stages),
            delay=delay_account(stages),
            standing=answer,
            standing_label=STANDING_LABELS[answer.standing],
            runs=runs_in_scope(pause, [lab], at).get(lab.pk, []),
            exemptions=exemption_rows(pause, lab, at),
            deployments=deployments_in_scope(terms(pause), lab),
            mode=MODE_LABELS[SiteMode(stand_down.site_mode)] if stand_down and stand_down.site_mode else "",
            conclusions=conclusions(stand_down),
            cases=[case_row(case) for case in cases],
            mine=mine,
            judges=binds and bool(stand_down) and bool(judges(self.request, lab, at)),
            crumbs=pause_crumbs(pause),
            **(context | {"lab": lab}),
        )


def stage_row(stage: StageStanding, stages: tuple[StageStanding, ...]) -> dict[str, Any]:
    """Return a stage with its name and what it waits for."""
    missing = missing_before(stage.key, stages)
    waits_for = [STAGE_LABELS[key] for key in missing]
    return {
        "stage": stage,
        "label": STAGE_LABELS[stage.key],
        "waits_for": waits_for,
        "extendable": is_extendable(stage),
    }


def way(stages: tuple[StageStanding, ...]) -> list[dict[str, Any]]:
    """Return the stages for `components/way.html`; the first one that is not done is where the lab stands."""
    following = next((stage.key for stage in stages if stage.done_at is None), None)
    return [
        {
            "title": STAGE_LABELS[stage.key],
            "state": "done"
            if stage.done_at
            else "missed"
            if stage.late_by
            else "here"
            if stage.key is following
            else "",
            "when": "",
            "detail": "",
        }
        for stage in stages
    ]


def conclusions(stand_down: StandDown | None) -> list[dict[str, Any]]:
    """Return what bodies concluded, the newest first."""
    if stand_down is None:
        return []
    found = sorted(stand_down.verifications.all(), key=lambda one: one.concluded_at, reverse=True)
    return [{"one": one, "label": CONCLUSION_LABELS[Conclusion(one.conclusion)]} for one in found]


def judges(request: HttpRequest, lab: Organisation, at: datetime) -> list[Organisation]:
    """Return the bodies for which the reader may verify the lab: accredited and independent of it."""
    user = request.user if request.user.is_authenticated else None
    acting = bodies_acting(user, at=at, roles=(Role.OFFICER,))
    return [body for body in acting if is_independent_of(body, lab, at=at)]


class StandDownAction(LabAction):
    """An act on the lab's stand-down."""

    form_class: type[forms.Form] = NothingForm

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the stand-down up."""
        super().setup(request, *args, **kwargs)
        if isinstance(request.user, User) and is_being_prepared(self.pause, self.lab, at := timezone.now()):
            if request.method != "POST":
                raise StandDownBeingPrepared
            advance_pause(pause=self.pause, at=at)
        self.stand_down = get_object_or_404(
            StandDown.objects.select_related("organisation", "pause"), pause=self.pause, organisation=self.lab
        )

    def get_success_url(self) -> str:
        """Go back to the workspace."""
        return reverse("treaty:stand_down", args=[self.pause.key, self.lab.key])


class Acknowledge(StandDownAction):
    """Acknowledge the pause."""

    title = gettext_lazy("Acknowledge the pause")
    lede = gettext_lazy("The laboratory has seen that the pause binds it and from when. The record keeps the instant.")
    submit = gettext_lazy("Acknowledge")
    success_message = gettext_lazy("Acknowledged.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Acknowledge."""
        return acknowledge(stand_down=self.stand_down, by=self.person(), at=at)


class Halt(StandDownAction):
    """Halt one run."""

    form_class = HaltForm
    submit = gettext_lazy("Declare it halted")
    lede = gettext_lazy(
        "The run has stopped. The commitment binds the laboratory to the checkpoint without showing it."
    )
    success_message = gettext_lazy("Declared halted.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the run up."""
        super().setup(request, *args, **kwargs)
        self.run = get_object_or_404(TrainingRun, organisation=self.lab, key=kwargs["run"])
        self.title = _("Halt %(run)s") % {"run": self.run.name}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Halt it."""
        return record_halt(
            stand_down=self.stand_down,
            run=self.run,
            checkpoint_commitment=form.cleaned_data["checkpoint_commitment"],
            by=self.person(),
            at=at,
        )


class NothingRuns(StandDownAction):
    """State that nothing in scope runs."""

    title = gettext_lazy("State that nothing in scope runs")
    lede = gettext_lazy("A nil return: no declared training run above the threshold is running or planned.")
    submit = gettext_lazy("State it")
    success_message = gettext_lazy("Stated.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """State it."""
        return state_nothing_runs(stand_down=self.stand_down, by=self.person(), at=at)


class RollBackDeployment(StandDownAction):
    """Roll one deployment back."""

    form_class = RollBackForm
    submit = gettext_lazy("Declare it rolled back")
    lede = gettext_lazy("The registered procedure was followed to its end, and every gate of it was approved.")
    success_message = gettext_lazy("Declared rolled back.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the deployment and its procedure up."""
        super().setup(request, *args, **kwargs)
        self.deployment = get_object_or_404(Deployment, organisation=self.lab, key=kwargs["deployment"])
        self.procedure = self.deployment.procedures.order_by("-version").first()
        self.title = _("Roll back %(deployment)s") % {"deployment": self.deployment.name}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the gates of the procedure."""
        return super().get_form_kwargs() | {"gates": self.procedure.gates if self.procedure else []}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Roll it back."""
        return record_roll_back(
            stand_down=self.stand_down,
            deployment=self.deployment,
            approved=form.cleaned_data["approved"],
            by=self.person(),
            at=at,
        )


class NothingDeployed(StandDownAction):
    """State that no deployment in scope is left."""

    title = gettext_lazy("State that nothing in scope is deployed")
    lede = gettext_lazy("A nil return: no registered deployment that this level names is in use.")
    submit = gettext_lazy("State it")
    success_message = gettext_lazy("Stated.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """State it."""
        return state_nothing_deployed(stand_down=self.stand_down, by=self.person(), at=at)


class Declare(StandDownAction):
    """Declare the stand-down."""

    form_class = DeclareForm
    title = gettext_lazy("Declare the stand-down")
    lede = gettext_lazy(
        "The laboratory declares that it does what the pause asks, and opens its sites to verification."
    )
    submit = gettext_lazy("Declare")
    success_message = gettext_lazy("Declared.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the modes that the text allows."""
        return super().get_form_kwargs() | {"modes": terms(self.pause).level.site_modes}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Declare."""
        return declare_stand_down(
            stand_down=self.stand_down, site_mode=form.cleaned_data["site_mode"], by=self.person(), at=at
        )


class Verify(ActPage):
    """A body's officer concludes about a stand-down on a basis other than a visit's report."""

    form_class = VerifyForm
    lede = gettext_lazy("Being unable to conclude is an answer. A discrepancy opens a case by itself.")
    submit = gettext_lazy("Put the conclusion on record")
    success_message = gettext_lazy("The conclusion is in the record.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the stand-down up."""
        super().setup(request, *args, **kwargs)
        found = StandDown.objects.select_related("organisation", "pause")
        self.stand_down = get_object_or_404(found, pause__key=kwargs["key"], organisation__key=kwargs["lab"])
        self.title = _("Conclude about the stand-down of %(lab)s") % {"lab": self.stand_down.organisation.name}

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the pause."""
        return pause_crumbs(self.stand_down.pause)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies that the reader may conclude for."""
        bodies = judges(self.request, self.stand_down.organisation, timezone.now())
        return super().get_form_kwargs() | {"organisations": bodies}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says."""
        return super().get_context_data(
            pause=self.stand_down.pause,
            lab=self.stand_down.organisation,
            back=self.get_success_url(),
            **context,
        )

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Conclude."""
        return verify_stand_down(
            stand_down=self.stand_down,
            visit_key="",
            conclusion=form.cleaned_data["conclusion"],
            by=self.person(),
            at=at,
            body=form.cleaned_data["organisation"],
            basis=form.cleaned_data["basis"],
        )

    def get_success_url(self) -> str:
        """Go back to the stand-down."""
        return reverse("treaty:stand_down", args=[self.stand_down.pause.key, self.stand_down.organisation.key])
