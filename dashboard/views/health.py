from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard.queries.health import health


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view takes its request
    """Answer with the ledger's size, the age of the last beat, and versions."""
    return JsonResponse(health(timezone.now()))
