"""What the reader of a page may know of."""

from datetime import datetime

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.views.readers import reader
from inspections.models import Visit
from inspections.permissions import can_read_draft


def visit_for(request: HttpRequest, key: str, at: datetime) -> Visit:
    """Return the visit if the reader may know of it: everybody once its notice was given, the bodies before."""
    visit = get_object_or_404(Visit.objects.with_names(), key=key)
    if visit.notified_at is None and not can_read_draft(reader(request), visit, at=at):
        raise Http404
    return visit
