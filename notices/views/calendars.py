"""Deadlines as iCalendar, which calendars fetch again and again: names stay, what moved has a higher sequence, what is off says so."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from accounts.models import Organisation
from ledger.queries import position
from notices.queries.calendar import Deadline, deadlines
from web.caching import cached_by


@require_safe
@cached_by(position)
def everybody(request: HttpRequest) -> HttpResponse:
    """Answer with every deadline."""
    return _answer(request, "Fermata", deadlines(timezone.now()))


@require_safe
@cached_by(position)
def laboratory(request: HttpRequest, key: str) -> HttpResponse:
    """Answer with the deadlines of one laboratory."""
    lab = get_object_or_404(Organisation.objects.laboratories(), key=key)
    return _answer(request, f"Fermata: {lab.name}", deadlines(timezone.now(), lab))


def _answer(request: HttpRequest, name: str, found: Iterable[Deadline]) -> HttpResponse:
    calendar = Calendar()
    calendar.add("prodid", "-//Fermata//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"value": "DURATION"})
    for one in found:
        calendar.add_component(_event(one, request.get_host()))
    answer = HttpResponse(calendar.to_ical(), content_type="text/calendar; charset=utf-8")
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _event(one: Deadline, host: str) -> Event:
    event = Event()
    event.add("uid", f"{one.uid}@{host}")
    event.add("sequence", one.moved)
    event.add("dtstamp", one.at)  # the same bytes each time it is asked for
    event.add("dtstart", one.at)
    event.add("summary", one.title)
    event.add("url", settings.SITE_URL + one.url)
    event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event
