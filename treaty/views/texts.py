from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.core.paginator import EmptyPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from django_stubs_ext import StrOrPromise

from ledger.queries import position
from treaty.models import TreatyText
from treaty.queries import texts
from treaty.queries.articles import (
    LINES_A_PAGE,
    AnnexShown,
    ArticleShown,
    Document,
    document,
    page_of,
    source_lines,
)
from treaty.queries.passages import passages
from treaty.rules.reading import json_schema
from treaty.rules.text import Text
from web.caching import cached_by
from web.listings import SOUGHT

A_YEAR = 31_536_000


# What an annex is called; the text itself names none of them.
ANNEXES: Final = {
    "1": _("Annex 1. Laboratories"),
    "2": _("Annex 2. Monitoring bodies"),
    "3": _("Annex 3. Indicators"),
    "4": _("Annex 4. Triggers"),
    "5": _("Annex 5. Levels of pause"),
    "6": _("Annex 6. Exemptions"),
    "7": _("Annex 7. Resumption"),
    "8": _("Annex 8. Verification layers"),
    "9": _("Annex 9. Decisions"),
    "10": _("Annex 10. Submissions"),
}


@dataclass(frozen=True)
class Part:
    """An article or an annex in the contents: its address below the text's own, its name, and what it is."""

    address: str
    label: StrOrPromise
    article: ArticleShown | None = None
    annex: AnnexShown | None = None

    @property
    def template(self) -> str:
        """The part of a template that shows the annex."""
        return f"treaty/text_annexes.html#annex_{self.annex.number}" if self.annex else ""


def parts(found: Document) -> list[Part]:
    """Return the articles and the annexes of a text in their order."""
    articles = [Part(f"articles/{it.number}/", f"{it.number}. {it.title}", article=it) for it in found.articles]
    return articles + [Part(f"annexes/{it.number}/", ANNEXES[it.number], annex=it) for it in found.annexes]


class TextMixin:
    """Finds the text that the address names: a version, or the one in force now."""

    kwargs: dict[str, Any]

    def text(self) -> TreatyText | None:
        """Return the text; raise Http404 for a version that was never published."""
        at, version = timezone.now(), self.kwargs.get("version")
        if version is None:
            return texts.text_at(at)
        found = next((it for it in texts.versions(at) if it.version == int(version)), None)
        if found is None:
            raise Http404
        return found

    def base(self) -> str:
        """Return the address of the text, below which its parts have theirs."""
        version = self.kwargs.get("version")
        return reverse("treaty:text") if version is None else reverse("treaty:text_version", args=[version])

    def shown(self) -> dict[str, Any]:
        """Return what each page of a text takes; without a text there is nothing to show."""
        at, text = timezone.now(), self.text()
        return {
            "at": at,
            "position": position(),
            "text": text,
            "in_force": text is not None and text.in_force_at is not None and text.in_force_at <= at,
            "is_replaced": text is not None and _is_replaced(text, at),
            "document": document(text) if text else None,
            "parts": parts(document(text)) if text else [],
            "base": self.base(),
        }


def _is_replaced(text: TreatyText, at: datetime) -> bool:
    """Whether a later text is in force."""
    now = texts.text_at(at)
    return now is not None and now.in_force_at is not None and text.version < now.version and now.in_force_at <= at


class SearchForm(forms.Form):
    """Words that are looked for in the text."""

    q = forms.CharField(label=_("Words of the Treaty"), required=False, max_length=100)


@method_decorator(cached_by(position, SOUGHT), name="dispatch")
class TextPage(TextMixin, TemplateView):
    """The contents of the text in force, or of the version that the address names; and where words stand in it."""

    template_name = "treaty/text_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the parts, the versions, and the passages with the words that are looked for."""
        shown, sought = self.shown(), self.request.GET.get(SOUGHT, "").strip()[:100]
        return super().get_context_data(
            **shown,
            form=SearchForm(self.request.GET),
            sought=sought,
            passages=passages(shown["document"], sought) if shown["text"] else [],
            versions=texts.versions(shown["at"]),
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class WholePage(TextMixin, TemplateView):
    """The whole text on one page, to print and to keep."""

    template_name = "treaty/text_whole.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return every part; raise Http404 where there is no text."""
        shown = self.shown()
        if shown["text"] is None:
            raise Http404
        return super().get_context_data(**shown, crumbs=[(shown["base"], _("Treaty"))], **context)


@method_decorator(cached_by(position), name="dispatch")
class PartPage(TextMixin, TemplateView):
    """An article with its commentary, its sources and the numbers that it governs; or an annex."""

    template_name = "treaty/text_part.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the part and those before and after it; raise Http404 where the text has none like it."""
        shown = self.shown()
        found: list[Part] = shown["parts"]
        address = self.request.path.removeprefix(shown["base"])
        at = next((index for index, one in enumerate(found) if one.address == address), None)
        if at is None:
            raise Http404
        return super().get_context_data(
            **shown,
            part=found[at],
            before=found[at - 1] if at else None,
            after=found[at + 1] if at + 1 < len(found) else None,
            crumbs=[(shown["base"], _("Treaty"))],
            **context,
        )


@method_decorator(cached_by(position, "line"), name="dispatch")
class SourcePage(TextMixin, TemplateView):
    """A page of the YAML with its lines numbered, so that a number can be pointed at."""

    template_name = "treaty/text_source.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead on to the line that is asked for."""
        line = request.GET.get("line", "")
        if line.isdecimal() and int(line[:6]) > 0:
            return redirect(line_address(int(kwargs["version"]), int(line[:6])))
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the lines of the page; raise Http404 beyond the last."""
        text = self.text()
        assert text is not None
        try:
            page = Paginator(source_lines(text), LINES_A_PAGE).page(int(self.kwargs.get("page") or 1))
        except EmptyPage:
            raise Http404 from None
        at = texts.lines(text.sha256)
        return super().get_context_data(
            text=text,
            page_obj=page,
            sections=[(key, line_address(text.version, line)) for key, line in at.items() if key and "." not in key],
            crumbs=[(reverse("treaty:text"), _("Treaty"))],
            **context,
        )


def line_address(version: int, line: int) -> str:
    """Return where a line of the YAML stands."""
    return f"{reverse('treaty:text_lines', args=[version, page_of(line)])}#L{line}"


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
