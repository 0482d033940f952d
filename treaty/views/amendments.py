from datetime import datetime
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from core.errors import DomainError, require
from core.times import stamp
from ledger.queries import position
from ledger.views.api import Public
from treaty.actions.amendments import check_proposal, propose_amendment
from treaty.actions.requests import ASKERS
from treaty.forms.amendments import AmendmentForm
from treaty.models import Amendment
from treaty.permissions import may_request_for
from treaty.queries.amendments import amendment_row, amendments
from treaty.queries.consultations import consultation_of, consultation_row
from treaty.rules.reading import TextInvalid
from treaty.views.acts import PersonAction
from treaty.views.consultations import may
from treaty.views.shapes import AMENDMENT
from web.caching import cached_by


def _crumbs() -> list[tuple[str, str]]:
    return [(reverse("treaty:text"), _("Treaty")), (reverse("treaty:amendments"), _("Amendments"))]


@method_decorator(cached_by(position), name="dispatch")
class AmendmentsPage(TemplateView):
    """Every amendment that was proposed, the newest first."""

    template_name = "treaty/amendment_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the amendments with their votes, and whether the reader may propose one."""
        at, user = timezone.now(), self.request.user
        return super().get_context_data(
            at=at,
            position=position(),
            rows=[(amendment_row(one, at), consultation_row(one, at)) for one in amendments()],
            may_propose=isinstance(user, User) and bool(may_request_for(user, at=at)),
            crumbs=_crumbs()[:1],
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class AmendmentPage(TemplateView):
    """What an amendment changes, article by article and number by number, and the vote on it."""

    template_name = "treaty/amendment_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the amendment with its changes and its vote."""
        at = timezone.now()
        amendment = get_object_or_404(amendments(), key=self.kwargs["key"])
        return super().get_context_data(
            at=at,
            position=position(),
            row=amendment_row(amendment, at),
            consultation=consultation_row(amendment, at),
            may=may(self.request, amendment, at),
            crumbs=_crumbs(),
            **context,
        )


class AmendmentView(Public):
    """An amendment as data: its hashes, its vote, every provision and article that it changes."""

    @extend_schema(operation_id="amendments_retrieve", responses={200: AMENDMENT})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the amendment."""
        row = amendment_row(get_object_or_404(amendments(), key=key), timezone.now())
        amendment = row.amendment
        return Response(
            {
                "key": amendment.key,
                "version": amendment.version,
                "sha256": amendment.sha256,
                "source": reverse("treaty:text_source", args=[amendment.sha256]),
                "base": amendment.base.sha256,
                "proposer": amendment.proposer.key,
                "proposed_at": stamp(amendment.proposed_at),
                "consultation": _consultation(amendment),
                "vote": amendment.vote.key,
                "state": row.vote.course.state.value,
                "in_force_at": amendment.text and amendment.text.in_force_at,
                **row.changes.as_json(),
            }
        )


def _consultation(amendment: Amendment) -> dict[str, object] | None:
    found = consultation_of(amendment)
    if found is None:
        return None
    return {
        "opens_at": stamp(found.opens_at),
        "closes_at": stamp(found.closes_at),
        "answered_by": stamp(found.answered_by),
        "submissions": reverse("treaty:api_submissions", args=[amendment.key]),
    }


class ProposeAmendment(PersonAction):
    """Upload the next version of the text: check it and see what it changes, then put it to the vote."""

    template_name = "treaty/amendment_propose.html"
    form_class = AmendmentForm
    success_message = gettext_lazy("The amendment is proposed. Its vote opens when consultation and answers are over.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse those who may ask for no vote."""
        super().setup(request, *args, **kwargs)
        if isinstance(request.user, User):
            require(bool(may_request_for(request.user, at=timezone.now())), ASKERS)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisations in whose name the person may propose."""
        found = may_request_for(self.person(), at=timezone.now())
        return super().get_form_kwargs() | {"organisations": found}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Propose, or only show what the text would change."""
        if "check" not in self.request.POST:
            return super().form_valid(form)
        try:
            _text, found = check_proposal(source=form.cleaned_data["file"], by=self.person(), at=timezone.now())
        except DomainError as error:
            return self.refuse(form, error)
        return self.render_to_response(self.get_context_data(form=form, changes=found))

    def act(self, form: forms.Form, *, at: datetime) -> Amendment:
        """Propose it."""
        data = form.cleaned_data
        return propose_amendment(
            source=data["file"],
            title=data["title"],
            question=data["question"],
            requester=data["organisation"],
            by=self.person(),
            at=at,
        )

    def refuse(self, form: forms.Form, error: DomainError) -> HttpResponse:
        """Show every problem of the text with its line and its field."""
        if not isinstance(error, TextInvalid):
            return super().refuse(form, error)
        form.add_error("file", _("The text has problems; they are listed below."))
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form, problems=error.problems))
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response

    def get_success_url(self) -> str:
        """Go to the amendment."""
        assert isinstance(self.result, Amendment)
        return reverse("treaty:amendment", args=[self.result.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the way back."""
        return super().get_context_data(crumbs=_crumbs(), **context)
