"""What a device needs to go on with a report without a connection, and what it tells of what it keeps."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.views.readers import reader
from inspections.forms import DraftForm
from inspections.models import Report
from inspections.queries.devices import addresses, owner_of, version
from inspections.queries.reports import drafts_of
from inspections.views.reports import ReportFormView, titles

NO_DRAFT: Final = 0  # the key of no report: nothing is found that belongs to it


class ShellView(ReportFormView):
    """The form of a visit's report with nothing in it and nobody signed in: what a device may keep as a file."""

    http_method_names = ["get", "head"]  # a draft is saved at the form's own address

    frame: Mapping[str, Any] = {
        "is_shell": True,
        "can_edit": True,
        "user": AnonymousUser(),
        "owner": "",
        "keys": [],
        "messages": [],
        "csrf_token": "none",
    }

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Show the empty form."""
        elsewhere = self.find(request, key, timezone.now())
        if elsewhere:
            return elsewhere
        self.report = Report(pk=NO_DRAFT, visit=self.visit)
        return self.page(request, DraftForm(self.report, titles(self.layers), self.protocols))


class WorkerView(ShellView):
    """The service worker of one visit's report form: its script, with the files it keeps and their version before it."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Answer with the script; its bytes change whenever the form or one of its files does."""
        shell = super().get(request, key)
        if shell.status_code != HttpResponse.status_code:
            return shell
        kept = {
            "name": f"report-{key}",
            "version": version(shell.content.decode()),
            "form": reverse("inspections:report_form", args=[key]),
            "shell": reverse("inspections:report_shell", args=[key]),
            "files": addresses(),
        }
        script = Path(str(finders.find("js/report-worker.js"))).read_text()
        response = HttpResponse(f"const KEPT = {json.dumps(kept)};\n{script}", content_type="text/javascript")
        response["Cache-Control"] = "no-cache"
        return response


class DraftsPage(TemplateView):
    """The drafts of who is signed in, on the server and on this device; signed out, what stays here and how to remove it."""

    template_name = "inspections/drafts.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the drafts."""
        user = reader(self.request)
        return super().get_context_data(
            drafts=drafts_of(user, timezone.now()) if user else [],
            owner=owner_of(user) if user else "",
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )
