"""Delegations: who votes for whom, given and revoked by those who represent a member."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
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

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.views.readers import reader
from core.errors import require
from core.times import stamp
from ledger.queries import position
from ledger.views.api import Public
from treaty.actions.delegations import give_delegation, revoke_delegation
from treaty.forms.delegations import DelegationForm
from treaty.forms.pauses import NothingForm
from treaty.models import Delegation
from treaty.permissions import can_delegate_for
from treaty.queries.delegations import delegations, standing_delegations
from treaty.queries.texts import rules_of, text_at
from treaty.rules.text import Text
from treaty.rules.words_conditions import length_in_words
from treaty.views.acts import ActPage
from treaty.views.shapes import DELEGATION
from treaty.views.words import voice
from web.api.filters import Equal, Since
from web.api.shapes import page
from web.caching import cached_by


@method_decorator(cached_by(position), name="dispatch")
class DelegationsPage(TemplateView):
    """Every delegation that holds, for everybody; and what those who act for a member can do about theirs."""

    template_name = "treaty/delegation_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the delegations that hold now, each with what it is for."""
        at, user = timezone.now(), reader(self.request)
        text = text_at(at)
        rules = rules_of(text) if text else None
        mine = can_delegate_for(user, at=at)
        rows = [
            {
                "row": row,
                "decision": _decision(rules, row.decision),
                "mine": row.organisation in mine,
            }
            for row in standing_delegations(delegations(), at)
        ]
        longest = length_in_words(rules.delegation.longest, voice()) if rules and rules.delegation else ""
        return super().get_context_data(
            **context,
            rows=rows,
            longest=longest,
            may_give=bool(longest and mine),
            at=at,
            position=position(),
            crumbs=[(reverse("treaty:votes"), _("Votes"))],
        )


def _decision(rules: Text | None, key: str) -> str:
    if not key:
        return _("All decisions")
    profile = rules.profiles.get(rules.decisions.get(key, "")) if rules else None
    return str(profile.title) if profile else key


class DelegationAction(ActPage):
    """An act on a delegation."""

    success_url = reverse_lazy("treaty:delegations")

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the delegations."""
        return [(reverse("treaty:votes"), _("Votes")), (reverse("treaty:delegations"), _("Delegations"))]


class GiveDelegation(DelegationAction):
    """Name a delegate."""

    form_class = DelegationForm
    title = gettext_lazy("Name a delegate")
    lede = gettext_lazy(
        "In votes noticed from now on the delegate’s own ballot counts for your organisation too, unless your organisation votes itself. You can revoke it at any time; votes that are noticed keep the delegate of their roll."
    )
    submit = gettext_lazy("Name the delegate")
    success_message = gettext_lazy("The delegation is on record. It holds in votes noticed from now on.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse those who act for no member."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        self.organisations: list[Organisation] = []
        if isinstance(request.user, User):
            self.organisations = can_delegate_for(request.user, at=self.at)
            require(bool(self.organisations), _("A member’s ballot is delegated by those who bind it."))

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisations and the instant that its choices hold for."""
        return super().get_form_kwargs() | {"organisations": self.organisations, "at": self.at}

    def act(self, form: forms.Form, *, at: datetime) -> Delegation:
        """Give it."""
        data = form.cleaned_data
        return give_delegation(
            organisation=data["organisation"],
            delegate=data["delegate"],
            decision=data["decision"],
            expires_at=data["until"],
            by=self.person(),
            at=at,
        )


class RevokeDelegation(DelegationAction):
    """Take a delegation back."""

    form_class = NothingForm
    title = gettext_lazy("Revoke a delegation")
    submit = gettext_lazy("Revoke")
    danger = True
    success_message = gettext_lazy("Revoked. Votes noticed from now on have no such delegate.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the delegation up, and refuse those who do not act for the member that gave it."""
        super().setup(request, *args, **kwargs)
        rows = Delegation.objects.select_related("organisation", "delegate")
        self.delegation = get_object_or_404(rows, pk=kwargs["pk"])
        if isinstance(request.user, User):
            require(represents(request.user, self.delegation.organisation, at=timezone.now()))

    def act(self, form: forms.Form, *, at: datetime) -> Delegation:  # noqa: ARG002 - the form only confirms
        """Revoke it."""
        return revoke_delegation(delegation=self.delegation, by=self.person(), at=at)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says about the act."""
        names = {"name": self.delegation.organisation.name, "delegate": self.delegation.delegate.name}
        return super().get_context_data(
            lede=_(
                "%(delegate)s will no longer vote for %(name)s. In votes that are noticed already, %(name)s overrides its delegate by voting itself."
            )
            % names,
            **context,
        )


class DelegationFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses delegations."""

    organisation = Equal("organisation__key", "only those that this organisation gave")
    delegate = Equal("delegate__key", "only those given to this organisation")
    since = Since("given_at")


class DelegationsApi(Public, GenericAPIView[Delegation]):
    """Every delegation that was ever given, newest first, and whether it holds now."""

    filterset_class = DelegationFilter
    queryset = Delegation.objects.select_related("organisation", "delegate")

    @extend_schema(operation_id="delegations_list", responses={200: page(DELEGATION)})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer a page of them."""
        rows = list(self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ())
        holding = {row.pk for row in standing_delegations(delegations(), self.at)}
        return self.get_paginated_response([_json(row) | {"holds": row.pk in holding} for row in rows])


def _json(row: Delegation) -> dict[str, object]:
    return {
        "organisation": row.organisation.key,
        "delegate": row.delegate.key,
        "decision": row.decision or None,
        "given_at": stamp(row.given_at),
        "expires_at": stamp(row.expires_at),
        "revoked_at": stamp(row.revoked_at) if row.revoked_at else None,
    }
