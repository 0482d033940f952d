from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator

from tests import factories as make
from tests.factories import NOON
from treaty.actions.drills import end_due, pass_stage
from treaty.models import Drill, DrillStep
from treaty.rules.drills import DrillStage

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = NOON + 14 * DAY
PAGES = ("/drills/", "/drills/2026-d1/", "/drills/2026-d1/aster/")


@pytest.fixture(autouse=True)
def own_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture
def drill():
    return make.drill(labs=("aster", "borealis"))


@pytest.fixture
def running(drill):
    with time_machine.travel(START + HOUR, tick=False) as clock:
        yield clock


@pytest.fixture
def aster(client, running):
    person = make.representative(make.laboratory("aster"))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    return client


def get(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


@time_machine.travel(NOON, tick=False)
def test_without_any_drill_the_page_says_so_and_when_one_is_due(client):
    make.parties()
    page = get(client, "/drills/")
    assert "There has been no drill." in page
    assert "overdue" in page


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_drill_says_that_it_is_one(client, running, page):
    found = get(client, page)
    assert 'class="badge drill"' in found
    if page != "/drills/":
        assert 'class="strip drill"' in found


def test_the_first_page_shows_a_drill_as_a_drill_and_no_pause(client, running):
    page = get(client, "/")
    assert 'class="strip drill"' in page
    assert 'class="state calm"' in page


def test_the_first_page_shows_none_once_it_is_over(client, running):
    running.move_to(START + 8 * DAY)
    assert 'class="strip drill"' not in get(client, "/")


def test_a_stranger_sees_the_board_and_no_button(client, running):
    assert "/acknowledge/" not in get(client, PAGES[2])
    assert "login" in client.get(f"{PAGES[2]}acknowledge/")["Location"]


def test_an_officer_concludes_and_everybody_reads_it(client, running, drill):
    make.accreditations("ivb")
    by = make.representative(make.laboratory("aster"))
    for stage in list(DrillStage)[:4]:
        pass_stage(drill=drill, lab=make.laboratory("aster"), stage=stage, by=by, at=START + HOUR)
    assert "Nobody has concluded" in get(client, PAGES[1])
    officer = make.officer(make.body("ivb"))
    Authenticator.objects.create(user=officer, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(officer)
    page = f"{PAGES[2]}verify/"
    assert page in get(client, PAGES[2])
    assert client.post(page, {"organisation": "ivb", "conclusion": "inconclusive"})["Location"] == PAGES[2]
    assert page not in get(client, PAGES[2])
    client.logout()
    assert "Unable to conclude" in get(client, PAGES[1])
    assert client.get("/api/v1/drills/2026-d1/").json()["labs"][0]["verdicts"][0]["body"] == "ivb"


def test_a_representative_goes_through_the_stages_in_order(aster):
    assert "/declare/" not in get(aster, PAGES[2])
    for stage in DrillStage:
        page = f"{PAGES[2]}{stage.value}/"
        assert page in get(aster, PAGES[2])
        assert 'class="strip drill"' in get(aster, page)
        assert aster.post(page)["Location"] == PAGES[2]
    assert "Gone through from beginning to end in" in get(aster, PAGES[2])
    assert DrillStep.objects.count() == 5


def test_what_waits_for_something_else_is_refused_on_the_page(aster):
    answer = aster.post(f"{PAGES[2]}declare/")
    assert "First: acknowledge" in answer.content.decode()
    assert DrillStep.objects.count() == 0


def test_another_laboratory_has_no_workspace_here(aster):
    get(aster, "/drills/2026-d1/borealis/acknowledge/", 403)
    make.laboratory("cobalt")
    get(aster, "/drills/2026-d1/cobalt/", 404)
    get(aster, "/drills/2026-d9/", 404)


def test_the_history_says_how_long_each_took(client, drill):
    ada = make.representative(make.laboratory("aster"))
    for stage in DrillStage:
        pass_stage(drill=drill, lab=make.laboratory("aster"), stage=stage, by=ada, at=START + 5 * HOUR)
    end_due(at=START + 8 * DAY)
    with time_machine.travel(START + 9 * DAY, tick=False):
        page = get(client, "/drills/")
    assert "5 h" in page.replace("\xa0", " ")
    assert "not through it" in page


def test_programs_read_a_drill_as_a_drill(client, running):
    found = client.get("/api/v1/drills/").json()["results"]
    assert found == [client.get("/api/v1/drills/2026-d1/").json()]
    assert (found[0]["drill"], found[0]["state"], found[0]["vote"]) == (True, "running", Drill.objects.get().vote.key)
    assert [one["lab"] for one in found[0]["labs"]] == ["aster", "borealis"]
    assert client.get("/api/v1/pauses/").json()["results"] == []


def test_the_board_costs_the_same_queries_for_more_laboratories(client, django_assert_max_num_queries):
    make.drill()
    with time_machine.travel(START, tick=False), django_assert_max_num_queries(16):
        get(client, "/drills/2026-d1/")
