from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from web.listings import listing

NAMES = [f"Laboratory {number}" for number in range(60)]


@given(total=st.integers(0, 70), per_page=st.integers(1, 30))
def test_every_row_is_on_exactly_one_page(total, per_page):
    rows = list(range(total))
    pages = listing(QueryDict(), rows, str, per_page=per_page).page.paginator.num_pages
    shown = [
        row
        for number in range(1, pages + 1)
        for row in listing(QueryDict(f"page={number}"), rows, str, per_page=per_page).rows
    ]
    assert shown == rows


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_an_address_asks_for_is_answered(page, sought):
    asked = QueryDict(mutable=True)
    asked.update({"page": page, "q": sought})
    assert len(listing(asked, NAMES, str).rows) <= 25


def test_a_search_finds_a_name_on_another_page_whatever_its_case():
    found = listing(QueryDict("q=LABORATORY 59"), NAMES, str)
    assert list(found.rows) == ["Laboratory 59"]
    assert found.is_long, "what was looked for can be looked for again"


def test_a_short_list_offers_no_search():
    assert not listing(QueryDict(), NAMES[:3], str).is_long


def test_turning_the_page_of_one_list_leaves_the_others_where_they_are():
    found = listing(QueryDict("matrix=2&visits=3&q=lab"), NAMES, str, name="matrix")
    assert found.query == "visits=3&q=lab&"
