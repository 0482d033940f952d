from datetime import datetime
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.actions.people import end_membership, invite
from accounts.forms import EndForm, InviteForm
from accounts.models import Invitation, Membership, Organisation, User
from accounts.permissions import may_appoint
from accounts.rules.organisations import Role
from core.errors import require
from web.views import ActionView


def signed_in(user: object) -> User:
    """Return the person who is signed in; ActionView lets nobody else through."""
    assert isinstance(user, User)
    return user


class MembersView(ActionView):
    """Who acts for an organisation, who is invited, and a form to invite."""

    template_name = "accounts/members.html"
    form_class = InviteForm
    success_message = _("Invited. The link goes to their address alone.")

    @cached_property
    def organisation(self) -> Organisation:
        """The organisation of the address; only those who may appoint see the page."""
        organisation = get_object_or_404(Organisation, key=self.kwargs["key"])
        require(may_appoint(signed_in(self.request.user), organisation, at=timezone.now()))
        return organisation

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisation, whose kind has the roles."""
        return {**super().get_form_kwargs(), "organisation": self.organisation}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Invite."""
        data = form.cleaned_data
        return invite(
            email=data["email"],
            organisation=self.organisation,
            role=Role(data["role"]),
            by=signed_in(self.request.user),
            at=at,
        )

    def get_success_url(self) -> str:
        """Stay."""
        return reverse("accounts:members", args=[self.organisation.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the people and the open invitations."""
        now = timezone.now()
        members = (
            Membership.objects.in_force(now)
            .filter(organisation=self.organisation)
            .select_related("user")
            .order_by("role", "user__name")
        )
        invitations = Invitation.objects.open_at(now).filter(organisation=self.organisation).order_by("expires_at")
        return super().get_context_data(
            organisation=self.organisation, members=members, invitations=invitations, **context
        )


class EndMembershipView(ActionView):
    """Ask once more, then end a person's role."""

    template_name = "accounts/member_end.html"
    form_class = EndForm
    success_message = _("The role has ended.")

    @cached_property
    def membership(self) -> Membership:
        """The membership of the address, which the person may end."""
        membership = get_object_or_404(
            Membership.objects.select_related("organisation", "user"), pk=self.kwargs["pk"], until_at=None
        )
        user = signed_in(self.request.user)
        require(membership.user_id == user.pk or may_appoint(user, membership.organisation, at=timezone.now()))
        return membership

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the address says which
        """End it."""
        return end_membership(membership=self.membership, by=signed_in(self.request.user), at=at)

    def get_success_url(self) -> str:
        """Go where what is asked of the person stands: they may no longer see the members."""
        return reverse("accounts:tokens")

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the membership."""
        return super().get_context_data(membership=self.membership, **context)
