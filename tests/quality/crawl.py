"""Every page of a running site, as a visitor finds it by following links from the first page."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve

HREF = re.compile(r"""<a\b[^>]*?\shref="([^"]+)\"""")
MOST = 500


@dataclass(frozen=True)
class Page:
    """One page as it was answered: of which address in the end, after being sent on."""

    address: str
    status: int
    html: str

    @property
    def path(self) -> str:
        """Its address on the site."""
        parts = urlsplit(self.address)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def weight(self) -> int:
        """Its bytes before any compression."""
        return len(self.html.encode())


def pages(get: Callable[[str], Page | None], start: str, kinds: Counter[str], of_a_kind: int) -> Iterator[Page]:
    """Yield the pages that links lead to, at most `of_a_kind` of each view; `get` answers a path, with None where it is no page.

    `kinds` counts those that were found: another visitor who brings the same one opens only what the first could not.
    """
    ahead, seen = [start], {start}
    while ahead and len(seen) < MOST:
        page = get(ahead.pop(0))
        if page is None:
            continue
        yield page
        for target in links(page):
            kind = kind_of(target)
            if target not in seen and kinds[kind] < of_a_kind:
                kinds[kind] += 1
                seen.add(target)
                ahead.append(target)


def links(page: Page) -> Iterator[str]:
    """Yield the paths of this site that a page links to, other languages and downloads left out."""
    here = urlsplit(page.address)
    for href in HREF.findall(page.html):
        target = urlsplit(urldefrag(urljoin(page.address, unescape(href))).url)
        if target.netloc == here.netloc and "lang=" not in target.query and target.path.endswith("/"):
            yield target.path + (f"?{target.query}" if target.query else "")


def kind_of(path: str) -> str:
    """Return what pages have in common that differ by whom or what they are about alone."""
    path = urlsplit(path).path
    try:
        return resolve(path).route
    except Resolver404:
        return path
