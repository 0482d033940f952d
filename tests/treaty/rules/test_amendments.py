import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.texts import model_text
from treaty.rules.amendments import AmendmentRefused, Mark, changes, check_amendment
from treaty.rules.reading import read_text

MODEL = read_text(model_text())


def amended(*pairs, version=2):
    source = model_text().decode().replace("\nversion: 1\n", f"\nversion: {version}\n")
    for old, new in pairs:
        assert old in source
        source = source.replace(old, new)
    return read_text(source.encode())


def said(pieces, *marks):
    return "".join(piece.text for piece in pieces if piece.mark in marks)


def test_a_number_is_shown_with_its_path_and_both_values():
    found = changes(MODEL, amended(("answer_within: 5 d", "answer_within: 7 d")))
    assert [(one.path, one.old, one.new) for one in found.provisions] == [("clarification.answer_within", "5 d", "7 d")]


def test_a_number_in_the_prose_of_its_article_is_seen_to_change_there():
    [article] = changes(MODEL, amended(("answer_within: 5 d", "answer_within: 7 d"))).articles
    [line] = [line for line in article.body if line.old != line.new]
    assert (article.number, article.what) == ("19", "changed")
    assert (said(line.old, Mark.OUT), said(line.new, Mark.IN)) == ("5", "7")


def test_prose_is_compared_word_by_word():
    found = changes(MODEL, amended(("Most discrepancies are mistakes.", "Many discrepancies are honest mistakes.")))
    [article] = found.articles
    [line] = article.notes
    assert (said(line.old, Mark.OUT), said(line.new, Mark.IN).replace(" ", "")) == ("Most", "Manyhonest")
    assert found.provisions == ()


def test_an_article_is_added_and_removed_whole():
    more = amended(
        ('  - number: "28"', '  - number: "28a"\n    title: Review\n    body: [All is reviewed.]\n  - number: "28"')
    )
    [added], [removed] = changes(MODEL, more).articles, changes(more, MODEL).articles
    assert [(one.number, one.what) for one in (added, removed)] == [("28a", "added"), ("28a", "removed")]
    assert said(added.body[0].new, Mark.IN) == "All is reviewed."
    assert added.body[0].old == ()


def test_a_laboratory_taken_off_the_annex_does_not_seem_to_change_the_others():
    less = amended(("  - {key: hanbit, name: Hanbit Labs, jurisdiction: KR}\n", ""), ("ganges, hanbit]", "ganges]"))
    paths = [one.path for one in changes(MODEL, less).provisions]
    assert paths == ["entry_into_force.among_them.7", "labs.hanbit.jurisdiction", "labs.hanbit.key", "labs.hanbit.name"]


def test_the_same_text_under_the_next_number_is_no_amendment():
    with pytest.raises(AmendmentRefused, match="neither"):
        check_amendment(MODEL, amended())


@pytest.mark.parametrize("version", [1, 3])
def test_an_amended_text_is_the_next_version(version):
    with pytest.raises(AmendmentRefused, match="version 2"):
        check_amendment(MODEL, amended(("answer_within: 5 d", "answer_within: 7 d"), version=version))


@given(st.text(alphabet="ab ,{}.", max_size=40), st.text(alphabet="ab ,.", max_size=40))
def test_the_pieces_of_each_side_are_that_side(old, new):
    from treaty.rules.amendments import _words

    lines = _words(old, new)
    assert said(lines.old, Mark.SAME, Mark.OUT) == old
    assert said(lines.new, Mark.SAME, Mark.IN) == new
    assert said(lines.old, Mark.SAME) == said(lines.new, Mark.SAME)


@given(st.sampled_from(["5 d", "6 d", "96 h"]), st.sampled_from(["48 h", "3 d"]))
def test_changes_backwards_are_the_changes_turned_round(answer, period):
    other = amended(("answer_within: 5 d", f"answer_within: {answer}"), ("routine: 48 h", f"routine: {period}"))
    there, back = changes(MODEL, other).provisions, changes(other, MODEL).provisions
    assert [(one.path, one.old, one.new) for one in there] == [(one.path, one.new, one.old) for one in back]
