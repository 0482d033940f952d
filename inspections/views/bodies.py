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
from accounts.permissions import is_depositary, represents
from accounts.rules.organisations import Kind
from accounts.views.readers import person, reader
from inspections.actions.inspectors import (
    designate,
    end_designation,
    give_mandate,
    refuse_inspector,
    state_availability,
    withdraw_refusal,
)
from inspections.forms import AvailabilityForm, MandateForm, NothingForm
from inspections.models import Designation, Refusal
from inspections.permissions import can_designate
from inspections.queries.bodies import overview, sendable
from inspections.views.words import layer_title
from treaty.queries.texts import rules_at, text_at
from treaty.views.acts import ActPage, require_representative
from web.views import ActionView


class BodyPage(TemplateView):
    """A monitoring body: mandate, affiliations, and how many inspectors it can send; names for its own people."""

    template_name = "inspections/body_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the body as it stands now."""
        at, user = timezone.now(), reader(self.request)
        body = get_object_or_404(Organisation.objects.bodies(), key=self.kwargs["key"])
        found = overview(body, at)
        return super().get_context_data(
            at=at,
            one=found,
            body=body,
            layers=[layer_title(layer) for layer in found.mandate.layers] if found.mandate else [],
            designated=sum(1 for row in found.inspectors if row.designation),
            can_designate=can_designate(user, body, at=at),
            can_mandate=is_depositary(user, at=at),
            can_publish=represents(user, body, at=at),
            recipients=body.recipients.order_by("-published_at"),
            reader_pk=user.pk if user else None,
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )


class BodyAction(ActionView):
    """One act about a body's inspectors or mandate."""

    template_name = "inspections/body_act.html"
    form_class: type[forms.Form] = NothingForm
    title: Any = ""
    note: Any = gettext_lazy("It goes on record and takes effect at once.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the body."""
        super().setup(request, *args, **kwargs)
        self.body = get_object_or_404(Organisation.objects.bodies(), key=kwargs["key"])

    def get_success_url(self) -> str:
        """Go back to the body."""
        return reverse("inspections:body", args=[self.body.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the body and the words."""
        crumbs = [(reverse("inspections:list"), _("Inspections")), (self.get_success_url(), self.body.name)]
        return super().get_context_data(
            body=self.body, title=self.title, note=self.note, crumbs=crumbs, back=self.get_success_url(), **context
        )


class GiveMandate(BodyAction):
    """The depositary enters which layers a body may look at."""

    form_class = MandateForm
    title = gettext_lazy("Enter the mandate")

    def get_form(self, form_class: type[forms.Form] | None = None) -> forms.Form:
        """Return the form with the layers of the text, all chosen at first."""
        form = super().get_form(form_class)
        layers = list(rules_at(timezone.now()).monitoring.layers)
        form.fields["layers"].choices = [(layer, layer_title(layer)) for layer in layers]  # type: ignore[attr-defined] # it is a MultipleChoiceField
        form.fields["layers"].initial = layers
        return form

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Enter it."""
        return give_mandate(body=self.body, layers=form.cleaned_data["layers"], by=person(self.request), at=at)


class Designate(BodyAction):
    """An officer designates an inspector."""

    title = gettext_lazy("Designate the inspector")
    note = gettext_lazy(
        "The inspector can be sent from now on, for as long as the text says. The record names them by pseudonym."
    )

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """Designate."""
        user = get_object_or_404(User, handle=self.kwargs["handle"])
        return designate(user=user, body=self.body, by=person(self.request), at=at)


class DesignationAction(BodyAction):
    """An act about a designation that holds."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the designation."""
        super().setup(request, *args, **kwargs)
        found = Designation.objects.valid(timezone.now()).select_related("user", "body")
        self.designation = get_object_or_404(found, body=self.body, user__handle=kwargs["handle"])


class EndDesignation(DesignationAction):
    """An officer ends a designation."""

    title = gettext_lazy("End the designation")
    note = gettext_lazy("Visits that the inspector is booked for stay booked until they are planned anew.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """End it."""
        return end_designation(designation=self.designation, by=person(self.request), at=at)


class StateAvailability(DesignationAction):
    """The inspector, or an officer, says when the inspector can be sent."""

    form_class = AvailabilityForm
    title = gettext_lazy("State availability")
    note = gettext_lazy(
        "Who states none is available throughout. The record holds only that something was stated, not when."
    )

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """State it."""
        return state_availability(designation=self.designation, by=person(self.request), at=at, **form.cleaned_data)


class LabInspectorsPage(TemplateView):
    """Who could be sent to a laboratory, and whom it refused; names for its own representatives."""

    template_name = "inspections/lab_inspectors.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the pool as it stands now."""
        at, user = timezone.now(), reader(self.request)
        lab = get_object_or_404(Organisation, kind=Kind.LABORATORY, key=self.kwargs["key"])
        return super().get_context_data(
            at=at,
            lab=lab,
            found=sendable(lab, at) if text_at(at) else None,
            speaks=represents(user, lab, at=at),
            crumbs=[(reverse("inspections:list"), _("Inspections")), (reverse("labs:lab", args=[lab.key]), lab.name)],
            **context,
        )


class RefusalAction(ActPage):
    """An act of a laboratory about an inspector who could be sent to it."""

    form_class: type[forms.Form] = NothingForm

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the laboratory and the designation."""
        super().setup(request, *args, **kwargs)
        self.lab = get_object_or_404(Organisation, kind=Kind.LABORATORY, key=kwargs["key"])
        require_representative(request, self.lab)
        found = Designation.objects.valid(timezone.now()).select_related("user", "body")
        self.designation = get_object_or_404(found, user__handle=kwargs["handle"])

    def get_success_url(self) -> str:
        """Go back to the laboratory's inspectors."""
        return reverse("inspections:lab_inspectors", args=[self.lab.key])

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way here."""
        return [
            (reverse("labs:lab", args=[self.lab.key]), self.lab.name),
            (self.get_success_url(), _("Inspectors who may be sent")),
        ]


class RefuseInspector(RefusalAction):
    """A representative refuses an inspector."""

    title = gettext_lazy("Refuse the inspector")
    submit = gettext_lazy("Refuse")
    danger = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Say when it takes effect."""
        lede = _(
            "%(name)s of %(body)s. The refusal takes effect %(after)s after it is received, and never for a visit whose notice was "
            "given before. It goes on record, which names the inspector by pseudonym."
        )
        said = {
            "name": self.designation.user.name,
            "body": self.designation.body.name,
            "after": sendable(self.lab, timezone.now()).takes_effect_after,
        }
        return super().get_context_data(lede=lede % said, **context)

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """Refuse."""
        return refuse_inspector(designation=self.designation, lab=self.lab, by=person(self.request), at=at)


class WithdrawRefusal(RefusalAction):
    """A representative takes a refusal back."""

    title = gettext_lazy("Take the refusal back")
    lede = gettext_lazy("The inspector can be sent to the laboratory again at once.")
    submit = gettext_lazy("Take it back")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """Take it back."""
        standing = Refusal.objects.standing(at).filter(lab=self.lab, designation=self.designation)
        return withdraw_refusal(refusal=get_object_or_404(standing), by=person(self.request), at=at)
