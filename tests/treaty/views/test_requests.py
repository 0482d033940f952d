import pytest
import time_machine
from allauth.mfa.models import Authenticator

from tests import factories
from tests.conftest import NOON
from treaty.actions.cases import open_case
from treaty.models import Vote

pytestmark = pytest.mark.django_db

NEW = "/votes/new/"
WORDS = {"title": "Publish compute", "question": "Shall compute be published every month?"}


@pytest.fixture(autouse=True)
def own_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def pause(db):
    factories.accreditations()
    return factories.pause_in_force()


@pytest.fixture
def elbe(client, pause):
    """A representative of Elbe Computing, signed in."""
    return enter(client, factories.representative(factories.laboratory("elbe")))


def enter(client, person):
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    return client


def get(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def post(client, decision, **data):
    return client.post(f"{NEW}?decision={decision}", {"organisation": "elbe", **WORDS, **data})


def test_the_public_is_asked_to_sign_in(client, pause):
    assert "login" in client.get(NEW)["Location"]


def test_an_observer_is_refused_and_sees_no_link(client, pause):
    enter(client, factories.observer())
    get(client, NEW, 403)
    assert NEW not in get(client, "/votes/")


def test_those_who_may_find_the_page_from_the_list_of_votes(elbe):
    assert f'href="{NEW}"' in get(elbe, "/votes/")


def test_the_page_offers_each_decision_with_its_rule_in_words(elbe):
    page = get(elbe, NEW)
    for decision in ("advisory", "procedural", "extend_deadline", "determine_non_compliance"):
        assert f"?decision={decision}" in page
    assert "start_pause" not in page
    assert "Recused:" in page


def test_a_decision_that_is_not_asked_for_by_hand_is_not_found(elbe):
    get(elbe, f"{NEW}?decision=resume", 404)
    assert elbe.post(NEW, WORDS).status_code == 404
    assert not Vote.objects.filter(decision="resume").exists()


def test_the_rule_stands_beside_the_form_before_anything_is_noticed(elbe):
    page = get(elbe, f"{NEW}?decision=extend_deadline")
    assert "The rule, in words" in page
    assert "at least 1/3 of those entitled must take part" in page
    assert "23 Nov" in page  # closes 24 hours from now


def test_an_advisory_vote_is_noticed_and_shown(elbe):
    answer = post(elbe, "advisory")
    vote = Vote.objects.get(decision="advisory")
    assert answer["Location"] == f"/votes/{vote.key}/"
    assert vote.question == WORDS["question"]


def test_more_time_is_asked_for_from_the_stand_down(elbe, pause):
    workspace = get(elbe, f"/pauses/{pause.key}/elbe/")
    assert f"?decision=extend_deadline&amp;stage={pause.key}%2Felbe%2Fverify" in workspace
    page = get(elbe, f"{NEW}?decision=extend_deadline&stage={pause.key}%2Felbe%2Fverify")
    assert f'value="{pause.key}/elbe/verify" selected' in page
    post(elbe, "extend_deadline", stage=f"{pause.key}/elbe/verify", by="7 d")
    assert Vote.objects.get(decision="extend_deadline").subject["by"] == "7 d"


def test_a_rival_sees_no_link_to_more_time(client, pause):
    enter(client, factories.representative(factories.laboratory("aster")))
    assert "extend_deadline" not in get(client, f"/pauses/{pause.key}/elbe/")


def test_a_length_that_is_none_is_an_error_of_its_field_and_keeps_what_was_typed(elbe, pause):
    answer = post(elbe, "extend_deadline", stage=f"{pause.key}/elbe/verify", by="soon")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "&#x27;soon&#x27; is not a duration" in page
    assert WORDS["question"] in page
    assert not Vote.objects.filter(decision="extend_deadline").exists()


@pytest.mark.parametrize("stage", ["", "2020-01/elbe/verify", "x", "a/b/c/d"])
def test_a_deadline_that_is_not_offered_is_refused(elbe, stage):
    assert post(elbe, "extend_deadline", stage=stage, by="7 d").status_code == 422
    assert not Vote.objects.filter(decision="extend_deadline").exists()


def test_a_determination_is_asked_for_from_the_case(elbe, pause):
    aster = factories.laboratory("aster")
    case = open_case(
        pause=pause,
        lab=factories.laboratory("cobalt"),
        organisation=aster,
        reason="The hall is lit.",
        by=factories.representative(aster),
        at=NOON,
    )
    page = get(elbe, f"/cases/{case.key}/")
    assert f"?decision=determine_non_compliance&amp;case={case.key}" in page
    post(elbe, "determine_non_compliance", case=case.key)
    assert Vote.objects.get(decision="determine_non_compliance").subject["case"] == case.key


def test_without_a_case_the_page_says_so(elbe):
    assert "No case can be determined now." in get(elbe, f"{NEW}?decision=determine_non_compliance")


def test_nobody_asks_in_the_name_of_a_rival(elbe):
    assert post(elbe, "advisory", organisation="aster").status_code == 422
    assert not Vote.objects.filter(decision="advisory").exists()


def test_the_depositary_asks_for_a_vote_of_nobodys(client, pause):
    enter(client, factories.depositary())
    post(client, "procedural", organisation="secretariat")
    assert Vote.objects.get(decision="procedural").requester is None


def test_an_exemption_is_asked_for_a_run_of_ones_own_and_a_purpose_of_the_text(client, db):
    factories.accreditations()
    pause = factories.pause_in_force(level="halt")
    enter(client, factories.representative(factories.laboratory("elbe")))
    address = f"{NEW}?decision=grant_exemption"
    assert "No run of yours is halted by a pause" in get(client, address)
    factories.training_run(factories.laboratory("elbe"), key="probe", planned_flop="5e22")
    page = get(client, address)
    assert "A large run" in page
    assert "Research on the safety of systems that exist" in page
    answer = post(client, "grant_exemption", run=f"{pause.key}/probe", purpose="safety_research", lasts="30 d")
    vote = Vote.objects.get(decision="grant_exemption")
    assert answer["Location"] == f"/votes/{vote.key}/"
    assert "30 days" in get(client, answer["Location"])
    refused = post(client, "grant_exemption", run=f"{pause.key}/probe", purpose="safety_research", lasts="1 y")
    assert "for 90 d at most" in refused.content.decode()
    assert Vote.objects.filter(decision="grant_exemption").count() == 1
