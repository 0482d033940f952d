"""Webhooks of the person who is signed in: added, removed, and what became of each delivery."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notices.actions.hooks import add_hook, remove_hook
from notices.forms import HookForm
from notices.models import Hook, HookDelivery
from notices.rules.topics import Topic
from treaty.forms.pauses import NothingForm
from treaty.queries.orders import order_key
from treaty.views.acts import ActPage, PersonAction
from treaty.views.orders import webhook_key

SHOWN: Final = 50


class Hooks(PersonAction):
    """The person's addresses with their newest deliveries, and the form that adds one."""

    template_name = "notices/hooks.html"
    form_class = HookForm
    success_url = reverse_lazy("notices:hooks")
    success_message = gettext_lazy("What goes on record from now on is sent there.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Add it."""
        data = form.cleaned_data
        return add_hook(url=data["url"], topics=[Topic(one) for one in data["topics"]], by=self.person(), at=at)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the addresses and what was sent to them."""
        mine = self.person().hooks.all()
        key = order_key()
        return super().get_context_data(
            hooks=mine.filter(removed_at=None),
            deliveries=HookDelivery.objects.filter(hook__in=mine).select_related("hook")[:SHOWN],
            key=webhook_key(key) if key else "",
            crumbs=[(reverse("notices:follow"), _("Follow"))],
            **context,
        )


class RemoveHook(ActPage):
    """Take an address away."""

    form_class = NothingForm
    title = gettext_lazy("Send nothing there any more")
    submit = gettext_lazy("Remove the address")
    danger = True
    success_url = reverse_lazy("notices:hooks")
    success_message = gettext_lazy("Nothing is sent there any more.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look it up among the person's own."""
        super().setup(request, *args, **kwargs)
        if request.user.is_authenticated:
            self.hook = get_object_or_404(Hook, pk=kwargs["pk"], added_by=self.person(), removed_at=None)
            self.lede = self.hook.url

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the addresses."""
        return [(reverse("notices:follow"), _("Follow")), (reverse("notices:hooks"), _("Webhooks"))]

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Remove it."""
        return remove_hook(hook=self.hook, by=self.person(), at=at)
