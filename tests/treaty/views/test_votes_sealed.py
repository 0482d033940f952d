"""A sealed vote leaks nowhere: while it is open, no public byte depends on what its ballots say."""

import re
from datetime import timedelta
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import factories
from tests.conftest import NOON
from treaty.actions.ballots import cast_ballot
from treaty.actions.votes import notice_vote
from treaty.models import Ballot
from treaty.rules.profiles import Choice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HOUR = timedelta(hours=1)
LABS = ("aster", "borealis", "cobalt", "daxing")
LINK = re.compile(r"""(?:href|src|data-hx-get)="([^"]+)"|"(/[a-z][^"\s]*)\"""")
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')
TOLD = ("ETag", "Last-Modified", "Content-Length", "Content-Type", "Link")
MOST_PAGES = 300
OTHERWISE_CHANGING = ("/static/", "/healthz", "/account/")  # new secrets for second factors; the way out


@pytest.fixture(autouse=True)
def own_cache(settings, tmp_path):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }


@pytest.fixture
def vote():
    factories.parties(*LABS)
    vote = notice_vote(
        decision="advisory", title="A view", question="Is it wise?", subject={}, requester=None,
        subject_organisation=None, by=None, at=NOON,
    )  # fmt: skip
    for key, choice in zip(LABS, (Choice.CONSENT, Choice.OBJECT, Choice.ABSTAIN), strict=False):
        lab = factories.laboratory(key)
        reason = "It is not wise at all." if choice is Choice.OBJECT else ""
        by = factories.representative(lab)
        cast_ballot(vote=vote, organisation=lab, choice=choice, reason=reason, by=by, at=NOON + HOUR)
    return vote


def flip_every_ballot():
    """Change what the rows say as only somebody who holds the database could; the record keeps its commitments."""
    turned = {"consent": "object", "object": "abstain", "abstain": "consent"}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for number, ballot in enumerate(Ballot.objects.all(), start=1):
            choice = turned[ballot.choice]
            Ballot.objects.filter(pk=ballot.pk).update(
                choice=choice, reason="Another reason, and longer." if choice == "object" else "", ground="safety",
                content=bytes(ballot.content).replace(ballot.choice.encode(), choice.encode()), hash=f"{number:064x}",
                key_kind="ssh", salt=f"{number:064x}",
            )  # fmt: skip
        cursor.execute("SET session_replication_role = origin")


def addresses(patterns, prefix=""):
    """Every address of the site that takes no argument."""
    for one in patterns:
        route = prefix + str(one.pattern).removeprefix("^").removesuffix("$")
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        elif isinstance(one, URLPattern) and not re.search(r"[<(\\]", route):
            yield f"/{route}"


def crawl(visitor, most=MOST_PAGES):
    """Follow every address and link; return what each answered, without the tokens of forms."""
    visitor.get("/about/")  # takes the messages that an earlier visit left
    cache.clear()
    papers = [f"{reverse('treaty:api_ballot_paper', args=['2026-01'])}?organisation={key}" for key in LABS]
    vote = ["/votes/2026-01/", "/api/v1/votes/2026-01/"]
    ahead, seen = [*vote, *papers, *sorted(set(addresses(get_resolver().url_patterns)))], {}
    while ahead and len(seen) < most:
        path = ahead.pop(0)
        if path in seen or path.startswith(OTHERWISE_CHANGING):
            continue
        answer = visitor.get(path)
        body = answer.getvalue()
        assert answer.status_code < 500, path
        seen[path] = (answer.status_code, TOKEN.sub(b"", body), [answer.headers.get(name) for name in TOLD])
        for found in LINK.findall(body.decode(errors="replace")):
            target = urlsplit(urldefrag(urljoin(f"http://testserver{path}", found[0] or found[1])).url)
            # The same page in another language leaves a cookie, and every later page would be in that language.
            if target.netloc == "testserver" and not target.query.startswith("lang="):
                ahead.append(target.path + (f"?{target.query}" if target.query else ""))
    return seen


def somebody(key):
    visitor = Client()
    if key:
        visitor.force_login(factories.representative(factories.laboratory(key)))
    return visitor


@pytest.mark.parametrize("key", ["", "daxing"])
def test_flipping_every_choice_changes_no_byte_that_the_public_or_a_rival_sees(vote, key):
    with time_machine.travel(NOON + 2 * HOUR, tick=False):
        visitor = somebody(key)
        before = crawl(visitor)
        flip_every_ballot()
        after = crawl(visitor)
    assert {f"/votes/{vote.key}/", f"/api/v1/votes/{vote.key}/", "/api/v1/votes/", "/votes/", "/"} <= set(before)
    assert any(path.startswith("/ledger/hash/") for path in before)
    assert [path for path in before | after if before.get(path) != after.get(path)] == []


def test_the_same_flip_is_seen_once_the_vote_has_closed(vote):
    with time_machine.travel(NOON + timedelta(days=7), tick=False):
        before = crawl(somebody(""), most=20)
        flip_every_ballot()
        after = crawl(somebody(""), most=20)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert {f"/votes/{vote.key}/", f"/api/v1/votes/{vote.key}/"} <= changed
