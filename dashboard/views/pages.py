"""Pages about the site itself: what it is, how to read it by program, whom it may fail."""

from typing import Any

from django.conf import settings
from django.utils import timezone
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
    """The interface for programs, readable: rendered here from the OpenAPI schema, without a script."""

    template_name = "dashboard/api.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the reference."""
        return super().get_context_data(**context, reference=reference(settings.SITE_URL))


class SchemaJson(Open, SpectacularJSONAPIView):
    """The OpenAPI 3.1 schema as JSON, for every origin. The program alone changes it, and not the record."""

    position = staticmethod(int)


class SchemaYaml(Open, SpectacularYAMLAPIView):
    """The OpenAPI 3.1 schema as YAML, for every origin."""

    position = staticmethod(int)
