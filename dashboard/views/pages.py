"""Pages about the site itself: what it is, how to read it by program, whom it may fail."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularYAMLAPIView

from dashboard.queries.api import reference
from dashboard.queries.coverage import coverage
from ledger.views.api import Open
from treaty.queries.texts import text_at


class About(TemplateView):
    """What this is, what it is not, what is not covered, and how to check it."""

    template_name = "dashboard/about.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the text in force and what it does not cover."""
        at = timezone.now()
        return super().get_context_data(**context, text=text_at(at), coverage=coverage(at))


class Accessibility(TemplateView):
    """How accessible the site is, how that is measured, and what falls short."""

    template_name = "dashboard/accessibility.html"


class Source(TemplateView):
    """Where the program and the texts come from and under which licences."""

    template_name = "dashboard/source.html"


class ApiPage(TemplateView):
    """The interface for programs: what it asks of them, and all its operations, each with the page that describes it."""

    template_name = "dashboard/api.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the reference."""
        return super().get_context_data(**context, reference=reference(settings.SITE_URL))


class ApiGroupPage(TemplateView):
    """The operations on one noun, with their parameters, answers and examples."""

    template_name = "dashboard/api_group.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the group that the address names; raise Http404 where there is none."""
        whole = reference(settings.SITE_URL)
        group = next((one for one in whole.groups if one.key == self.kwargs["noun"]), None)
        if group is None:
            raise Http404
        crumbs = [(reverse("dashboard:api"), _("Data and API"))]
        return super().get_context_data(**context, reference=whole, group=group, crumbs=crumbs)


class SchemaJson(Open, SpectacularJSONAPIView):
    """The OpenAPI 3.1 schema as JSON, for every origin. The program alone changes it, and not the record."""

    position = staticmethod(int)


class SchemaYaml(Open, SpectacularYAMLAPIView):
    """The OpenAPI 3.1 schema as YAML, for every origin."""

    position = staticmethod(int)
