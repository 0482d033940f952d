"""Facility agreements on pages: the parties to one read it, everybody sees that it was agreed, and when."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.agreements import agree, propose_agreement
from inspections.forms import NothingForm
from inspections.forms.agreements import AgreementForm
from inspections.models import FacilityAgreement
from inspections.permissions import can_read_agreement
from inspections.rules.agreements import AgreementText
from labs.models import Facility
from treaty.permissions import bodies_acting, is_independent_of
from web.views import ActionView


def facility_named(key: str) -> Facility:
    """Return the facility, with its laboratory."""
    return get_object_or_404(Facility.objects.select_related("organisation"), key=key)


def agreeing(user: User | None, facility: Facility, at: datetime) -> list[Organisation]:
    """Return the bodies for which the person may agree."""
    return [body for body in bodies_acting(user, at=at) if is_independent_of(body, facility.organisation, at=at)]


@method_decorator(never_cache, name="dispatch")
class AgreementPage(TemplateView):
    """How a facility is inspected: every version, with its words for whoever is concerned."""

    template_name = "inspections/agreement_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the versions."""
        at, user, facility = timezone.now(), reader(self.request), facility_named(self.kwargs["key"])
        versions = list(facility.agreements.select_related("body"))
        newest = versions[0] if versions else None
        return super().get_context_data(
            facility=facility,
            versions=versions,
            reads=can_read_agreement(user, facility, at=at),
            can_propose=represents(user, facility.organisation, at=at),
            to_agree=newest if newest and not newest.agreed_at and agreeing(user, facility, at) else None,
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )


class AgreementAction(ActionView):
    """An act about a facility's agreement."""

    template_name = "inspections/agreement_act.html"
    title: Any = ""
    note: Any = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the facility."""
        super().setup(request, *args, **kwargs)
        self.facility = facility_named(kwargs["key"])

    def get_success_url(self) -> str:
        """Go back to the agreement."""
        return reverse("inspections:agreement", args=[self.facility.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the facility and the words."""
        crumbs = [(reverse("inspections:list"), _("Inspections")), (self.get_success_url(), self.facility.name)]
        return super().get_context_data(
            facility=self.facility,
            title=self.title,
            note=self.note,
            crumbs=crumbs,
            back=self.get_success_url(),
            **context,
        )


class ProposeAgreement(AgreementAction):
    """The laboratory proposes a version."""

    form_class = AgreementForm
    title = gettext_lazy("Propose an agreement")
    note = gettext_lazy(
        "The record holds a commitment to your words. What was agreed before goes on until a body agrees to this."
    )

    def get_initial(self) -> dict[str, Any]:
        """Begin from the newest version; only the laboratory's own people are shown it here."""
        require(
            represents(person(self.request), self.facility.organisation, at=timezone.now()),
            _("Only a representative of the laboratory proposes its agreements."),
        )
        last = self.facility.agreements.first()
        return {"entry": last.entry, "escorts": last.escorts, "shrouding": last.shrouding} if last else {}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Propose it."""
        text = AgreementText(**form.cleaned_data)
        return propose_agreement(facility=self.facility, text=text, by=person(self.request), at=at)


class AgreeView(AgreementAction):
    """A body agrees to the version."""

    form_class = NothingForm
    title = gettext_lazy("Agree to it")
    note = gettext_lazy("It holds from now on for every visit to the facility.")

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Show whoever reads the agreement what is agreed to."""
        reads = can_read_agreement(reader(self.request), self.facility, at=timezone.now())
        return super().get_context_data(agreement=self._agreement() if reads else None, **context)

    def _agreement(self) -> FacilityAgreement:
        return get_object_or_404(FacilityAgreement, facility=self.facility, version=self.kwargs["version"])

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - a button alone
        """Agree in the name of the person's first independent body."""
        agreement = self._agreement()
        agreement.facility = self.facility
        bodies = agreeing(person(self.request), self.facility, at)
        require(
            bool(bodies),
            _("Only an officer of an accredited monitoring body that is independent of the laboratory agrees."),
        )
        return agree(agreement=agreement, body=bodies[0], by=person(self.request), at=at)
