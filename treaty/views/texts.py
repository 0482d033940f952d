from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from ledger.queries import position
from treaty.models import TreatyText
from treaty.queries import texts
from treaty.queries.articles import document, source_lines
from treaty.rules.reading import json_schema
from treaty.rules.text import Text
from web.caching import cached_by

A_YEAR = 31_536_000


class TextMixin:
    """Finds the text that the address names: a version, or the one in force now."""

    kwargs: dict[str, Any]

    def text(self) -> TreatyText | None:
        """Return the text; raise Http404 for a version that was never published."""
        at = timezone.now()
        if "version" not in self.kwargs:
            return texts.text_at(at)
        found = next((it for it in texts.versions(at) if it.version == self.kwargs["version"]), None)
        if found is None:
            raise Http404
        return found


@method_decorator(cached_by(position), name="dispatch")
class TextPage(TextMixin, TemplateView):
    """The treaty as numbered articles, beside each its commentary, its sources and the numbers that it governs."""

    template_name = "treaty/text_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the text in force, or the version that the address names."""
        at, text = timezone.now(), self.text()
        return super().get_context_data(
            at=at,
            position=position(),
            text=text,
            in_force=text is not None and text.in_force_at is not None and text.in_force_at <= at,
            document=document(text) if text else None,
            versions=texts.versions(at),
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class SourcePage(TextMixin, TemplateView):
    """The YAML with its lines numbered, so that a number can be pointed at."""

    template_name = "treaty/text_source.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the lines of the version that the address names."""
        text = self.text()
        return super().get_context_data(
            text=text,
            lines=source_lines(text) if text else [],
            crumbs=[(reverse("treaty:text"), _("Treaty"))],
            **context,
        )


@require_safe
def source(request: HttpRequest, sha256: str) -> HttpResponse:
    """Answer with the exact bytes that have this hash. They never change."""
    try:
        body = texts.source(sha256)
    except TreatyText.DoesNotExist:
        raise Http404 from None
    etag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = HttpResponse(body, content_type="application/yaml; charset=utf-8")
        response["Content-Disposition"] = f'inline; filename="treaty-{sha256[:12]}.yaml"'
    response["ETag"] = etag
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_cache_control(response, public=True, max_age=A_YEAR, immutable=True)
    return response


@require_safe
def schema(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the signature of a view
    """Answer with the JSON schema of a treaty text (docs/treaty-text.md)."""
    response = JsonResponse(json_schema(Text), json_dumps_params={"indent": 2}, content_type="application/schema+json")
    response["Access-Control-Allow-Origin"] = "*"
    return response
