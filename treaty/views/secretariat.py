from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView

from accounts.models import User
from accounts.models.organisations import KIND_LABELS
from accounts.permissions import is_depositary
from accounts.queries.organisations import entered
from accounts.rules.organisations import Kind
from core.errors import DomainError, require
from treaty.actions.texts import check_text, publish_text
from treaty.forms.texts import TextForm
from treaty.models import TreatyText
from treaty.queries.parties import annexed_without_account
from treaty.queries.texts import versions
from treaty.rules.reading import TextInvalid
from treaty.views.acts import PersonAction


class ForTheDepositary:
    """A page that only the depositary opens."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse everybody else; who is not signed in is asked to."""
        super().setup(request, *args, **kwargs)  # type: ignore[misc] # a mixin of Django's View
        if isinstance(request.user, User):
            require(is_depositary(request.user, at=timezone.now()), _("This is the depositary's page."))


class SecretariatPage(ForTheDepositary, LoginRequiredMixin, TemplateView):
    """The depositary's desk: organisations, their first people, the texts."""

    template_name = "treaty/secretariat.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the organisations with their numbers, who is named by the text and not entered, and the texts."""
        at = timezone.now()
        return super().get_context_data(
            organisations=[(row, KIND_LABELS[Kind(row.organisation.kind)]) for row in entered(at)],
            missing=annexed_without_account(at),
            texts=versions(at),
            at=at,
            **context,
        )


class PublishText(ForTheDepositary, PersonAction):
    """Upload a text: check it, or publish it. What is refused is listed line by line."""

    template_name = "treaty/text_publish.html"
    form_class = TextForm
    success_message = gettext_lazy("Published. The text is open for signature.")

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Publish, or only say whether the text could be."""
        if "check" not in self.request.POST:
            return super().form_valid(form)
        source = form.cleaned_data["file"]
        try:
            text = check_text(source=source, by=self.person(), at=timezone.now())
        except DomainError as error:
            return self.refuse(form, error)
        return self.render_to_response(
            self.get_context_data(form=TextForm(), checked=text, sha256=sha256(source).hexdigest())
        )

    def act(self, form: forms.Form, *, at: datetime) -> TreatyText:
        """Publish it."""
        return publish_text(source=form.cleaned_data["file"], by=self.person(), at=at)

    def refuse(self, form: forms.Form, error: DomainError) -> HttpResponse:
        """Show every problem of the text with its line and its field."""
        if not isinstance(error, TextInvalid):
            return super().refuse(form, error)
        number = len(error.problems)
        form.add_error(
            "file",
            ngettext(
                "The text has a problem; it is listed below.",
                "The text has %(n)s problems; they are listed below.",
                number,
            )
            % {"n": number},
        )
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form, problems=error.problems))
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response

    def get_success_url(self) -> str:
        """Go to the text."""
        assert isinstance(self.result, TreatyText)
        return reverse("treaty:text_version", args=[self.result.version])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the way back."""
        return super().get_context_data(crumbs=[(reverse("treaty:secretariat"), _("Secretariat"))], **context)
