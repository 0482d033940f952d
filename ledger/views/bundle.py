from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from ledger import published
from ledger.bundle import bundle_chunks


@require_safe
def bundle(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001 - a view's signature
    """Answer with the whole log as one file, as of the checkpoint in place."""
    head = published.head()
    if head is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="fermata-{head.size}.zip"', "Cache-Control": "no-cache"}
    return StreamingHttpResponse(bundle_chunks(), content_type="application/zip", headers=headers)
