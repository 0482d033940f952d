"""Data to take away: the bundles, what their columns mean, and what becomes of addresses that are given up."""

from typing import Any

from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from dashboard.bundles import kept, progress
from dashboard.queries.tables import tables
from web.api.deprecation import SHORTEST_NOTICE


class DataPage(TemplateView):
    """Every bundle that is kept, and the one that is being made."""

    template_name = "dashboard/data.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the bundles."""
        return super().get_context_data(**context, bundles=kept(), progress=progress(), tables=tables())


class DictionaryPage(TemplateView):
    """Every table and column: type, meaning, and the address that answers the same."""

    template_name = "dashboard/data_dictionary.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the tables."""
        return super().get_context_data(**context, tables=tables(), crumbs=_crumbs())


class PolicyPage(TemplateView):
    """How long addresses and columns stay, and how their end is announced."""

    template_name = "dashboard/data_policy.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the notice that is given."""
        return super().get_context_data(**context, days=SHORTEST_NOTICE.days, crumbs=_crumbs())


def _crumbs() -> list[tuple[str, str]]:
    return [(reverse("dashboard:data"), _("Data to take away"))]


@require_safe
def bundle_file(request: HttpRequest, name: str) -> FileResponse:  # noqa: ARG001 - a view's signature
    """Answer with a bundle; its bytes never change, so whoever has it keeps it."""
    found = next((one for one in kept() if one.name == f"{name}.zip"), None)
    if found is None:
        raise Http404
    headers = {
        "ETag": f'"{found.sha256}"',
        "Cache-Control": "public, max-age=31536000, immutable",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    file = storages["data"].open(found.name)
    return FileResponse(file, content_type="application/zip", filename=found.name, headers=headers)
