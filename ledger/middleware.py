"""Receipts: whoever acts is told at once the hash of what went on record, and where its proof will be."""

from collections.abc import Callable, Sequence
from http import HTTPMethod

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.actions.entries import receipts_taken

HEADER = "Fermata-Receipt"
MOST_LINKS = 3
SAFE = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})


class Receipts:
    """Add to the answer of a request that recorded something its receipts: a header, and on pages a message with links."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        if request.method in SAFE:
            return self.get_response(request)
        with receipts_taken() as hashes:
            response = self.get_response(request)
        if hashes:
            response.headers[HEADER] = ", ".join(hashes)
            if 300 <= response.status_code < 400:
                messages.info(request, said(hashes))
        return response


def said(hashes: Sequence[str]) -> SafeString:
    """Return the message: the first few receipts as links, and how many more there are."""
    links = format_html_join(
        ", ",
        '<a class="hash" href="{}">{}…</a>',
        ((reverse("ledger:receipt", args=[one]), one[:16]) for one in hashes[:MOST_LINKS]),
    )
    more = len(hashes) - MOST_LINKS
    rest = ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more} if more > 0 else ""
    return format_html("{} {} {}", _("On the record, with its proof as soon as it is published:"), links, rest)
