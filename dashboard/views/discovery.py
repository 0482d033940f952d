"""What other sites and search engines ask for: which pages there are, which to leave alone, and a picture of the state."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Organisation
from accounts.rules.organisations import Kind
from dashboard.picture import DRAWN, drawn
from dashboard.queries.situation import PAUSED, Answer, situation
from dashboard.words import HEADLINES
from inspections.models import Visit
from inspections.queries.reports import recent_reports
from ledger.queries import position
from treaty.models import Pause, Vote
from treaty.queries.texts import rules_of, text_at, versions
from web.caching import cached_by
from web.languages import instant

PAGES = (
    "dashboard:home",
    "treaty:pauses",
    "treaty:votes",
    "treaty:try_profile",
    "treaty:delegations",
    "labs:list",
    "inspections:list",
    "inspections:evidence_page",
    "inspections:schedule",
    "inspections:draws",
    "inspections:balances",
    "inspections:grades",
    "treaty:text",
    "treaty:parties",
    "treaty:amendments",
    "treaty:triggers",
    "treaty:indicators",
    "treaty:cases",
    "treaty:drills",
    "treaty:keys",
    "ledger:overview",
    "notices:follow",
    "tips:write",
    "dashboard:api",
    "dashboard:data",
    "dashboard:data_dictionary",
    "dashboard:data_policy",
    "dashboard:about",
    "dashboard:accessibility",
    "dashboard:source",
    "dashboard:status",
)
LEFT_ALONE = ("/account/", "/api/v1/", "/demo/", "/me/", "/quarantine/", "/secretariat/", "/tlog/")
MOST_REPORTS = 10_000


@require_safe
@cached_by(position)
def picture(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Answer with the state in words as a PNG of 1200 × 630, in English where the site has no letters of its own to draw."""
    with override(get_language() if get_language() in DRAWN else settings.LANGUAGE_CODE):
        at = timezone.now()
        found = situation(text_at(at), at)
        shown = drawn(str(HEADLINES[found.situation]), _facts(found, at))
    return HttpResponse(shown, content_type="image/png", headers={"Cross-Origin-Resource-Policy": "cross-origin"})


def _facts(found: Answer, at: datetime) -> list[str]:
    """Return the lines below the headline: who is in the pause, and as of when."""
    lines = []
    if found.pause and found.situation in PAUSED:
        lines.append(
            _("%(bound)d of %(roll)d parties bound, %(verified)d verified on site")
            % {"bound": found.pause.summary.bound, "roll": found.pause.summary.roll, "verified": found.pause.verified}
        )
    as_of = _("As of %(at)s UTC, entry %(entry)d of the record") % {"at": instant(at), "entry": position()}
    return [*lines, as_of]


@require_safe
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - as above
    """Answer with what crawlers are asked to leave alone: what is no page, or is one person's."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in LEFT_ALONE)]
    return HttpResponse(
        "\n".join([*lines, "", f"Sitemap: {settings.SITE_URL}{reverse('dashboard:sitemap')}", ""]),
        content_type="text/plain; charset=utf-8",
    )


@require_safe
@cached_by(position)
def sitemap(request: HttpRequest) -> HttpResponse:
    """Answer with the address of every public page that stays."""
    paths = [reverse(name) for name in PAGES]
    paths += [reverse(name, args=args) for name, args in _subjects(timezone.now())]
    addresses = [settings.SITE_URL + path for path in paths]
    return render(request, "dashboard/sitemap.xml", {"addresses": addresses}, content_type="application/xml")


def _subjects(at: datetime) -> Iterable[tuple[str, tuple[object, ...]]]:
    """Yield the name and the arguments of the page of each laboratory, pause, vote, text, article, indicator, trigger, visit and report."""
    for key in Organisation.objects.filter(kind=Kind.LABORATORY).values_list("key", flat=True):
        yield "labs:lab", (key,)
    for key in Pause.objects.started_by(at).values_list("key", flat=True):
        yield "treaty:pause", (key,)
    for key in Vote.objects.values_list("key", flat=True):
        yield "treaty:vote", (key,)
    for one in versions(at):
        yield "treaty:text_version", (one.version,)
    if text := text_at(at):
        rules = rules_of(text)
        yield from (("treaty:article", (article.number,)) for article in rules.articles)
        yield from (("treaty:indicator", (key,)) for key in rules.indicators)
        yield from (("treaty:trigger", (key,)) for key in rules.triggers)
    for key in Visit.objects.opened().filter(notified_at__lte=at).values_list("key", flat=True):
        yield "inspections:visit", (key,)
    for report in recent_reports(at, MOST_REPORTS):
        yield "inspections:report", (report.visit.key, report.version)
