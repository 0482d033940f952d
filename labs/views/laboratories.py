"""The public pages of laboratories. `dashboard` subclasses them where it adds what only the apps above know."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.models import Organisation
from labs.queries.laboratories import laboratories, overview
from labs.rules.terms import Terms
from web.listings import listing


class KnowsTerms:
    """A page that shows numbers of the text where it is known; `labs` itself does not know it."""

    def terms(self, at: datetime) -> Terms | None:  # noqa: ARG002 - a subclass above reads the text in force at that instant
        """Return the numbers of the text in force at `at`."""
        return None


class LaboratoriesView(KnowsTerms, TemplateView):
    """Every laboratory, on the same terms."""

    template_name = "labs/laboratory_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the rows."""
        now = timezone.now()
        page = listing(self.request.GET, laboratories(now, self.terms(now)), lambda row: row.organisation.name)
        return super().get_context_data(rows=page.rows, page=page, at=now, **context)


class LaboratoryView(KnowsTerms, TemplateView):
    """One laboratory: what it declared, owes, runs and offers."""

    template_name = "labs/laboratory_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the overview."""
        now = timezone.now()
        organisation = get_object_or_404(Organisation.objects.laboratories(), key=self.kwargs["key"])
        terms = self.terms(now)
        return super().get_context_data(
            lab=organisation, overview=overview(organisation, now, terms), terms=terms, at=now, **context
        )
