from datetime import datetime
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.db import InternalError
from django.http import HttpResponse
from django.utils import timezone
from django.views.generic import FormView
from django_stubs_ext import StrOrPromise

from core.errors import DomainError
from web.errors import COME_AGAIN, status_of, unavailable


class ActionView(LoginRequiredMixin, FormView[forms.Form]):
    """One form, one action, one redirect.

    A subclass says `form_class`, `template_name`, `get_success_url` and `act`. A DomainError that the action raises
    becomes an error of the form, with everything that was typed still in it; nothing is done by halves.
    """

    success_message: StrOrPromise = ""

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Call the one action with the form's cleaned data and the instant of the request."""
        raise NotImplementedError

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Do it; on a refusal show the form again with its reason (409, 403 when the person may not, 503 while the database only reads)."""
        try:
            self.result = self.act(form, at=timezone.now())
        except DomainError as error:
            return self.refuse(form, error)
        except InternalError as error:
            if reads_only := unavailable(error):
                return self.refuse(form, reads_only)
            raise
        if self.success_message:
            messages.success(self.request, self.success_message)
        return super().form_valid(form)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Show the form with its errors (422)."""
        response = super().form_invalid(form)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response

    def refuse(self, form: forms.Form, error: DomainError) -> HttpResponse:
        """Show the refusal beside the field it concerns, or above the form."""
        for field, detail in error.fields.items():
            form.add_error(field if field in form.fields else None, detail)
        if not error.fields:
            form.add_error(None, ValidationError(error.detail, code=error.code))
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        status = status_of(error)
        response.status_code = HTTPStatus.CONFLICT if status == HTTPStatus.BAD_REQUEST else status
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = COME_AGAIN
        return response

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the template's context."""
        return super().get_context_data(**context)
