from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from tests.conftest import NOON
from tests.texts import model_text
from treaty.rules.consultations import Phase, consultation, vote_opens_at
from treaty.rules.reading import read_text

TERMS = read_text(model_text()).amendment
WITHOUT = TERMS.model_copy(update={"submissions": None})
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
FOUND = consultation(TERMS, NOON)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        (NOON - TICK, Phase.OVER),
        (NOON, Phase.SUBMISSIONS),
        (NOON + 30 * DAY - TICK, Phase.SUBMISSIONS),
        (NOON + 30 * DAY, Phase.ANSWERS),
        (NOON + 40 * DAY - TICK, Phase.ANSWERS),
        (NOON + 40 * DAY, Phase.OVER),
    ],
)
def test_submissions_are_taken_for_the_consultation_and_answers_until_their_time_is_over(at, phase):
    assert FOUND.phase(at) is phase


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_vote_that_ended_ends_the_consultation_at_its_instant_and_not_before(day, end):
    at, ended_at = NOON + day * DAY, NOON + end * DAY
    assert FOUND.phase(at, ended_at=ended_at) is (Phase.OVER if day >= end else FOUND.phase(at))


@given(st.integers(0, 90))
def test_the_vote_never_opens_before_the_last_answer_could_be_given_nor_before_its_notice(days):
    notice = Duration.parse(f"{days} d")
    opens_at = vote_opens_at(TERMS, notice, NOON)
    assert opens_at == max(FOUND.answered_by, NOON + days * DAY)
    assert FOUND.phase(opens_at) is Phase.OVER


def test_a_text_without_submissions_has_no_consultation_and_its_vote_opens_as_before():
    assert consultation(WITHOUT, NOON) is None
    assert vote_opens_at(WITHOUT, Duration.parse("2 d"), NOON) == NOON + 30 * DAY
