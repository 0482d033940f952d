import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.names import NameRefused, proper_name, skeleton

words = st.text(st.sampled_from("abcdefghjkmnopqrstuvwxyzABCDEFGH "), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)


@pytest.mark.parametrize(
    "name",
    ["Aster Institute", "O'Neil & Co. (UK)", "Zürich AI", "АСТЕР", "東京 ラボ", "서울 연구소", "معهد", "7th Lab"],
)
def test_a_name_in_one_script_is_taken_as_it_is(name):
    assert proper_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("\u0410ster Institute", "Cyrillic and Latin"),
        ("\u0391ster Institute", "Greek and Latin"),
        ("Aster \u0406nstitute", "Cyrillic and Latin"),
        ("\uff21ster", "Write it as 'Aster'"),
        ("\U0001d400ster", "compatibility"),
        ("As\u200bter", "ZERO WIDTH SPACE"),
        ("As\u200dter", "ZERO WIDTH JOINER"),
        ("As\u2060ter", "WORD JOINER"),
        ("As\ufeffter", "ZERO WIDTH NO-BREAK SPACE"),
        ("As\u00adter", "SOFT HYPHEN"),
        ("Aster\u202e", "RIGHT-TO-LEFT OVERRIDE"),
        ("Aster\u2067", "RIGHT-TO-LEFT ISOLATE"),
        ("Aster\u00a0Institute", "NO-BREAK SPACE"),
        ("Aster\nInstitute", "cannot see"),
        ("Aster\r\nBcc: all", "cannot see"),
        ("Aster\0", "cannot see"),
        ("Aster\ud800", "cannot see"),
        ("a\u0301\u0302\u0303", "marks"),
        ("<b>Aster</b>", "LESS-THAN"),
        ("{{7*7}}", "LEFT CURLY BRACKET"),
        ("=1+1", "EQUALS SIGN"),
        ("-Aster", "begins with"),
        ("Aster | Co", "VERTICAL LINE"),
        ("", "Write a name"),
        ("   ", "Write a name"),
        ("é" * 255, "255 characters"),
        ("🧪 Lab", "TEST TUBE"),
    ],
)
def test_a_name_that_deceives_or_hides_is_refused_and_says_why(name, words):
    with pytest.raises(NameRefused, match=words) as refusal:
        proper_name(name)
    assert set(refusal.value.fields) == {"name"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Aster Institute", "Aster lnstitute"),
        ("Aster Institute", "aster-institute"),
        ("Cobalt", "C0balt"),
        ("Elbe", "E1be"),
        ("Modern", "Modem"),
        ("ACTEP", "АСТЕР"),
        ("Gota", "Göta"),
        ("ABE", "ΑΒΕ"),
    ],
)
def test_look_alikes_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Aster", "Astor"), ("Fjord", "Ford"), ("Ganges AI", "Ganges A"), ("Lab 1", "Lab 2")]
)
def test_names_that_differ_to_the_eye_have_two(one, other):
    assert skeleton(one) != skeleton(other)


@given(words)
def test_a_proper_name_is_proper_again_and_case_does_not_make_another(text):
    name = proper_name(text)
    assert proper_name(name) == name
    assert skeleton(name.upper()) == skeleton(name.lower()) == skeleton(name)


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_and_never_an_error(text):
    try:
        name = proper_name(text)
    except NameRefused:
        return
    assert unicodedata.is_normalized("NFKC", name)
    assert name.isprintable()
