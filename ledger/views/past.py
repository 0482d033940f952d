"""What every page shares that can be shown as of a past instant."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.generic import TemplateView

from ledger.queries import founded_at, position, position_at
from web.past import keep_forever, past_instant


class OfAnInstant(TemplateView):
    """A page as of now, or of the instant that its address asks for: `self.at`; `self.past` is None for now."""

    past: datetime | None
    at: datetime

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the page; one of the past is to be kept for ever."""
        now = timezone.now()
        self.past = past_instant(request, now=now, founded=founded_at)
        self.at = self.past or now
        response = super().get(request, *args, **kwargs)
        keep_forever(response, self.past, now)
        return response

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the instant, what the record had at it, and where the page of now is."""
        return super().get_context_data(
            at=self.at,
            past=self.past,
            here=self.request.path,
            position=position_at(self.past) if self.past else position(),
            **context,
        )
