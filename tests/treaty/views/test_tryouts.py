from urllib.parse import urlencode

import pytest
import time_machine

from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.treaty.views.test_votes import HOUR, cast, many, notice, queries
from treaty.models import Ballot
from treaty.queries.tryouts import MOST_MEMBERS, ready_profiles
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db
READY = sorted(ready_profiles())


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOON + HOUR, tick=False) as clock:
        yield clock


def tried(client, path, **fields):
    answer = client.get(f"{path}?{urlencode(fields)}" if fields else path)
    return answer, answer.context["trial"]


def try_rule(client, profile, text=None, **fields):
    listed = {} if text is None else {"list": text}
    return tried(client, "/votes/try/", profile=profile, **listed, **fields)


def test_every_rule_is_there_in_words_and_can_be_tried(client):
    factories.text()
    page = client.get("/votes/try/").content.decode()
    for name in (*READY, "ordinary_pause", "resumption"):
        assert f"?profile={name}" in page
    assert "11/20 of the votes of all who are entitled" in page


@pytest.mark.parametrize("name", READY)
def test_the_list_that_a_ready_rule_begins_with_can_be_counted(client, name):
    answer, trial = try_rule(client, name)
    assert answer.status_code == 200
    assert trial.problems == []
    assert trial.result.conclusion
    again, same = try_rule(client, name, trial.listed)
    assert (again.status_code, same) == (200, trial)


def test_a_rule_of_the_treaty_begins_with_the_parties(client):
    factories.parties("aster", "borealis")
    _answer, trial = try_rule(client, "resumption")
    assert trial.problems == []
    assert "Aster Institute" in [row.name for row in trial.rows]


def test_a_changed_ballot_turns_the_result_and_the_address_holds_all_of_it(client):
    text = "member,choice\nChina,yes\nFrance,yes\n" + "".join(f"m{n},yes\n" for n in range(8))
    assert "Adopted" in try_rule(client, "security-council-substantive", text)[1].result.conclusion
    answer, trial = try_rule(client, "security-council-substantive", text, b1="object")
    assert "there is a veto" in trial.result.conclusion
    assert "France,object" in trial.listed
    assert "Rejected: there is a veto." in answer.content.decode()


def test_a_list_that_is_sent_anew_takes_no_choice_from_the_old_table(client):
    _answer, trial = try_rule(client, "simple-majority", "member,choice\na,yes\n", b0="object", use="list")
    assert "Adopted" in trial.result.conclusion


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("member,choice\na,yes\na,no\n", "line 3: a stands on line 2 already"),
        ("member,choice\na,perhaps\n", "line 2: 'perhaps' is no choice"),
        ("nothing", "the column member is missing"),
        ("", "the column member is missing"),
        ("member,choice\na\n", "it has 1 columns"),
        ('member,choice\n"a,yes\n', "this is not CSV"),
        ("member,choice\n" + "a,yes\n" * (MOST_MEMBERS + 2), "can be tried here"),
        ("member,choice\n" + "a" * 7000 + ",yes\n", "can be tried here"),
    ],
)
def test_what_cannot_be_counted_is_said_with_its_line(client, text, words):
    answer, trial = try_rule(client, "simple-majority", text)
    assert answer.status_code == 422
    assert trial.result is None
    assert any(words in problem for problem in trial.problems)
    assert "This cannot be counted as it stands" in answer.content.decode()


def test_a_choice_that_does_not_exist_is_refused(client):
    assert try_rule(client, "simple-majority", "member,choice\na,yes\n", b0="<b>")[0].status_code == 422
    vote = notice()
    assert client.get(f"/votes/{vote.key}/try/?b0=perhaps").status_code == 422


def test_a_rule_that_does_not_exist_is_not_found(client):
    assert client.get("/votes/try/?profile=../secrets").status_code == 404
    assert client.get("/votes/1999-01/try/").status_code == 404


def test_a_vote_is_tried_with_the_ballots_as_they_stand_before_and_after_its_close(client, frozen):
    vote = notice()
    for key in ("aster", "borealis"):
        cast(vote, key, Choice.OBJECT)
    entries = Entry.objects.count()
    for at in (NOON + 2 * HOUR, NOON + 49 * HOUR):
        frozen.move_to(at)
        _answer, trial = tried(client, f"/votes/{vote.key}/try/")
        assert [row.choice for row in trial.rows].count("object") == 2
        assert "silence is consent" in trial.result.conclusion
        _answer, trial = tried(client, f"/votes/{vote.key}/try/", b2="object")
        assert "there is no quorum" in trial.result.conclusion
    assert Ballot.objects.count() == 2
    assert Entry.objects.count() == entries


def test_a_vote_that_has_not_opened_can_be_tried(client):
    vote = notice(decision="resume")
    answer, trial = tried(client, f"/votes/{vote.key}/try/", b0="consent")
    assert answer.status_code == 200
    assert [row.choice for row in trial.rows][:2] == ["consent", "absent"]


def test_the_recused_cannot_be_given_a_ballot(client):
    vote = notice(decision="determine_non_compliance", subject_organisation=factories.laboratory("aster"))
    _answer, trial = tried(client, f"/votes/{vote.key}/try/", b0="consent")
    assert next(row for row in trial.rows if row.name == "Aster Institute").fixed
    assert sum(cell == "y" for one in trial.result.classes for cell in one["cells"]) == 0


def test_what_people_typed_is_shown_as_text(client):
    page = try_rule(client, "simple-majority", "member,choice\n<script>alert(1)</script>,yes\n")[0].content.decode()
    assert "<script>alert(1)" not in page


def test_a_try_out_takes_as_many_queries_with_8_members_as_with_40(client):
    small = many(8)
    first = queries(client, f"/votes/{small.key}/try/")
    large = many(40)
    assert queries(client, f"/votes/{large.key}/try/") == first <= 6
