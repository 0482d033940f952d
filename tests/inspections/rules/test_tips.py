"""What can be told of a sealed file without opening it, and the states of a tip."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import Malformed
from inspections.rules.recipients import read_recipient
from inspections.rules.tips import (
    SIZES,
    WORK,
    NotSealed,
    TipEvent,
    TipNotOpen,
    TipState,
    hour_of,
    in_lots,
    is_worked,
    next_state,
    read_sealed,
)
from tests.factories import NOON
from tests.tips import nonce_for, recipient_of, seal


@pytest.mark.parametrize("size", SIZES)
def test_a_sealed_file_tells_the_size_that_it_was_filled_up_to(size):
    assert read_sealed(seal("something", "ivb", "nordic", "pacific", size=size)).size == size


def test_a_file_that_is_not_filled_up_is_refused_and_the_refusal_says_how_long_it_is():
    with pytest.raises(NotSealed, match="1234 bytes"):
        read_sealed(seal("", size=1234))


@given(st.binary(max_size=300), st.integers(0, 400))
@example(b"", 0)
def test_what_is_no_age_file_is_refused_and_never_crashes(noise, cut):
    sealed = seal("something")
    for data in (noise, sealed[:cut] + noise, b"age-encryption.org/v1\n" + noise):
        with pytest.raises(NotSealed):
            read_sealed(data)


def test_a_file_sealed_with_a_passphrase_or_in_armor_is_refused():
    header = b"age-encryption.org/v1\n-> scrypt abcd 18\nabcd\n--- mac\n"
    for data in (header + bytes(16 + 4096 + 16), b"-----BEGIN AGE ENCRYPTED FILE-----\n"):
        with pytest.raises(NotSealed):
            read_sealed(data)


@given(st.integers(0, 61), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l1b"))
def test_a_recipient_with_one_wrong_letter_is_refused(place, letter):
    right = recipient_of()
    wrong = right[:place] + letter + right[place + 1 :]
    assert read_recipient(f" {right}\n") == right
    if wrong != right:
        with pytest.raises(Malformed):
            read_recipient(wrong)


def test_an_identity_is_never_taken_for_a_recipient():
    for text in ("AGE-SECRET-KEY-1" + "Q" * 58, "age1" + "q" * 58, "", "age1pq1" + "q" * 55):
        with pytest.raises(Malformed):
            read_recipient(text)


def test_work_counts_for_one_file_only():
    nonce = nonce_for("a" * 64)
    assert is_worked("a" * 64, nonce)
    assert not is_worked("b" * 64, nonce)
    assert not is_worked("a" * 64, "")
    assert WORK >= 16


@given(st.sets(st.text("0123456789abcdef", min_size=4, max_size=4), max_size=40), st.integers(1, 7))
def test_lots_hold_each_tip_once_in_an_order_that_tells_nothing(tips, most):
    lots = in_lots(tips, most)
    assert [tip for lot in lots for tip in lot] == sorted(tips)
    assert all(0 < len(lot) <= most for lot in lots)


def test_only_the_hour_is_kept():
    assert hour_of(NOON + timedelta(minutes=59, seconds=59)) == NOON
    assert hour_of(NOON - timedelta(microseconds=1)) == NOON - timedelta(hours=1)


def test_a_tip_is_answered_once_it_is_opened_and_closed_once():
    with pytest.raises(TipNotOpen):
        next_state(TipState.RECEIVED, TipEvent.ANSWER)
    with pytest.raises(TipNotOpen):
        next_state(TipState.CLOSED, TipEvent.CLOSE)
    assert next_state(TipState.CLOSED, TipEvent.ANSWER) is TipState.CLOSED
