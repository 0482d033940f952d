import json
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from inspections.actions.challenges import request_challenge
from inspections.models import Challenge, Visit
from inspections.rules.visits import VisitState
from inspections.tasks import plan_visits, sweep_visits
from tests import factories as make
from tests.factories import NOON
from treaty.actions.votes import advance_vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]
CLOSE = NOON + timedelta(hours=12)
LIST, NEW = reverse("inspections:list"), reverse("inspections:request_challenge")


@pytest.fixture
def still():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def hall():
    make.parties()
    make.accreditations()
    return make.facility(make.laboratory("fjord"), name="The hall")


@pytest.fixture
def challenge(hall):
    asker = make.laboratory("aster")
    return request_challenge(
        facility=hall, ground="<b>It hums</b> at night.", requester=asker, by=make.representative(asker), at=NOON
    )


def sign_in(client, person):
    Authenticator.objects.get_or_create(user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    client.force_login(person)
    return client


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def address(challenge):
    return reverse("inspections:challenge", args=[challenge.key])


def proceeding(challenge):
    advance_vote(vote=challenge.vote, at=CLOSE)


def test_a_representative_asks_and_sees_the_clock_and_the_rule_first(client, hall):
    ada = make.representative(make.laboratory("aster"))
    words = page(sign_in(client, ada), NEW)
    assert "no sooner than 12 hours" in words
    assert "84 hours at most" in words
    answer = client.post(NEW, {"organisation": "aster", "facility": hall.key, "ground": "It hums."})
    challenge = Challenge.objects.get()
    assert (answer.status_code, answer.url) == (302, address(challenge))
    assert "Asked for" in page(client, answer.url)


@pytest.mark.parametrize(("field", "value"), [("facility", "nowhere"), ("ground", ""), ("organisation", "borealis")])
def test_what_is_missing_or_not_theirs_is_said_in_the_form(client, hall, field, value):
    sign_in(client, make.representative(make.laboratory("aster")))
    fields = {"organisation": "aster", "facility": hall.key, "ground": "It hums."} | {field: value}
    assert client.post(NEW, fields).status_code == 422
    assert Challenge.objects.count() == 0


def test_a_refusal_stands_beside_the_facility(client, challenge):
    sign_in(client, make.representative(make.laboratory("borealis")))
    fields = {"organisation": "borealis", "facility": challenge.facility.key, "ground": "It hums."}
    answer = client.post(NEW, fields)
    assert answer.status_code == 409
    assert "under way already" in answer.content.decode()
    assert Challenge.objects.count() == 1


def test_the_form_is_led_to_from_the_laboratory_and_from_where_votes_are_asked_for(client, hall):
    sign_in(client, make.representative(make.laboratory("aster")))
    for place in (reverse("labs:lab", args=["fjord"]), reverse("treaty:request_vote"), LIST):
        assert f'href="{NEW}"' in page(client, place)


def test_those_who_may_ask_for_none_are_refused(client, hall):
    assert client.get(NEW).status_code == 302
    for stranger in (make.observer(), make.depositary(), make.inspector(make.body("ivb"))):
        page(sign_in(client, stranger), NEW, 403)


def test_a_laboratory_is_not_offered_its_own_sites(client, hall):
    words = page(sign_in(client, make.representative(make.laboratory("fjord"))), NEW)
    assert "no facility that you could challenge" in words


def test_the_page_shows_reasons_as_text_the_vote_and_its_end(client, challenge):
    words = page(client, address(challenge))
    assert "&lt;b&gt;It hums&lt;/b&gt;" in words
    assert reverse("treaty:vote", args=[challenge.vote.key]) in words
    assert "2 recused" in words
    assert address(challenge) in page(client, LIST)
    assert address(challenge) in page(client, reverse("treaty:vote", args=[challenge.vote.key]))
    assert address(challenge) in page(client, reverse("labs:lab", args=["fjord"]))


def test_a_sealed_visit_is_said_to_be_planned_and_nothing_of_it_shown(client, challenge):
    make.inspectors(each=2)
    proceeding(challenge)
    with time_machine.travel(CLOSE, tick=False):
        plan_visits()
        words = page(client, address(challenge))
    assert "planned and sealed" in words
    assert Visit.objects.get().key not in words


def test_after_the_notice_the_clock_shows_every_instant(client, challenge):
    make.inspectors(each=2)
    proceeding(challenge)
    with time_machine.travel(CLOSE, tick=False):
        plan_visits()
        sweep_visits()
        words = page(client, address(challenge))
    visit = Visit.objects.get()
    assert visit.state == VisitState.NOTIFIED
    for instant in ("2026-11-25T00:15:00Z", "2026-11-28T12:15:00Z"):
        assert instant in words
    assert reverse("inspections:visit", args=[visit.key]) in words
    assert address(challenge) in page(client, reverse("inspections:visit", args=[visit.key]))


def test_access_that_is_overdue_is_shown_as_late(client, challenge):
    make.inspectors(each=2)
    proceeding(challenge)
    with time_machine.travel(CLOSE, tick=False):
        plan_visits()
        sweep_visits()
        assert 'class="late"' not in page(client, address(challenge))
    cache.clear()
    with time_machine.travel(CLOSE + timedelta(hours=12 + 36 + 1), tick=False):
        assert page(client, address(challenge)).count('class="late"') == 1


def test_a_challenge_without_a_team_names_the_provision_in_the_way(client, challenge):
    proceeding(challenge)
    with time_machine.travel(CLOSE, tick=False):
        assert "monitoring.inspectors_per_visit" in page(client, address(challenge))


def test_the_table_is_data(client, challenge):
    answer = json.loads(page(client, "/figures/challenges.json"))
    [row] = answer["rows"]
    assert (row["challenge"], row["lab"], row["requester"], row["standing"], row["visit"]) == (
        challenge.key, "fjord", "aster", "asked", None,
    )  # fmt: skip
    assert "challenge,lab,facility" in page(client, "/figures/challenges.csv")


def test_a_challenge_that_nobody_asked_for_is_not_found(client, hall):
    page(client, reverse("inspections:challenge", args=["2026-99"]), 404)


def test_the_list_of_challenges_asks_for_a_bounded_number_of_queries(client, challenge, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        page(client, "/figures/challenges.csv")
