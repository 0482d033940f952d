"""Who reads a page, and what they may know of."""

from datetime import datetime

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from inspections.models import Visit
from inspections.permissions import can_read_draft


def reader(request: HttpRequest) -> User | None:
    """Return who is signed in; None for the public."""
    return request.user if isinstance(request.user, User) else None


def person(request: HttpRequest) -> User:
    """Return who is signed in, on a page that asks for a sign-in."""
    assert isinstance(request.user, User)
    return request.user


def visit_for(request: HttpRequest, key: str, at: datetime) -> Visit:
    """Return the visit if the reader may know of it: everybody once its notice was given, the bodies before."""
    visit = get_object_or_404(Visit.objects.with_names(), key=key)
    if visit.notified_at is None and not can_read_draft(reader(request), visit, at=at):
        raise Http404
    return visit
