"""The state of the pause as a small picture that other sites show, and as JSON."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger.queries import position
from treaty.queries.drills import current as current_drill
from treaty.queries.pauses import current, summary
from treaty.rules.pauses import PauseState
from web.caching import cached_by
from web.exports import json_answer

HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
PER_LETTER = 7  # units of width, generous for the widest system fonts


@require_safe
@cached_by(position)
def picture(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Answer with the badge."""
    sign, words, _key = state()
    width = 76 + PER_LETTER * len(words)
    svg = render_to_string(
        "notices/badge.svg",
        {"sign": sign, "words": words, "width": width, "rest": width - 68, "middle": 72 + (width - 76) // 2},
    )
    return HttpResponse(svg, content_type="image/svg+xml", headers=HEADERS)


@require_safe
@cached_by(position)
def data(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Answer with the same as data."""
    sign, words, key = state()
    return json_answer({"state": sign, "words": words, "pause": key, "as_of": timezone.now(), "record": position()})


def state() -> tuple[str, str, str | None]:
    """Return the state that the badge shows, in words, and the pause's key."""
    at = timezone.now()
    pause = current(at)
    if pause is None:
        return ("drill", _("drill under way"), None) if current_drill(at) else ("none", _("no pause"), None)
    match summary(pause, at).state:
        case PauseState.IN_FORCE:
            return "in_force", _("pause in force"), pause.key
        case PauseState.RESUMING:
            return "resuming", _("pause, resuming"), pause.key
        case _:
            return "activating", _("pause activating"), pause.key
