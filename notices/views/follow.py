"""The page that says how to follow, and what the links in mails lead to."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from accounts.models import Organisation
from notices.actions.subscriptions import ask_for_mail, confirm, end, subscription_of
from notices.forms import FollowForm
from notices.models.subscriptions import TOPIC_LABELS
from notices.rules.topics import Topic
from treaty.forms.pauses import NothingForm
from web.views import ActionView


class Follow(ActionView):
    """Feeds, calendars, the badge, and the form that asks for mail. Nobody has to sign in."""

    template_name = "notices/follow.html"
    form_class = FollowForm
    success_url = reverse_lazy("notices:asked")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let everybody in."""
        return View.dispatch(self, request, *args, **kwargs)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Mail the link to confirm with."""
        data = form.cleaned_data
        return ask_for_mail(
            email=data["email"],
            topics=[Topic(one) for one in data["topics"]],
            lab=data["lab"],
            daily=data["daily"] == "daily",
            at=at,
        )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return every feed and calendar with its address."""
        topics = [(TOPIC_LABELS[topic], reverse("notices:topic", args=[topic.value])) for topic in Topic]
        labs = [
            (lab.name, reverse("notices:lab", args=[lab.key]), reverse("notices:lab_calendar", args=[lab.key]))
            for lab in Organisation.objects.laboratories().order_by("name")
        ]
        badge = settings.SITE_URL + reverse("notices:badge")
        return super().get_context_data(topics=topics, labs=labs, site=settings.SITE_URL, badge=badge, **context)


class Asked(TemplateView):
    """What to do now that the mail is on its way."""

    template_name = "notices/asked.html"


class ByToken(ActionView):
    """An act that a link in a mail offers; opening the link changes nothing, as mail scanners open links too."""

    template_name = "notices/by_token.html"
    form_class = NothingForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let whoever holds the link in, and nobody else."""
        self.subscription = subscription_of(kwargs["token"])
        return View.dispatch(self, request, *args, **kwargs)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the subscription in words."""
        about = [TOPIC_LABELS[Topic(one)] for one in self.subscription.topics]
        return super().get_context_data(subscription=self.subscription, about=about, **context)


class Confirm(ByToken):
    """Begin to be mailed."""

    extra_context = {"title": _("Confirm your subscription"), "submit": _("Yes, send me mail")}
    success_url = reverse_lazy("notices:follow")
    success_message = _("Confirmed. The next event that you asked for comes by mail.")

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Confirm."""
        return confirm(token=self.kwargs["token"], at=at)


@method_decorator(csrf_exempt, name="dispatch")  # RFC 8058: a mail program posts here, with no page of ours open
class End(ByToken):
    """Be mailed no more: by the button of the page, or by the one click of a mail program."""

    extra_context = {"title": _("Unsubscribe"), "submit": _("Send me no more mail"), "danger": True}
    success_url = reverse_lazy("notices:follow")
    success_message = _("Unsubscribed. No more mail comes.")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End it; answer a mail program without a page."""
        if request.POST.get("List-Unsubscribe") == "One-Click":
            end(token=self.kwargs["token"], at=timezone.now())
            return HttpResponse(status=200)
        return super().post(request, *args, **kwargs)

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """End it."""
        return end(token=self.kwargs["token"], at=at)
