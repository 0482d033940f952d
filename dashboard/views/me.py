from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from accounts.models import User
from dashboard.queries.me import me


@method_decorator(never_cache, name="dispatch")
class MePage(LoginRequiredMixin, TemplateView):
    """What is asked of whoever is signed in."""

    template_name = "dashboard/me.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the person's page."""
        user = self.request.user
        assert isinstance(user, User)  # LoginRequiredMixin lets nobody else in
        return super().get_context_data(**context, me=me(user, timezone.now()))
