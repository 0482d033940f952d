from fractions import Fraction

import pytest

from treaty.rules.profiles import VoteProfile
from treaty.rules.rolls import Recusal, Roll, RollIncomplete, RollMember, draw_up


def profile(recuse=(), **electorate):
    labs = {"name": "labs", "members": "labs", "threshold": {"share": "2/3", "base": "entitled"}} | electorate
    return VoteProfile.model_validate(
        {
            "title": "T",
            "electorates": [labs],
            "notice": "0 h",
            "period": "1 h",
            "timelock": "0 h",
            "source": "this test",
            "recuse": recuse,
        }
    )


LABS = ("aster", "borealis", "cobalt", "daxing")
AFFILIATES = {"aster": frozenset({"cobalt"}), "borealis": frozenset({"daxing"})}


def recused(rule, **concerned):
    roll = draw_up(rule, labs=LABS, bodies=("ivb",), affiliates=AFFILIATES, **concerned)
    return {member.key: member.recused for member in roll.members if member.recused}


@pytest.mark.parametrize(
    ("recuse", "expected"),
    [
        ((), {}),
        (("subject",), {"aster": Recusal.SUBJECT}),
        (("requester",), {"borealis": Recusal.REQUESTER}),
        (("subject", "affiliates"), {"aster": Recusal.SUBJECT, "cobalt": Recusal.AFFILIATE}),
        (("requester", "affiliates"), {"borealis": Recusal.REQUESTER, "daxing": Recusal.AFFILIATE}),
        (("affiliates",), {}),
    ],
)
def test_recusal_follows_from_subject_requester_and_affiliates_as_the_rule_says(recuse, expected):
    assert recused(profile(recuse), subject="aster", requester="borealis") == expected


def test_nobody_is_recused_where_nobody_is_concerned():
    assert recused(profile(("subject", "requester", "affiliates"))) == {}


def test_a_subject_that_also_asked_is_recused_once():
    assert recused(profile(("subject", "requester")), subject="aster", requester="aster") == {"aster": Recusal.SUBJECT}


def test_a_class_is_labs_bodies_or_a_list():
    keys = [
        [member.key for member in draw_up(profile(members=members), labs=LABS, bodies=("ivb", "nordic")).members]
        for members in ("labs", "bodies", ["ivb", "aster", "aster"])
    ]
    assert keys == [list(LABS), ["ivb", "nordic"], ["aster", "ivb"]]


def test_weights_come_from_the_rule():
    roll = draw_up(profile(weight={"aster": "1/2", "cobalt": 7}), labs=LABS, bodies=())
    assert [member.weight for member in roll.members] == [Fraction(1, 2), 1, 7, 1]


@pytest.mark.parametrize("fields", [{"members": "roll"}, {"weight": "roll"}])
def test_a_vote_of_the_treaty_takes_nothing_from_a_file(fields):
    with pytest.raises(RollIncomplete):
        draw_up(profile(**fields), labs=LABS, bodies=())


def test_weights_of_a_class_share_one_denominator():
    scale = Roll(
        (
            RollMember("a", "x", Fraction(1, 2)),
            RollMember("b", "x", Fraction(2, 3)),
            RollMember("c", "x", Fraction(5), Recusal.SUBJECT),
        )
    ).scaled["x"]
    assert (scale.denominator, scale.weights, scale.recused, scale.entitled, scale.recused_weight) == (
        6,
        {"a": 3, "b": 4},
        {"c": 30},
        7,
        30,
    )
