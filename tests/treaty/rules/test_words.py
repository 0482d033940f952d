from decimal import Decimal
from fractions import Fraction

import pytest

from core.durations import Duration
from tests.texts import model_text
from treaty.rules.reading import read_text
from treaty.rules.words import profile_in_words, value_in_words

TEXT = read_text(model_text())


@pytest.mark.parametrize("key", sorted(TEXT.profiles))
def test_every_profile_says_who_decides_how_long_it_is_open_and_what_time_does(key):
    words = " ".join(profile_in_words(TEXT.profiles[key]))
    assert "must consent" in words
    assert "It is open for" in words
    assert "When time runs out" in words


def test_resumption_is_never_by_silence_and_waits():
    words = " ".join(profile_in_words(TEXT.profiles["resumption"]))
    assert "Silence" not in words
    assert "Each class must reach its own threshold." in words
    assert "takes effect 72 hours later" in words


def test_the_ordinary_procedure_says_what_silence_means():
    first = profile_in_words(TEXT.profiles["ordinary_pause"])[0]
    assert first.startswith("Silence is consent: adopted after 48 hours unless more than 1/3 of those entitled object")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Duration.parse("1 d"), "1 day"),
        (Duration.parse("48 h"), "48 hours"),
        (Duration.parse("0 h"), "no time"),
        (Fraction(2, 3), "2/3"),
        (Decimal("1E+24"), "1e24"),
        (Decimal("1.979E+15"), "1.979e15"),
        (Decimal(1280), "1,280"),
        (Decimal("0.8"), "0.8"),
        (5, "5"),
    ],
)
def test_a_value_reads_as_people_write_it(value, words):
    assert value_in_words(value) == words
