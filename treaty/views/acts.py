from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from accounts.models import Organisation, User
from core.errors import require
from treaty.models import Pause
from treaty.permissions import can_act_for_lab
from web.views import ActionView


class PersonAction(ActionView):
    """An act of a person who is signed in."""

    def person(self) -> User:
        """Return who acts."""
        assert isinstance(self.request.user, User)
        return self.request.user


class ActPage(PersonAction):
    """An act on a page of its own: what it is called, what it means, its form."""

    template_name = "treaty/act.html"
    title: StrOrPromise = ""
    lede: StrOrPromise = ""
    submit: StrOrPromise = ""
    danger = False

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way here; its last step is where the form's “cancel” leads, unless `back` says otherwise."""
        raise NotImplementedError

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says about the act."""
        said = {name: getattr(self, name) for name in ("title", "lede", "submit", "danger")}
        crumbs = self.crumbs()
        return super().get_context_data(**{"crumbs": crumbs, "back": crumbs[-1][0]} | said | context)


def pause_crumbs(pause: Pause) -> list[tuple[str, str]]:
    """Return the way to a page below the pause."""
    return [
        (reverse("treaty:pauses"), _("Pauses")),
        (reverse("treaty:pause", args=[pause.key]), _("Pause %(key)s") % {"key": pause.key}),
    ]


def require_representative(request: HttpRequest, lab: Organisation) -> None:
    """Refuse who is signed in and does not act for the laboratory; who is not is asked to sign in."""
    if isinstance(request.user, User):
        require(
            can_act_for_lab(request.user, lab, at=timezone.now()),
            _("Only a representative of the laboratory does this."),
        )


class LabAction(ActPage):
    """An act under a pause for the lab that the address names; only its representatives see the form."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look pause and lab up, and refuse those who do not act for the lab."""
        super().setup(request, *args, **kwargs)
        self.pause = get_object_or_404(Pause.objects.with_rows(), key=kwargs["key"])
        self.lab = get_object_or_404(Organisation, key=kwargs["lab"])
        require_representative(request, self.lab)

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the pause."""
        return pause_crumbs(self.pause)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says about the act."""
        return super().get_context_data(
            **{"pause": self.pause, "lab": self.lab, "back": self.get_success_url()} | context
        )

    def get_success_url(self) -> str:
        """Go back to the pause."""
        return reverse("treaty:pause", args=[self.pause.key])
