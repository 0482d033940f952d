"""Atom feeds: of everything, of a topic, of a laboratory, of a kind of entry. Ids are positions in the record and never change."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from accounts.models import Organisation
from ledger.queries import position
from ledger.words import SENTENCES, name_of
from notices.models.subscriptions import TOPIC_LABELS
from notices.queries.feeds import Item, of_everything, of_kind, of_lab, of_topic
from notices.rules.topics import Topic
from web.caching import cached_by

BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)


@require_safe
@cached_by(position)
def everything(request: HttpRequest) -> HttpResponse:
    """Answer with the newest public events."""
    return _answer(request, "Fermata", "dashboard:home", of_everything(timezone.now()))


@require_safe
@cached_by(position)
def topic(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with the newest events of a topic."""
    try:
        found = Topic(name)
    except ValueError:
        raise Http404 from None
    return _answer(request, f"Fermata: {TOPIC_LABELS[found]}", "notices:follow", of_topic(found, timezone.now()))


@require_safe
@cached_by(position)
def laboratory(request: HttpRequest, key: str) -> HttpResponse:
    """Answer with the newest entries about a laboratory."""
    lab = get_object_or_404(Organisation.objects.laboratories(), key=key)
    return _answer(request, f"Fermata: {lab.name}", "labs:lab", of_lab(key, timezone.now()), key)


@require_safe
@cached_by(position)
def kind(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with the newest entries of a kind."""
    if name not in SENTENCES:
        raise Http404
    return _answer(request, f"Fermata: {name_of(name)}", "notices:follow", of_kind(name, timezone.now()))


def _answer(request: HttpRequest, title: str, page: str, items: Iterable[Item], *arguments: str) -> HttpResponse:
    site, host = settings.SITE_URL, request.get_host()
    feed = Atom1Feed(
        title=title,
        link=site + reverse(page, args=arguments),
        description=None,
        language="en",
        author_name="Fermata",
        feed_url=site + request.path,
        feed_guid=f"tag:{host},2026:{request.path}",
    )
    for item in items:
        feed.add_item(
            title=item.title,
            link=site + item.url,
            description=f"{item.sentence} Entry {item.index} of the record: {site}{item.entry_url}",
            unique_id=f"tag:{host},2026:entry:{item.index}",
            pubdate=item.at,
            updateddate=item.at,
            categories=[item.kind],
        )
    answer = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
