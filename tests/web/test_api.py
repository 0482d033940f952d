"""What every operation of the API has in common. One body stands for all: the parser and the answers are shared."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from dashboard.queries.api import reference
from tests import factories as make
from web.api.deprecation import Deprecation
from web.api.pages import Named
from web.api.views import PublicView
from web.errors import PROBLEM

KEYS = "/api/v1/keys/"
NESTED = 100_000


def asked(**parameters):
    return Request(APIRequestFactory().get("/api/v1/things/", parameters))


def page(rows, **parameters):
    return Named().page(rows, lambda row: row, asked(**parameters)).data


@given(st.sets(st.text("abcdé/:", min_size=1, max_size=4)), st.integers(1, 5))
def test_following_next_reads_every_row_once_and_previous_leads_back(rows, limit):
    pages, cursor = [], ""
    while True:
        found = page(rows, limit=limit, cursor=cursor)
        pages.append(found["results"])
        if not found["next"]:
            break
        cursor = Request(APIRequestFactory().get(found["next"])).query_params["cursor"]
    assert [row for one in pages for row in one] == sorted(rows)
    if len(pages) > 1:
        back = Request(APIRequestFactory().get(found["previous"])).query_params["cursor"]
        assert page(rows, limit=limit, cursor=back)["results"] == pages[-2]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "1.5", "٣", ""])
def test_a_limit_that_is_no_number_in_bounds_is_refused(limit):
    with pytest.raises(ValidationError):
        page(["a"], limit=limit)


@pytest.mark.parametrize("cursor", ["nonsense", "=", "é", base64.urlsafe_b64encode(b"sideways:a").decode()])
def test_a_cursor_that_no_page_gave_is_refused(cursor):
    with pytest.raises(ValidationError):
        page(["a"], cursor=cursor)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "lab=aster",  # the list of keys calls it organisation
        "kind=stone",
        "since=",
        "since=yesterday",
        "since=2026-11-22",
        "organisation=%00",
        f"cursor={base64.b64encode(b'p=abc').decode()}",
        f"cursor={base64.b64encode(b'p=' + b'9' * 40).decode()}",
        "cursor=%C3%A9",
        "limit=1001",
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused_and_never_answered_with_everything(client, query):
    answer = client.get(f"{KEYS}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert set(answer.json()["fields"]) == {query.split("=")[0]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[" * NESTED, "nested deeper"),
        ('{"a":' * NESTED, "nested deeper"),
        ('{"kind": 1, "kind": 2}', "appears twice"),
        ('{"kind": NaN}', "not an integer"),
        ('{"kind": ' + "9" * 5000 + "}", "at most 16 digits"),
        (b'{"kind": "\xff"}', "not JSON in UTF-8"),
        (json.dumps({"kind": "a" * 10_000_000}), "larger than"),
        ('{"status": "enrolled"}', "no member status"),
        ("[]", "JSON object"),
    ],
    ids=["arrays", "objects", "twice", "nan", "digits", "utf-8", "10 MB", "unknown", "list"],
)
def test_a_body_with_more_than_one_meaning_or_too_much_in_it_is_refused_in_words(client, body, words):
    answer = client.post(KEYS, body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (400, PROBLEM, "malformed")
    assert words in answer.json()["detail"]


@pytest.mark.django_db
def test_every_refusal_is_a_problem_document(client):
    answers = {
        404: client.get("/api/v1/nothing/here/"),
        405: client.delete(KEYS),
        406: client.get(KEYS, headers={"Accept": "text/csv"}),
        415: client.post(KEYS, "a=b", content_type="application/x-www-form-urlencoded"),
        401: client.get(KEYS, headers={"Authorization": "Token nonsense"}),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
        assert {"type", "title", "status", "code", "detail"} <= set(answer.json())
        assert answer.json()["status"] == status
    assert "GET" in answers[405]["Allow"]
    assert answers[401]["WWW-Authenticate"]


@pytest.mark.django_db
def test_who_has_the_newest_is_answered_304_until_the_record_grows(client, monkeypatch):
    make.parties("aster")
    first = client.get("/api/v1/balances/")
    assert first["Access-Control-Allow-Origin"] == "*"
    again = client.get("/api/v1/balances/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["Access-Control-Allow-Origin"]) == (304, b"", "*")
    assert client.get("/api/v1/balances/?limit=5", headers={"If-None-Match": first["ETag"]}).status_code == 200
    monkeypatch.setattr("inspections.views.accounting_api.BalancesView.position", staticmethod(lambda: 7))
    assert client.get("/api/v1/balances/", headers={"If-None-Match": first["ETag"]}).status_code == 200


SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_deprecated_says_since_when_until_when_and_what_follows(rf):
    class Old(PublicView):
        authentication_classes = permission_classes = ()
        tagged = False
        deprecation = Deprecation(SINCE, SINCE + timedelta(days=400), "/api/v2/things/")

        def get(self, request):
            return HttpResponse()

    answer = Old.as_view()(rf.get("/api/v1/things/"))
    assert answer["Deprecation"] == "@1767225600"  # RFC 9745
    assert answer["Sunset"] == "Fri, 05 Feb 2027 00:00:00 GMT"  # RFC 8594
    assert '</api/v2/things/>; rel="successor-version"' in answer["Link"]


def test_an_operation_is_marked_a_year_before_it_ends():
    with pytest.raises(ValueError, match="365 days"):
        Deprecation(SINCE, SINCE + timedelta(days=364), "/api/v2/things/")


def test_every_list_says_how_its_pages_and_rows_are_chosen():
    found = {
        one.path: {parameter.name for parameter in one.parameters}
        for group in reference("http://localhost").groups
        for one in group.operations
        if any(member.name == "next" for answer in one.answers for member in answer.members)
    }
    assert len(found) >= 11
    assert all({"limit", "cursor"} < names for names in found.values()), found
    assert found["/api/v1/pauses/"] == {"limit", "cursor", "level", "since"}
    assert found["/api/v1/matrix/"] == {"limit", "cursor", "lab", "facility", "layer", "state", "needs"}


def test_every_operation_says_what_it_does_and_what_its_parameters_and_answers_mean():
    for group in reference("http://localhost").groups:
        for one in group.operations:
            assert one.summary, one.path
            assert all(parameter.words for parameter in one.parameters), one.path
            assert all(answer.words for answer in one.answers), one.path
            assert any(answer.status.startswith("2") for answer in one.answers), one.path
