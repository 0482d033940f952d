"""The published log (c2sp.org/tlog-tiles): served from storage, without a look at any row."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.errors import Malformed
from ledger import published
from ledger.actions.opening import policy as policy_file
from ledger.rules.tiles import parse_path

TEXT = "text/plain; charset=utf-8"
IMMUTABLE = "public, max-age=604800, immutable"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Answer with the checkpoint in place."""
    data = published.read_file(published.CHECKPOINT)
    if data is None:
        raise Http404
    return _answer(data, TEXT, "no-cache")


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Answer with a tile or a bundle of entries."""
    try:
        data = published.read_file(parse_path(f"tile/{path}").path)
    except Malformed:
        raise Http404 from None
    if data is None:
        raise Http404
    return _answer(data, "application/octet-stream", IMMUTABLE)


@require_safe
def policy(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Answer with the policy file: the log's key and its witnesses."""
    return _answer(policy_file().encode(), TEXT, "no-cache")


def _answer(data: bytes, content_type: str, caching: str) -> HttpResponse:
    headers = {
        "Cache-Control": caching,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HttpResponse(data, content_type=content_type, headers=headers)
