"""Consultations about amendments: what was written, writing, confirming by mail, answering, hiding."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.generic import TemplateView
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from accounts.permissions import is_depositary, represents
from accounts.views.readers import reader
from core.errors import require
from core.times import stamp
from ledger.queries import position
from ledger.views.api import Public
from treaty.actions.consultations import (
    CONFIRMED_WITHIN,
    SUBMITTERS,
    amendment_of,
    answer_submission,
    ask_to_submit,
    confirm_submission,
    hide_submission,
    submit,
)
from treaty.forms.amendments import AnswerForm, HideForm, PublicSubmissionForm, SubmissionForm
from treaty.forms.pauses import NothingForm
from treaty.models import Amendment, Submission
from treaty.permissions import may_submit_for
from treaty.queries.amendments import amendments
from treaty.queries.consultations import consultation_row, submissions_of
from treaty.rules.consultations import Phase, Voice
from treaty.views.acts import ActPage
from web.caching import cached_by

PER_PAGE = 20


def _crumbs(amendment: Amendment) -> list[tuple[str, str]]:
    return [
        (reverse("treaty:text"), _("Treaty")),
        (reverse("treaty:amendments"), _("Amendments")),
        (reverse("treaty:amendment", args=[amendment.key]), amendment.vote.title),
    ]


def may(request: HttpRequest, amendment: Amendment, at: datetime) -> dict[str, bool]:
    """Return which acts about the consultation are open to the reader now."""
    row, user = consultation_row(amendment, at), reader(request)
    if row is None:
        return {}
    is_open = row.phase is Phase.SUBMISSIONS
    return {
        "submit": is_open and bool(may_submit_for(user, row.terms.who, at=at)),
        "write": is_open and Voice.PUBLIC in row.terms.who,
        "answer": row.phase is not Phase.OVER and user is not None and represents(user, amendment.proposer, at=at),
        "hide": is_depositary(user, at=at),
    }


@method_decorator(cached_by(position, "page"), name="dispatch")
class SubmissionsPage(TemplateView):
    """What was written about an amendment, the newest first, each with its answer or the ground on which it is hidden."""

    template_name = "treaty/submission_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the consultation and a page of its submissions."""
        at = timezone.now()
        amendment = get_object_or_404(amendments(), key=self.kwargs["key"])
        row = consultation_row(amendment, at)
        page = Paginator(submissions_of(amendment).order_by("-number"), PER_PAGE).get_page(self.request.GET.get("page"))
        grounds = row.terms.grounds if row else {}
        return super().get_context_data(
            at=at,
            position=position(),
            amendment=amendment,
            row=row,
            rows=[(one, grounds[one.hidden.ground] if hasattr(one, "hidden") else "") for one in page],
            page_obj=page,
            may=may(self.request, amendment, at),
            crumbs=_crumbs(amendment),
            **context,
        )


class _AboutAmendment(ActPage):
    """An act about the consultation on the amendment that the address names."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the amendment up."""
        super().setup(request, *args, **kwargs)
        self.amendment = get_object_or_404(amendments(), key=kwargs["key"])

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the submissions."""
        return [*_crumbs(self.amendment), (self.get_success_url(), _("Submissions"))]

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Lead “cancel” back to the submissions."""
        return super().get_context_data(**{"back": self.get_success_url()} | context)

    def get_success_url(self) -> str:
        """Go to the submissions."""
        return reverse("treaty:submissions", args=[self.amendment.key])


class Submit(_AboutAmendment):
    """Write in the name of a party, a body or an accredited observer."""

    form_class = SubmissionForm
    title = gettext_lazy("Write about this amendment")
    lede = gettext_lazy("In the name of your organisation, to the proposer and to everybody.")
    submit = gettext_lazy("Publish")
    success_message = gettext_lazy("Published.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisations in whose name the person may write."""
        at = timezone.now()
        row = consultation_row(self.amendment, at)
        found = may_submit_for(self.person(), row.terms.who if row else (), at=at)
        require(bool(found), SUBMITTERS)
        return super().get_form_kwargs() | {"organisations": found}

    def act(self, form: forms.Form, *, at: datetime) -> Submission:
        """Publish it."""
        data = form.cleaned_data
        return submit(
            amendment=self.amendment, organisation=data["organisation"], words=data["words"], by=self.person(), at=at
        )


class WriteAsPublic(_AboutAmendment):
    """Write as a member of the public: nobody has to sign in."""

    form_class = PublicSubmissionForm
    title = gettext_lazy("Write about this amendment")
    lede = gettext_lazy("To the proposer and to everybody. You need no account, only an address that takes one mail.")
    submit = gettext_lazy("Send me the link")
    success_url = reverse_lazy("treaty:submission_asked")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let everybody in."""
        return View.dispatch(self, request, *args, **kwargs)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Mail the link to confirm with."""
        data = form.cleaned_data
        return ask_to_submit(
            amendment=self.amendment, name=data["name"], email=data["email"], words=data["words"], at=at
        )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Lead “cancel” back to the submissions."""
        return super().get_context_data(**{"back": reverse("treaty:submissions", args=[self.amendment.key])} | context)


class Asked(TemplateView):
    """What to do now that the mail is on its way."""

    template_name = "treaty/submission_asked.html"
    extra_context = {"days": CONFIRMED_WITHIN.days}


class Confirm(ActPage):
    """Publish what was written; opening the link changes nothing, as mail scanners open links too."""

    form_class = NothingForm
    title = gettext_lazy("Publish your submission")
    lede = gettext_lazy("It is published with the name that you gave, if any. It cannot be taken back.")
    submit = gettext_lazy("Publish")
    success_message = gettext_lazy("Published. Your address is deleted.")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let whoever holds the link in, and nobody else."""
        self.amendment = amendment_of(kwargs["token"])
        return View.dispatch(self, request, *args, **kwargs)

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the amendment."""
        return _crumbs(self.amendment)

    def act(self, form: forms.Form, *, at: datetime) -> Submission:  # noqa: ARG002 - the form only confirms
        """Publish it."""
        return confirm_submission(token=self.kwargs["token"], at=at)

    def get_success_url(self) -> str:
        """Go to the submissions."""
        return reverse("treaty:submissions", args=[self.amendment.key])


class _AboutSubmission(_AboutAmendment):
    """An act about one submission."""

    template_name = "treaty/submission_act.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the submission up."""
        super().setup(request, *args, **kwargs)
        self.submission = get_object_or_404(submissions_of(self.amendment), number=kwargs["number"])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the submission."""
        return super().get_context_data(submission=self.submission, **context)


class AnswerSubmission(_AboutSubmission):
    """Answer a submission for the proposer."""

    form_class = AnswerForm
    title = gettext_lazy("Answer a submission")
    submit = gettext_lazy("Publish the answer")
    success_message = gettext_lazy("Published.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Publish the answer."""
        words = form.cleaned_data["words"]
        return answer_submission(submission=self.submission, words=words, by=self.person(), at=at)


class HideSubmission(_AboutSubmission):
    """Hide a submission on a ground of the text, for the depositary."""

    form_class = HideForm
    title = gettext_lazy("Hide a submission")
    lede = gettext_lazy("The ground is shown in its place, and stays. The commitment to the words stays on record.")
    submit = gettext_lazy("Hide it")
    danger = True
    success_message = gettext_lazy("Hidden.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the grounds of the text."""
        row = consultation_row(self.amendment, timezone.now())
        return super().get_form_kwargs() | {"grounds": row.terms.grounds if row else {}}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Hide it."""
        ground = form.cleaned_data["ground"]
        return hide_submission(submission=self.submission, ground=ground, by=self.person(), at=at)


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """A submission with its answer. `commitment` in the record is over name and words with the salt; a hidden one shows neither."""

    organisation = serializers.SlugRelatedField[Any](slug_field="key", read_only=True, help_text="null: the public")
    name = serializers.SerializerMethodField()
    words = serializers.SerializerMethodField()
    salt = serializers.SerializerMethodField()
    hidden = serializers.SerializerMethodField(help_text="the ground of the text on which it is hidden, or null")
    answer = serializers.SerializerMethodField(help_text="words, salt and instant, or null")

    class Meta:
        model = Submission
        fields = ["number", "organisation", "name", "words", "salt", "received_at", "entry_hash", "hidden", "answer"]

    def get_name(self, row: Submission) -> str | None:
        """Return the name that was given, unless it is hidden."""
        return None if hasattr(row, "hidden") else row.name

    def get_words(self, row: Submission) -> str | None:
        """Return the words, unless they are hidden."""
        return None if hasattr(row, "hidden") else row.words

    def get_salt(self, row: Submission) -> str | None:
        """Return the salt, unless the words are hidden."""
        return None if hasattr(row, "hidden") else row.salt

    def get_hidden(self, row: Submission) -> str | None:
        """Return the ground."""
        return row.hidden.ground if hasattr(row, "hidden") else None

    def get_answer(self, row: Submission) -> dict[str, str] | None:
        """Return the answer."""
        if not hasattr(row, "answer"):
            return None
        answer = row.answer
        return {"words": answer.words, "salt": answer.salt, "answered_at": stamp(answer.answered_at)}


class SubmissionsApi(Public, ListAPIView[Submission]):
    """What was written about a proposed amendment, the newest first, in pages."""

    serializer_class = SubmissionSerializer
    queryset = Submission.objects.none()

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the amendment's submissions."""
        return submissions_of(get_object_or_404(amendments(), key=self.kwargs["key"]))
