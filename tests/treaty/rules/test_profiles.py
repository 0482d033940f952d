from fractions import Fraction

import pytest
from pydantic import ValidationError

from treaty.rules.profiles import VoteProfile

LABS = {"name": "labs", "members": "labs", "threshold": {"share": "2/3", "base": "entitled"}}


def make(labs=None, **fields):
    return VoteProfile.model_validate(
        {
            "title": "T",
            "electorates": [LABS | (labs or {})],
            "notice": "0 h",
            "period": "1 h",
            "timelock": "0 h",
            "source": "this test",
        }
        | fields
    )


def test_a_profile_says_no_more_than_it_was_given():
    again = make().model_dump(mode="json", exclude_defaults=True)
    assert again["electorates"] == [
        {"name": "labs", "members": "labs", "threshold": {"share": "2/3", "base": "entitled"}}
    ]
    assert VoteProfile.model_validate(again) == make()


@pytest.mark.parametrize(("given", "weight"), [(3, 3), ("1/2", Fraction(1, 2)), ("0.5", Fraction(1, 2))])
def test_a_weight_is_a_number_or_a_fraction(given, weight):
    assert make({"weight": {"aster": given}}).electorates[0].weight == {"aster": weight}


@pytest.mark.parametrize("given", [0, -1, "1/0", 0.5, True, "1e9", "9" * 19, "x", None, "1e999999999"])
def test_what_is_no_weight_is_refused(given):
    with pytest.raises(ValidationError):
        make({"weight": {"aster": given}})


@pytest.mark.parametrize(
    ("labs", "fields"),
    [
        ({"threshold": {"share": "3/2"}}, {}),
        ({"threshold": {}}, {}),
        ({"threshold": {"share": "1/2", "absolute": 3}}, {}),
        ({"threshold": {"share": "1", "strict": True}}, {}),
        ({"threshold": {"absolute": 0}}, {}),
        ({"quorum": "1/2", "quorum_absolute": 3}, {}),
        ({"quorum": "1", "quorum_strict": True}, {}),
        ({"seats": 0}, {}),
        ({}, {"electorates": []}),
        ({}, {"electorates": [LABS, LABS]}),
        ({}, {"vetoes": [{}]}),
        ({}, {"vetoes": [{"members": ["aster"], "electorate": "labs"}]}),
        ({}, {"vetoes": [{"electorate": "nobody"}]}),
        ({}, {"blocking_minority": 0}),
        ({}, {"silence": {"period": "1 h", "blocking": "1/3"}, "emergency": {"lapses": "1 d", "ratified_by": "x"}}),
        ({}, {"misspelt": 1}),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(labs, fields):
    with pytest.raises(ValidationError):
        make(labs, **fields)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("silence", {"period": "1 h", "blocking": "1/3"}),
        ("minimum_open", "0 h"),
        ("extension", {"window": "1 h", "by": "1 h", "on": ["swing"]}),
    ],
)
def test_a_sealed_vote_whose_close_ballots_would_move_is_refused_by_name(name, value):
    with pytest.raises(ValidationError, match=f"a sealed vote has no {name}"):
        make(sealed=True, **{name: value})
    assert make(**{name: value})


def test_a_profile_cannot_be_changed():
    with pytest.raises(ValidationError):
        make().title = "Another"
