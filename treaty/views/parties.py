from datetime import datetime
from typing import Any

from django import forms
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from django_stubs_ext import StrOrPromise

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.views.readers import reader
from core.errors import require
from ledger.queries import position
from treaty.actions.parties import accept_mandate, give_withdrawal_notice, ratify, revoke_withdrawal_notice, sign
from treaty.models import Party
from treaty.queries import parties as queries
from treaty.queries.texts import required_text, rules_of, text_at
from web.caching import cached_by
from web.listings import SOUGHT, listing
from web.views import ActionView


@method_decorator(cached_by(position, SOUGHT, "page"), name="dispatch")
class PartiesPage(TemplateView):
    """Who has signed, who is bound, and what is missing for entry into force."""

    template_name = "treaty/party_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the annexes with their statuses now, and what the reader may do."""
        at = timezone.now()
        text = text_at(at)
        user = reader(self.request)
        found: dict[str, Any] = {"text": text, "at": at, "position": position()}
        if text:
            page = listing(self.request.GET, queries.party_rows(at), lambda row: row.member.name)
            found |= {
                "entry": queries.entry_into_force(at),
                "rules": rules_of(text),
                "page": page,
                "rows": page.rows,
                "bodies": queries.body_rows(at),
                "mine": queries.may_be_signed_for(user, at),
            }
        return super().get_context_data(**found, **context)


class Confirmation(forms.Form):
    """One act, confirmed."""

    confirmed = forms.BooleanField(
        label=_("I have the authority to do this, and I want it entered in the public record.")
    )


class TextConfirmation(Confirmation):
    """An act that binds the exact text which the person saw."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)


class WithdrawalForm(Confirmation):
    """A notice with its statement."""

    events = forms.CharField(
        label=_("The extraordinary events"),
        help_text=_(
            "They are published. Say which events, related to the subject of the Treaty, have jeopardised your supreme interests."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=4000,
    )
    field_order = ["events", "confirmed"]


class OrganisationAction(ActionView):
    """An act for the organisation that the address names; only its own people see the form."""

    success_url = reverse_lazy("treaty:parties")
    template_name = "treaty/party_act.html"
    form_class: type[forms.Form] = Confirmation
    title: StrOrPromise = ""
    lede: StrOrPromise = ""
    submit: StrOrPromise = ""
    danger = False

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Look the organisation up, and refuse those who do not act for it."""
        self.organisation = get_object_or_404(Organisation, key=kwargs["key"])
        if isinstance(self.request.user, User):
            require(represents(self.request.user, self.organisation, at=timezone.now()))
        return super().dispatch(*args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """Return the hash of the text that the page shows."""
        return {"sha256": required_text(timezone.now()).sha256}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says about the act."""
        text = required_text(timezone.now())
        return super().get_context_data(
            organisation=self.organisation,
            text=text,
            rules=rules_of(text),
            title=self.title,
            lede=self.lede,
            submit=self.submit,
            danger=self.danger,
            crumbs=[(reverse("treaty:text"), _("Treaty")), (reverse("treaty:parties"), _("Parties"))],
            **context,
        )

    def person(self) -> User:
        """Return who acts; LoginRequiredMixin has sent everybody else away."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def party(self) -> Party:
        """Return the organisation's row; 404 before it has signed."""
        return get_object_or_404(Party, organisation=self.organisation)


class Sign(OrganisationAction):
    """A laboratory signs."""

    form_class = TextConfirmation
    title = _("Sign the Treaty")
    lede = _(
        "The signature binds the exact text with the hash below. The Treaty binds the laboratory after ratification and entry into force."
    )
    submit = _("Sign")
    success_message = _("Signed. The record has the signature.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Sign for the laboratory."""
        return sign(organisation=self.organisation, sha256=form.cleaned_data["sha256"], by=self.person(), at=at)


class Ratify(OrganisationAction):
    """A laboratory ratifies."""

    title = _("Deposit the ratification")
    lede = _("Once Article 3 is met and its delay has run, every obligation of the Treaty binds the laboratory.")
    submit = _("Ratify")
    success_message = _("Ratified. The record has the instrument.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Ratify for the laboratory."""
        return ratify(party=self.party(), by=self.person(), at=at)


class AcceptMandate(OrganisationAction):
    """A monitoring body accepts its mandate."""

    form_class = TextConfirmation
    title = _("Accept the mandate")
    lede = _("The body takes on the duties of a monitoring body under the exact text with the hash below.")
    submit = _("Accept the mandate")
    success_message = _("Accepted. The body takes part from now on.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Accept for the body."""
        return accept_mandate(
            organisation=self.organisation, sha256=form.cleaned_data["sha256"], by=self.person(), at=at
        )


class Withdraw(OrganisationAction):
    """A party gives notice."""

    form_class = WithdrawalForm
    title = _("Give notice of withdrawal")
    lede = _(
        "Every obligation continues until the notice has run, those of a pause in force and of verification included."
    )
    submit = _("Give notice")
    danger = True
    success_message = _("The notice is on record. Every obligation continues until it has run.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Give the laboratory's notice."""
        return give_withdrawal_notice(party=self.party(), events=form.cleaned_data["events"], by=self.person(), at=at)


class Revoke(OrganisationAction):
    """A party revokes its notice."""

    title = _("Revoke the notice of withdrawal")
    lede = _("A later notice runs in full.")
    submit = _("Revoke the notice")
    success_message = _("Revoked. The laboratory stays a party.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Revoke the laboratory's notice."""
        return revoke_withdrawal_notice(party=self.party(), by=self.person(), at=at)
