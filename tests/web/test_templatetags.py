from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from django.template import Context, Template

from treaty.rules import standing
from web.hashwords import hash_words
from web.signs import SIGNS, sign_of
from web.templatetags import fermata

NOON = datetime(2026, 11, 14, 6, 0, tzinfo=UTC)
NASTY = "<script>alert(1)</script>"


def test_an_instant_is_written_in_utc_wherever_it_was_read():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    assert fermata.utc(elsewhere) == '<time datetime="2026-11-14T06:00:00Z">14 November 2026, 06:00\xa0UTC</time>'


def test_an_instant_that_the_browser_refines_says_the_same_without_it():
    assert "14 November 2026, 06:00\xa0UTC" in fermata.until(NOON)
    assert "data-relative" in fermata.until(NOON)


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_is_missing_is_a_dash(nothing):
    answers = [
        tag(nothing)
        for tag in (
            fermata.utc,
            fermata.until,
            fermata.span,
            fermata.grouped,
            fermata.fraction,
            fermata.share,
            fermata.shorthash,
            fermata.hashwords,
            fermata.flop,
        )
    ]
    assert set(answers) == {"—"}


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=1, minutes=12), "1 h 12 m"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(0), "0 m"),
        (timedelta(seconds=59), "0 m"),
        (-timedelta(hours=14), "−14 h"),
    ],
)
def test_a_span_is_written_by_its_two_largest_units(length, words):
    assert fermata.span(length).replace("\xa0", " ") == words


@pytest.mark.parametrize(
    ("quantity", "markup"),
    [
        ("1e24", "10<sup>24</sup>"),
        (10**24, "10<sup>24</sup>"),
        (Decimal("3.2e25"), "3.2 × 10<sup>25</sup>"),
        (1e26, "10<sup>26</sup>"),
        ("9.999e24", "10<sup>25</sup>"),
        (Fraction(10**24, 3), "3.33 × 10<sup>23</sup>"),
        (1200, "1200"),
        ("0", "0"),
    ],
)
def test_a_large_quantity_is_a_power_of_ten(quantity, markup):
    assert fermata.flop(quantity).replace("\xa0", " ") == markup


@pytest.mark.parametrize("filter_name", ["flop", "shorthash", "hashwords", "sign"])
def test_a_filter_escapes_what_it_is_given(filter_name):
    page = Template("{{ value|" + filter_name + " }}").render(Context({"value": NASTY}))
    assert "<script>" not in page


def test_a_status_sign_escapes_its_word():
    page = Template("{% status_sign state label %}").render(Context({"state": NASTY, "label": NASTY}))
    assert "<script>" not in page
    assert 'class="st un"' in page


def test_every_standing_of_the_treaty_has_a_sign_of_its_own():
    signs = [sign_of(member) for member in standing.Standing]
    assert len(set(signs)) == len(signs) == len(SIGNS)


def test_a_state_that_nobody_listed_is_shown_as_unknown():
    assert sign_of("perfectly fine") == "un"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Fraction(2, 3), "67 %"),
        (Fraction(999, 1000), "99 %"),
        (Fraction(1, 1000), "< 1 %"),
        (Fraction(1), "100 %"),
        (Fraction(0), "0 %"),
        (Fraction(3, 2), "150 %"),
        ("1/2", "50 %"),
    ],
)
def test_a_share_below_one_is_never_written_as_all(value, words):
    assert fermata.share(value).replace("\xa0", " ") == words


def test_a_fraction_keeps_its_denominator():
    assert fermata.fraction(Fraction(4, 6)) == "2/3"


def test_a_short_hash_names_the_whole():
    whole = "3f9a2b17" + "0" * 52 + "d4ab"
    assert fermata.shorthash(whole) == f'<code class="hash" title="{whole}">3f9a2b17…d4ab</code>'


def test_hash_words_are_the_published_examples():
    # From the proposal: 127.0.0.1 is lusab babad, 63.84.220.193 is gutih tugad.
    assert hash_words("7f000001") == "lusab babad"
    assert hash_words("3f54dcc1") == "gutih tugad"


@pytest.mark.parametrize(("have", "of"), [(0, 7), (7, 7), (9, 7), (-1, 7), (0, 0)])
def test_segments_never_draw_more_than_there_are(have, of):
    assert fermata.segments(have, of).count("h8.5") == max(1, of)


@pytest.mark.parametrize(
    ("path", "attribute"),
    [("/votes/", ' aria-current="page"'), ("/votes/2026-07/", ' aria-current="true"'), ("/labs/", "")],
)
def test_the_navigation_marks_where_one_is(rf, path, attribute):
    assert fermata.current(Context({"request": rf.get(path)}), "/votes/") == attribute


def test_words_from_right_to_left_do_not_turn_a_formula_around():
    assert fermata.isolated("6 ≥ 1/3 × 7 ذوو الحق = 7/3") == "6 ≥ 1/3 × 7 <bdi>ذوو الحق</bdi> = 7/3"
    assert fermata.isolated(f"4 {NASTY}") == "4 &lt;script&gt;alert(1)&lt;/script&gt;"
