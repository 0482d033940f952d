"""What operators and their programs ask: is it alive, may it be given requests, how does it do."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from dashboard.queries.health import Check, checks, health, is_ready


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view takes its request
    """Answer with the ledger's size, the age of the last beat, and versions."""
    return JsonResponse(health(timezone.now()))


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - as above
    """Answer 200 where this process can answer requests, else 503, with every part in words."""
    found = checks(timezone.now())
    parts = {check.key: {"well": check.well, "words": check.words, "number": check.number} for check in found}
    ready = is_ready(found)
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"ready": ready, "parts": parts}, status=status)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, which shows the token of the settings; without one there is no such page."""
    token = settings.METRICS_TOKEN
    if not token or not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Checks())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Checks(Collector):
    """Every check as two gauges: whether it is well, and its number."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look once."""
        found = checks(timezone.now())
        well = GaugeMetricFamily("fermata_well", "Whether a part of the site is well.", labels=["part"])
        for check in found:
            well.add_metric([check.key], float(check.well))
        yield well
        for check in found:
            if check.number is not None:
                yield GaugeMetricFamily(f"fermata_{check.key}", _plain(check), value=check.number)


def _plain(check: Check) -> str:
    return f"{check.title}, as on the page of the site's status."


@method_decorator(never_cache, name="dispatch")
class StatusPage(TemplateView):
    """How every part of the site is, for its operators and for whoever wonders."""

    template_name = "dashboard/status.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the parts as they are now."""
        at = timezone.now()
        found = checks(at)
        return super().get_context_data(checks=found, all_well=all(check.well for check in found), at=at, **context)
