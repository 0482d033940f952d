"""Texts as they were published once: every later program reads them, judges by them and says them in words (decision 0013).

`tests/data/texts` keeps the model text as it was at the decision, and as it was later. A copy is never edited; whoever
changes what a text may say adds the model text as it was before.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from core.truth import Truth
from treaty.rules.articles import dangling, paragraph, ungoverned
from treaty.rules.evaluation import World, evaluate
from treaty.rules.pauses import terms_of
from treaty.rules.profiles import Choice
from treaty.rules.reading import read_text
from treaty.rules.rolls import draw_up
from treaty.rules.triggers import conditions_of
from treaty.rules.votes import BallotValue, Outcome, tally
from treaty.rules.words import profile_in_words
from treaty.rules.words_conditions import condition_in_words

KEPT = sorted((Path(__file__).resolve().parents[2] / "data" / "texts").glob("*.yaml"))
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LABS, BODIES = ("aster", "borealis", "cobalt", "daxing", "elbe"), ("ivb", "nordic", "pacific")

texts = pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
read = cache(lambda path: read_text(path.read_bytes()))


def test_there_are_texts_of_the_past():
    assert len(KEPT) >= 2


@texts
def test_a_text_of_the_past_is_read_with_all_its_articles(kept):
    text = read(kept)
    assert (dangling(text), ungoverned(text)) == ([], [])
    assert all(paragraph(prose, text) for article in text.articles for prose in article.body)


@texts
def test_its_conditions_are_judged_and_said(kept):
    text = read(kept)
    world = World((), text.indicators, frozenset(LABS))
    for condition in conditions_of(text.triggers.values()):
        assert evaluate(condition, world, AT).truth is Truth.UNKNOWN
        assert condition_in_words(condition, {})


@texts
def test_its_votes_are_counted_and_said(kept):
    text = read(kept)
    for profile in text.profiles.values():
        roll = draw_up(profile, labs=LABS, bodies=BODIES)
        consents = [BallotValue(member.key, Choice.CONSENT, AT) for member in roll.members]
        assert tally(profile, roll, consents).outcome is Outcome.ADOPTED
        assert profile_in_words(profile)


@texts
def test_its_pauses_have_their_terms(kept):
    text = read(kept)
    for level in text.levels:
        assert terms_of(text, sha256="a" * 64, level=level, emergency=None).level.stages
