from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests import factories
from tests.factories import NOON
from treaty.actions.triggers import evaluate_triggers

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def world(time_machine):
    time_machine.move_to(NOON, tick=False)
    cache.clear()


@pytest.fixture
def fired(db):
    factories.text()
    factories.parties()
    factories.accreditations()
    factories.reading("time_horizon", value="900", low="500", high="1500", unit="minute", observed_at=NOON - DAY)
    evaluate_triggers(at=NOON)


def page(client, name, *key):
    answer = client.get(reverse(f"treaty:{name}", args=key))
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_text_the_list_says_so(client):
    assert "No treaty text has been published yet." in page(client, "triggers")


def test_the_list_says_what_is_true_what_is_unknown_and_who_owes_it(client, fired):
    found = page(client, "triggers")
    assert "Tasks of a working day, at the lower edge of the estimate" in found
    assert "is 500 minute: above 480." in found
    assert found.index('id="horizon"') < found.index('id="research_share"')  # what is true stands first
    assert "never received" in found
    assert "2026-01, " in found


def test_a_trigger_shows_its_condition_its_tree_its_chart_and_its_history(client, fired):
    found = page(client, "trigger", "horizon")
    assert "counted by the low edge of its interval" in found
    assert '<svg height="' in found
    assert "Its vote" in found
    assert found.count("is 500 minute: above 480.") >= 3  # lede, tree, history


def test_a_mean_that_no_decimal_equals_is_in_the_table_to_28_digits(client, fired):
    for number in range(21):
        value = "0.02" if number else "0.03"
        factories.reading("ai_commit_share", value=value, unit="share", observed_at=NOON - number * DAY)
    told = client.get("/figures/trigger/code_share.csv")
    assert told.status_code == 200
    assert b"0.02047619047619047619047619048" in told.content


def test_a_trigger_judged_in_labs_shows_every_lab_in_its_tree(client, fired):
    found = page(client, "trigger", "research_share")
    assert "Aster Institute" in found
    assert "True in 0 of 8 laboratories; needed: 3; unknown: 8." in found
    assert "trigger-chart" not in found


def test_a_trigger_that_the_text_does_not_have_is_not_found(client, fired):
    assert client.get(reverse("treaty:trigger", args=["nothing"])).status_code == 404


def test_the_json_has_every_condition_and_its_explanation(client, fired):
    answer = client.get(reverse("treaty:api_triggers"))
    found = {one["key"]: one for one in answer.json()["results"]}
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert (found["horizon"]["truth"], found["horizon"]["latched"]) == ("true", True)
    assert found["horizon"]["explanation"]["value"] == "500"
    assert found["horizon"]["condition"]["edge"] == "low"
    assert found["research_share"]["owed"][0] == {
        "what": "ai_research_share",
        "lab": "aster",
        "by": "labs",
        "due_at": None,
        "reason": "none_yet",
    }


@pytest.mark.parametrize(("name", "key", "most"), [("triggers", [], 12), ("trigger", ["horizon"], 22)])
def test_a_page_takes_no_more_queries_for_many_readings(client, fired, name, key, most, django_assert_max_num_queries):
    for number in range(40):
        factories.reading(
            "time_horizon", value="900", low="500", unit="minute", observed_at=NOON - number * DAY, received_at=NOON
        )
    with django_assert_max_num_queries(most):
        page(client, name, *key)
