"""A body says with its own signature to which key tips for it are sealed."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import VotingKey
from accounts.rules.organisations import Kind
from accounts.rules.statements import Purpose
from core.canonical import Json
from core.errors import require
from inspections.actions.recipients import publish_recipient, withdraw_recipient
from inspections.forms.tips import RecipientForm
from inspections.models import Recipient
from inspections.rules.recipients import recipient_statement
from treaty.forms.keys import SIGNS_ELSEWHERE
from treaty.views.keys import StatementView


class RecipientView(StatementView):
    """A statement about a recipient, signed by the body's root or a key of it that stands."""

    purpose = Purpose.RECIPIENT

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Only bodies take tips."""
        super().setup(request, *args, **kwargs)
        require(self.organisation.kind == Kind.BODY, _("Tips are sealed to monitoring bodies."))

    def able(self) -> list[VotingKey]:
        """Any key that stands may sign it."""
        return list(self.organisation.voting_keys.unrevoked().filter(kind__in=SIGNS_ELSEWHERE))

    def get_success_url(self) -> str:
        """Go back to the body."""
        return reverse("inspections:body", args=[self.organisation.key]) + "#tips"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Lead back to the body."""
        crumbs = [
            (reverse("inspections:list"), _("Inspections")),
            (self.get_success_url(), self.organisation.name),
        ]
        return {**super().get_context_data(**context), "crumbs": crumbs, "back": self.get_success_url()}


class PublishRecipient(RecipientView):
    """Publish a recipient."""

    form_class = RecipientForm
    title = gettext_lazy("Publish a key for tips")
    lede = gettext_lazy(
        "People whom nobody knows seal what they have to say to it. Only who holds its identity can open it."
    )
    submit = gettext_lazy("Publish the key")
    success_message = gettext_lazy("Published. Tips can be sealed to it after the cooling-off.")

    def statement(self, form: forms.Form) -> Json:
        """Return that it stands."""
        recipient = form.cleaned_data["recipient"]
        return recipient_statement(recipient, stands=True, organisation=self.organisation.key, log=self.log)

    def act(self, form: forms.Form, *, at: datetime) -> Recipient:
        """Publish."""
        data = form.cleaned_data
        return publish_recipient(
            body=self.organisation,
            recipient=data["recipient"],
            signed_by=data["signed_by"],
            signature=data["signature"],
            by=self.person(),
            at=at,
        )


class WithdrawRecipient(RecipientView):
    """Withdraw a recipient, at once and for good."""

    title = gettext_lazy("Withdraw a key for tips")
    lede = gettext_lazy("Its identity is lost, or somebody else may have it.")
    submit = gettext_lazy("Withdraw the key")
    warning = gettext_lazy(
        "This cannot be undone. From its entry in the record on, nothing is sealed to it. Keep its identity for the tips that were."
    )
    success_message = gettext_lazy("Withdrawn. Nothing is sealed to it any more.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the recipient too."""
        super().setup(request, *args, **kwargs)
        found = Recipient.objects.select_related("body").filter(body=self.organisation, withdrawn_at=None)
        self.recipient = get_object_or_404(found, recipient=kwargs["recipient"])

    def statement(self, form: forms.Form) -> Json:
        """Return that it stands no longer."""
        del form
        recipient = self.recipient.recipient
        return recipient_statement(recipient, stands=False, organisation=self.organisation.key, log=self.log)

    def act(self, form: forms.Form, *, at: datetime) -> Recipient:
        """Withdraw."""
        data = form.cleaned_data
        return withdraw_recipient(
            recipient=self.recipient,
            signed_by=data["signed_by"],
            signature=data["signature"],
            by=self.person(),
            at=at,
        )

    def is_filled_in(self, form: forms.Form) -> bool:
        """Nothing has to be filled in: the statement is shown at once."""
        del form
        return True
