import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.canonical import NotCanonical, canonical, parse
from core.errors import Malformed
from core.prose import Illegible, clean_words, prose

REFUSED = {
    "a\n\nb\u202ec": "Line 3 holds a character that turns the reading direction (U+202E)",
    "\u2067a\u2069": "Line 1 holds a character that turns the reading direction (U+2067)",
    "a\0b": "Line 1 holds a control character (U+0000)",
    "a\x1b[2Jb": "Line 1 holds a control character (U+001B)",
    "a\ud800b": "Line 1 holds half a character (U+D800)",
    "caf\ufffd": "Line 1 holds a character that could not be read (U+FFFD)",
    "a\r\nb" + "\u0301" * 9: "Line 2 holds more than 8 marks upon one letter",
    "Z" + "\u0335\u0489" * 5: "Line 1 holds more than 8 marks upon one letter",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_no_reader_can_see_is_refused_with_its_line_and_its_code(text):
    with pytest.raises(Illegible) as refused:
        prose(text)
    assert refused.value.detail.startswith(REFUSED[text] + ". Remove it")
    assert refused.value.detail.encode()  # no half of a character comes back in the answer
    with pytest.raises(Malformed) as named:
        clean_words(text, "basis", 1000)
    assert named.value.fields == {"basis": refused.value.detail}


@pytest.mark.parametrize(
    "text",
    ["Đã kiểm tra hết", "שָׁלוֹם", "می‌خواهم", "བསྒྲུབས", "ตู้ที่สอง", "क्षेत्र", "👩‍🔬 saw it", "<script>alert(1)</script> {{7*7}} javascript:x"],
)  # fmt: skip
def test_written_languages_and_signs_are_prose(text):
    assert prose(text) == unicodedata.normalize("NFC", text)


@examples(max_examples=40)
@given(st.text())
def test_what_is_prose_can_be_hashed_and_stays_as_it_is(text):
    try:
        found = prose(text)
    except Illegible:
        return
    assert parse(canonical(found)) == found == prose(found)
    assert "\r" not in found


@pytest.mark.parametrize("sign", ["a", "\u0301\u0316", "b\u0301", "\ud800"])
def test_ten_megabytes_are_judged_at_once(sign):
    before = process_time()
    with pytest.raises(Malformed):
        clean_words(sign * (10_000_000 // len(sign.encode(errors="surrogatepass"))), "basis", 1000)
    assert process_time() - before < 10  # normalising the tower before it is judged would take an hour


@pytest.mark.parametrize(
    "text",
    [
        '"\\ud800"',
        '"a\\u0000b"',
        '"a\u0301"',
        pytest.param('"a' + "\u0301\u0316" * 500_000 + '"', id="tower"),
    ],
)
def test_a_program_that_sends_what_cannot_be_hashed_is_told_so(text):
    with pytest.raises(NotCanonical):
        parse(text)
