"""What a laboratory's own people file: one form, one action each."""

from datetime import datetime
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from core.errors import require
from labs.actions.declarations import file_declaration
from labs.actions.deployments import amend_procedure, register_deployment
from labs.actions.facilities import NOT_YOURS, close_facility, register_facility
from labs.actions.inventories import declare_inventory
from labs.actions.runs import finish_run, halt_run, register_run, start_run
from labs.forms import (
    DeclarationForm,
    DeploymentForm,
    FacilityForm,
    HaltForm,
    InventoryForm,
    PlainForm,
    ProcedureForm,
    RunForm,
)
from labs.models import AcceleratorModel, Declaration, Deployment, Facility, TrainingRun
from labs.permissions import can_file_for
from labs.queries.laboratories import overview
from labs.views.laboratories import KnowsTerms
from web.views import ActionView


class FilingView(ActionView):
    """A page of a laboratory's own people: closed to everybody else, with the laboratory of the address."""

    template_name = "labs/filing.html"
    title: Any = ""
    submit: Any = _("File")
    note: Any = ""

    @cached_property
    def lab(self) -> Organisation:
        """The laboratory of the address; NotAllowed for whoever does not file for it."""
        lab = get_object_or_404(Organisation.objects.laboratories(), key=self.kwargs["key"])
        require(can_file_for(self.person, lab, at=timezone.now()), NOT_YOURS)
        return lab

    @property
    def person(self) -> User:
        """Who is signed in."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def get_success_url(self) -> str:
        """Go back to the laboratory's desk."""
        return reverse("labs:desk", args=[self.lab.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the laboratory and the words of the page."""
        return super().get_context_data(
            lab=self.lab,
            title=self.title,
            submit=self.submit,
            note=self.note,
            crumbs=[
                (reverse("labs:list"), _("Laboratories")),
                (reverse("labs:lab", args=[self.lab.key]), self.lab.name),
                (self.get_success_url(), _("Desk")),
            ],
            **context,
        )

    def facility(self) -> Facility:
        """Return the laboratory's own facility of the address."""
        return get_object_or_404(Facility, organisation=self.lab, key=self.kwargs["facility"])

    def run(self) -> TrainingRun:
        """Return the laboratory's own run of the address."""
        return get_object_or_404(TrainingRun, organisation=self.lab, key=self.kwargs["run"])

    def deployment(self) -> Deployment:
        """Return the laboratory's own deployment of the address."""
        return get_object_or_404(Deployment, organisation=self.lab, key=self.kwargs["deployment"])


class DeskView(KnowsTerms, FilingView):
    """The laboratory's workspace: what it owes and what it may file. It changes nothing itself."""

    http_method_names = ("get", "head", "options")
    template_name = "labs/desk.html"
    form_class = PlainForm

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the overview."""
        now = timezone.now()
        return super().get_context_data(overview=overview(self.lab, now, self.terms(now)), at=now, **context)


class RegisterFacilityView(FilingView):
    """Register a site."""

    form_class = FacilityForm
    title, submit = _("Register a site"), _("Register")
    success_message = _("The site is registered.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Register it."""
        return register_facility(organisation=self.lab, **form.cleaned_data, by=self.person, at=at)


class DeclareInventoryView(FilingView):
    """Declare what a site holds."""

    form_class = InventoryForm
    title, submit = _("Declare an inventory"), _("Declare")
    note = _(
        "Sites with nothing filled in are declared empty. A change is a new version; the old one stays in the record."
    )
    success_message = _("The inventory is declared.")

    def get_initial(self) -> dict[str, Any]:
        """Begin with the inventory that stands."""
        now = timezone.now()
        standing = self.facility().inventories.standing(now).first()
        lines = standing.lines.values_list("accelerator__key", "quantity") if standing else ()
        return {"as_of": now, **{f"quantity_{key}": number for key, number in lines}}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the catalogue."""
        return {**super().get_form_kwargs(), "chips": list(AcceleratorModel.objects.all())}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Declare it."""
        assert isinstance(form, InventoryForm)
        return declare_inventory(
            facility=self.facility(),
            quantities=form.quantities(),
            as_of=form.cleaned_data["as_of"],
            by=self.person,
            at=at,
        )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Name the site."""
        return super().get_context_data(subject=self.facility().name, **context)


class CloseFacilityView(FilingView):
    """Close a site."""

    form_class = PlainForm
    title, submit = _("Close a site"), _("Close the site")
    note = _("A site is closed once its newest inventory is empty.")
    success_message = _("The site is closed.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the address says which
        """Close it."""
        return close_facility(facility=self.facility(), by=self.person, at=at)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Name the site."""
        return super().get_context_data(subject=self.facility().name, **context)


class RegisterRunView(FilingView):
    """Register a training run."""

    form_class = RunForm
    title, submit = _("Register a training run"), _("Register")
    success_message = _("The run is registered.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the laboratory's own sites."""
        return {
            **super().get_form_kwargs(),
            "facilities": Facility.objects.open_at(timezone.now()).filter(organisation=self.lab),
        }

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Register it."""
        return register_run(organisation=self.lab, **form.cleaned_data, by=self.person, at=at)


class _RunView(FilingView):
    form_class: type[forms.Form] = PlainForm

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Name the run."""
        return super().get_context_data(subject=self.run().name, **context)


class StartRunView(_RunView):
    """Declare that a run begins or goes on."""

    title, submit = _("Start a run"), _("Declare that it runs")
    success_message = _("The run is declared to be running.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the address says which
        """Declare it."""
        return start_run(run=self.run(), by=self.person, at=at)


class HaltRunView(_RunView):
    """Declare that a run has stopped."""

    form_class = HaltForm
    title, submit = _("Halt a run"), _("Declare the halt")
    success_message = _("The halt is declared.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Declare it."""
        commitment = form.cleaned_data["checkpoint_commitment"].strip().lower()
        return halt_run(run=self.run(), checkpoint_commitment=commitment, by=self.person, at=at)


class FinishRunView(_RunView):
    """Declare that a run is complete."""

    title, submit = _("Finish a run"), _("Declare that it is complete")
    success_message = _("The run is declared to be complete.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the address says which
        """Declare it."""
        return finish_run(run=self.run(), by=self.person, at=at)


class RegisterDeploymentView(FilingView):
    """Register a deployment with its roll-back procedure."""

    form_class = DeploymentForm
    title, submit = _("Register a deployment"), _("Register")
    success_message = _("The deployment is registered.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Register it."""
        return register_deployment(organisation=self.lab, **form.cleaned_data, by=self.person, at=at)


class AmendProcedureView(FilingView):
    """Register a new version of a roll-back procedure."""

    form_class = ProcedureForm
    title, submit = _("Amend a roll-back procedure"), _("Register the new version")
    success_message = _("The procedure is registered.")

    def get_initial(self) -> dict[str, Any]:
        """Begin with the version that stands."""
        newest = self.deployment().procedures.order_by("-version").first()
        return {"steps": "\n".join(newest.steps), "gates": "\n".join(newest.gates)} if newest else {}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Register it."""
        return amend_procedure(deployment=self.deployment(), **form.cleaned_data, by=self.person, at=at)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Name the deployment."""
        return super().get_context_data(subject=self.deployment().name, **context)


class FileDeclarationView(FilingView):
    """File what is asked, or a nil return."""

    form_class = DeclarationForm
    title = _("File a declaration")
    success_message = _("The declaration is filed.")

    @cached_property
    def declaration(self) -> Declaration:
        """The laboratory's own declaration of the address."""
        return get_object_or_404(Declaration, organisation=self.lab, pk=self.kwargs["pk"])

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """File it."""
        return file_declaration(declaration=self.declaration, nil=form.cleaned_data["nil"], by=self.person, at=at)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the declaration and what it would say."""
        now = timezone.now()
        return super().get_context_data(
            declaration=self.declaration,
            subject=self.declaration.get_kind_display(),
            overview=overview(self.lab, now),
            **context,
        )
