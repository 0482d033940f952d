from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.conflicts import Ground, Ties, conflict, team_conflict

organisations = st.frozensets(st.integers(1, 9), max_size=4)


def test_a_member_of_the_laboratory_does_not_inspect_it():
    assert conflict(Ties(frozenset({1, 7})), lab=7) is Ground.BELONGS


def test_an_inspector_of_an_affiliated_body_does_not_inspect_the_laboratory():
    assert conflict(Ties(frozenset({1}), affiliated=frozenset({7})), lab=7) is Ground.BODY_AFFILIATED


def test_a_member_of_the_laboratorys_affiliate_does_not_inspect_it():
    assert conflict(Ties(frozenset({1, 8})), lab=7, lab_affiliates=frozenset({8})) is Ground.VIA_AFFILIATE


def test_two_removes_are_no_conflict():
    assert conflict(Ties(frozenset({1}), affiliated=frozenset({8})), lab=7, lab_affiliates=frozenset({8})) is None


@given(organisations, organisations, st.integers(1, 9), organisations)
def test_more_ties_never_lift_a_conflict(own, affiliated, lab, lab_affiliates):
    if conflict(Ties(own, affiliated), lab, lab_affiliates) is None:
        assert conflict(Ties(frozenset(), frozenset()), lab, lab_affiliates) is None
        assert lab not in own | affiliated


def test_a_pair_comes_from_two_bodies_when_the_text_asks_for_it():
    assert team_conflict((1, 1), from_different_bodies=True) is Ground.SAME_BODY
    assert team_conflict((1, 1), from_different_bodies=False) is None
    assert team_conflict((1, 2), from_different_bodies=True) is None
