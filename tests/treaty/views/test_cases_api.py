import pytest
import time_machine

from tests import factories as make
from tests.factories import NOON
from treaty.actions.cases import answer_case

pytestmark = pytest.mark.django_db
DAY = make.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON + 3 * DAY, tick=False):
        yield


def listed(client, **asked):
    answer = client.get("/api/v1/cases/", asked)
    assert answer.status_code == 200
    return answer.json()["results"]


def test_programs_read_what_is_asked_what_was_said_and_how_it_stands(client, django_assert_max_num_queries):
    case = make.breach("fjord", at=NOON)
    other = make.breach("elbe", at=NOON + DAY)
    make.breach("aster", at=NOON + 9 * DAY)  # of later
    fjord = make.laboratory("fjord")
    with django_assert_max_num_queries(6):
        assert [row["key"] for row in listed(client)] == [other.key, case.key]
    [row] = listed(client, lab="fjord", state="determined", kind="referral", since="2026-11-22T12:00:00Z")
    assert (row["reason"], row["vote"], row["closed_at"]) == ("A hall hums.", case.vote.key, None)
    assert [step["event"] for step in row["steps"]] == ["determine"]
    assert client.get(row["page"]).status_code == 200
    assert listed(client, state="closed") == []
    assert client.get("/api/v1/cases/?state=stone").status_code == 400
    again = make.open_case(
        pause=None, lab=fjord, organisation=make.laboratory("aster"), reason="It hums still.",
        by=make.representative(make.laboratory("aster")), at=NOON,
    )  # fmt: skip
    answer_case(case=again, words="It is a fan.", by=make.representative(fjord), at=NOON + DAY)
    [step] = listed(client, state="answered")[0]["steps"]
    assert (step["event"], step["organisation"], step["words"]) == ("answer", "fjord", "It is a fan.")
    then = {"at": "2026-11-22T12:30:00Z"}
    assert {row["key"]: row["state"] for row in listed(client, **then)} == {case.key: "determined", again.key: "open"}
    [row] = listed(client, state="open", **then)
    assert (row["key"], row["steps"]) == (again.key, [])
    assert client.get("/api/v1/cases/?at=2027-01-01T00:00:00Z").status_code == 400
