import csv
import io
import json
import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from tests import factories as make
from tests.factories import NOON
from treaty.actions.advance import advance_pause
from treaty.actions.pauses import start_pause
from treaty.models import Case, Commitment, Determination, StandDown, Vote
from treaty.queries.tasks import tasks_for

pytestmark = pytest.mark.django_db
COMMITMENT = "ab" * 32


def hours(number):
    return NOON + timedelta(hours=number)


@pytest.fixture(autouse=True)
def clean_cache():
    cache.clear()


@pytest.fixture
def pause():
    make.accreditations()
    return make.pause_in_force(labs=("aster", "borealis"))


@pytest.fixture
def sign_in(client):
    def sign_in(person, moment=None):
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
        with at(moment or hours(1)):
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def at(moment):
    return time_machine.travel(moment, tick=False)


def get(client, name, *args, moment=None):
    with at(moment or hours(2)):
        return client.get(reverse(f"treaty:{name}", args=args))


def post(client, name, *args, moment=None, **data):
    with at(moment or hours(2)):
        return client.post(reverse(f"treaty:{name}", args=args), data)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_without_a_pause_the_list_says_so(client):
    make.text()
    response = get(client, "pauses")
    assert response.status_code == 200
    assert "There has been no pause." in text(response)


def test_the_list_names_every_pause_and_its_state(client, pause):
    response = get(client, "pauses")
    assert "Pause 2026-01" in text(response)
    assert "In force" in text(response)


def test_the_pause_says_what_it_is_who_is_in_it_and_what_must_hold_for_it_to_end(client, pause):
    response = get(client, "pause", pause.key)
    words = text(response)
    assert response.status_code == 200
    assert "A pause is in force." in words
    assert "2 of 2 parties are bound" in words
    assert "its commitment has no condition" in words
    assert "Every bound party's stand-down was verified" in words.replace("&#x27;", "'")
    assert "Art. " in words


def test_a_trigger_is_called_by_its_title(client, pause):
    assert "asked for by a party or a body" in text(get(client, "pause", pause.key))
    fired = start_pause(vote=make.adopted_vote(subject={"level": "pause", "trigger": "security"}), at=NOON)
    page = get(client, "pause", fired.key).content.decode()
    assert '<a href="/triggers/security/">Security incidents that touch weights open at two laboratories</a>' in page


def test_a_late_stage_is_marked_on_the_board_with_its_case(client, pause):
    advance_pause(pause=pause, at=hours(30))
    words = text(get(client, "pause", pause.key, moment=hours(38)))
    assert "late by 14 h" in words.replace("\xa0", " ")
    assert "case 2026-001" in words


def test_an_activating_pause_shows_why_each_lab_is_in_or_out(client):
    pause = make.activating_pause(labs=("aster", "borealis"))
    Commitment.objects.filter(organisation__key="aster").update(
        condition={"kind": "named", "labs": ["borealis"]}, confirmed_at=hours(1)
    )
    words = text(get(client, "pause", pause.key))
    assert "A pause is being entered." in words
    assert "out: borealis stay out" in words
    assert "out: it has not confirmed" in words


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_board_can_be_taken_away(client, pause, kind):
    response = client.get(f"/figures/pause/{pause.key}.{kind}")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    else:
        rows = json.loads(response.content)["rows"]
    assert [row["lab"] for row in rows] == ["aster", "borealis"]
    assert rows[0]["acknowledge_due_at"] == "2026-11-23T12:00:00Z"


def test_a_name_that_looks_like_a_formula_is_no_formula_in_the_board(client):
    make.organisation("mallory", name="=HYPERLINK(1)")
    pause = make.pause_in_force(labs=("mallory",))
    response = client.get(f"/figures/pause/{pause.key}.csv")
    assert "'=HYPERLINK(1)" in response.content.decode()


def test_the_api_answers_state_terms_commitments_board_and_criteria(client, pause):
    with at(hours(2)):
        listed = client.get("/api/v1/pauses/").json()["results"]
        found = client.get(f"/api/v1/pauses/{pause.key}/").json()
    assert [one["key"] for one in listed] == ["2026-01"]
    assert found["state"] == "in_force"
    assert found["terms"]["level_key"] == "pause"
    assert {one["lab"]: one["reason"] for one in found["commitments"]} == {"aster": "met", "borealis": "met"}
    assert {one["criterion"]: one["truth"] for one in found["criteria"]}["indicator_back"] == "unknown"
    assert len(found["board"]) == 2


def test_a_representative_confirms_a_conditional_commitment(sign_in):
    pause = make.activating_pause(labs=("aster", "borealis"))
    client = sign_in(make.representative(make.laboratory("aster")))
    assert get(client, "commit", pause.key, "aster").status_code == 200
    response = post(client, "commit", pause.key, "aster", labs=["borealis"], others="1", share="1/2")
    assert response.status_code == 302
    assert Commitment.objects.get(organisation__key="aster").condition == {
        "kind": "all_of",
        "of": [
            {"kind": "named", "labs": ["borealis"]},
            {"kind": "at_least", "n": 1},
            {"kind": "share", "share": "1/2"},
        ],
    }
    assert post(client, "withdraw_commitment", pause.key, "aster", moment=hours(3)).status_code == 302
    assert Commitment.objects.get(organisation__key="aster").withdrawn_at == hours(3)


def test_a_share_that_is_none_is_refused_with_what_was_typed_still_there(sign_in):
    pause = make.activating_pause(labs=("aster", "borealis"))
    client = sign_in(make.representative(make.laboratory("aster")))
    response = post(client, "commit", pause.key, "aster", share="3/2")
    assert response.status_code == 409
    assert "3/2" in response.content.decode()
    assert Commitment.objects.get(organisation__key="aster").confirmed_at is None


def test_a_rival_does_not_see_the_form(sign_in, pause):
    client = sign_in(make.representative(make.laboratory("borealis")))
    assert get(client, "acknowledge", pause.key, "aster").status_code == 403
    assert post(client, "acknowledge", pause.key, "aster").status_code == 403
    assert StandDown.objects.get(organisation__key="aster").acknowledged_at is None


def test_whoever_is_not_signed_in_is_led_to_the_sign_in(client, pause):
    response = get(client, "acknowledge", pause.key, "aster")
    assert response.status_code == 302
    assert "/account/login/" in response.url


def test_a_representative_stands_down_from_the_workspace(sign_in, pause):
    lab = make.laboratory("aster")
    run = make.training_run(lab)
    client = sign_in(make.representative(lab))
    assert "Declare halted" in text(get(client, "stand_down", pause.key, "aster"))
    assert post(client, "acknowledge", pause.key, "aster").status_code == 302
    assert post(client, "nothing_runs", pause.key, "aster").status_code == 409
    assert post(client, "halt", pause.key, "aster", run.key, checkpoint_commitment="xyz").status_code == 422
    assert get(client, "halt", pause.key, "aster", run.key).status_code == 200
    assert post(client, "halt", pause.key, "aster", run.key, checkpoint_commitment=COMMITMENT).status_code == 302
    assert post(client, "declare", pause.key, "aster", site_mode="powered_off").status_code == 302
    found = StandDown.objects.get(organisation=lab)
    assert (found.acknowledged_at, found.halted_at, found.declared_at) == (hours(2),) * 3
    assert "Powered off" in text(get(client, "stand_down", pause.key, "aster"))


def test_the_public_reads_the_stand_down_and_finds_no_form(client, pause):
    response = get(client, "stand_down", pause.key, "aster")
    assert response.status_code == 200
    assert reverse("treaty:acknowledge", args=[pause.key, "aster"]) not in response.content.decode()


def test_a_lab_outside_the_pause_has_a_page_that_says_so(client, pause):
    make.laboratory("cobalt")
    response = get(client, "stand_down", pause.key, "cobalt")
    assert "There is no stand-down." in text(response)


def test_the_halt_level_shows_deployments_and_their_gates(sign_in):
    pause = make.pause_in_force(level="halt", labs=("aster",))
    lab = make.laboratory("aster")
    service = make.deployment(lab)
    client = sign_in(make.representative(lab))
    assert post(client, "roll_back", pause.key, "aster", service.key).status_code == 409
    assert post(client, "roll_back", pause.key, "aster", service.key, approved=["Head of safety"]).status_code == 302
    assert StandDown.objects.get(organisation=lab).rolled_back_at == hours(2)


def test_an_officer_verifies_and_determines(sign_in, pause):
    make.stand_down(pause, "aster", acknowledged_at=NOON, halted_at=NOON, declared_at=NOON, site_mode="powered_off")
    client = sign_in(make.officer(make.body("ivb")))
    fields = {"organisation": "ivb", "basis": "Seals seen."}
    assert get(client, "verify", pause.key, "aster").status_code == 200
    assert post(client, "verify", pause.key, "aster", conclusion="consistent", **fields).status_code == 302
    assert "Compliant" in text(get(client, "stand_down", pause.key, "aster", moment=hours(3)))
    assert get(client, "determine", pause.key, "security_review").status_code == 200
    assert post(client, "determine", pause.key, "security_review", met="yes", **fields).status_code == 302
    assert Determination.objects.get().met is True


def test_the_vote_on_resuming_is_refused_on_the_page_with_every_reason(sign_in, pause):
    client = sign_in(make.representative(make.laboratory("aster")))
    response = post(client, "ask_to_resume", pause.key, organisation="aster")
    assert response.status_code == 409
    assert "unknown" in text(response)
    assert not Vote.objects.filter(decision="resume").exists()


def test_a_case_is_answered_and_closed_on_its_page(sign_in, pause):
    advance_pause(pause=pause, at=hours(25))
    case = Case.objects.get(organisation__key="aster")
    client = sign_in(make.representative(make.laboratory("aster")), hours(25))
    assert post(client, "answer_case", case.key, moment=hours(26), words="Our pager failed <script>").status_code == 302
    page = get(client, "case", case.key, moment=hours(26)).content.decode()
    assert "&lt;script&gt;" in page
    client = sign_in(make.officer(make.body("ivb")), hours(25))
    response = post(client, "close_case", case.key, moment=hours(27), organisation="ivb", words="Two pagers now.")
    assert response.status_code == 302
    assert Case.objects.get(pk=case.pk).closed_at == hours(27)
    assert "Closed" in text(get(client, "cases", moment=hours(28)))


def test_a_party_refers_a_question(sign_in, pause):
    client = sign_in(make.representative(make.laboratory("borealis")))
    assert get(client, "refer").status_code == 200
    response = post(client, "refer", organisation="borealis", lab="aster", words="A new hall without declaration.")
    assert response.status_code == 302
    assert Case.objects.get(kind="referral").organisation.key == "aster"


def test_what_is_asked_of_a_person_is_gathered_with_dates_and_lateness(pause):
    advance_pause(pause=pause, at=hours(25))
    ada = make.representative(make.laboratory("aster"))
    titles = [(task.title, task.late) for task in tasks_for(ada, hours(26))]
    assert ("Acknowledge: stand-down under pause 2026-01", True) in titles
    assert ("Halt: stand-down under pause 2026-01", False) in titles
    assert ("Answer case 2026-001", False) in titles
    officer = make.officer(make.body("ivb"))
    asked = [task.title for task in tasks_for(officer, hours(26))]
    assert "Determine: Every bound party's stand-down was verified" in asked
    assert tasks_for(make.observer(), hours(26)) == []


def test_a_commitment_is_asked_for_until_it_is_given():
    pause = make.activating_pause(labs=("aster",))
    ada = make.representative(make.laboratory("aster"))
    (task,) = tasks_for(ada, hours(1))
    assert (task.url, task.due) == (reverse("treaty:commit", args=[pause.key, "aster"]), hours(24))


@pytest.mark.parametrize("labs", [8, 24])
def test_the_page_takes_the_same_number_of_queries_however_many_labs(client, labs, django_assert_max_num_queries):
    keys = [f"lab-{number}" for number in range(labs)]
    pause = make.pause_in_force(labs=keys)
    for key in keys:
        make.training_run(make.laboratory(key))
        make.stand_down(pause, key, acknowledged_at=hours(1))
    advance_pause(pause=pause, at=hours(100))
    get(client, "pauses")
    with django_assert_max_num_queries(32):
        assert get(client, "pause", pause.key, moment=hours(101)).status_code == 200


@pytest.fixture
def unwritten(db):
    """A pause that everybody has confirmed and that no sweep has looked at since."""
    make.accreditations()
    pause = make.activating_pause(labs=("aster", "borealis"))
    pause.commitments.update(condition={"kind": "unconditional"}, confirmed_at=NOON)
    return pause


def test_between_force_and_the_next_sweep_the_workspace_says_that_it_is_being_prepared(client, unwritten, sign_in):
    sign_in(make.representative(make.laboratory("aster")))
    page = get(client, "stand_down", unwritten.key, "aster", moment=hours(1))
    assert page.status_code == 200
    assert "The stand-down is being prepared." in text(page)
    early = get(client, "acknowledge", unwritten.key, "aster", moment=hours(1))
    assert early.status_code == 409
    assert "in a few seconds" in text(early)


def test_an_act_between_force_and_the_next_sweep_is_taken_all_the_same(client, unwritten, sign_in):
    sign_in(make.representative(make.laboratory("aster")))
    assert post(client, "acknowledge", unwritten.key, "aster", moment=hours(1)).status_code == 302
    found = StandDown.objects.get(organisation__key="aster")
    assert (found.starts_at, found.acknowledged_at) == (NOON, hours(1))


def test_a_rival_prepares_nothing(client, unwritten, sign_in):
    sign_in(make.representative(make.laboratory("borealis")))
    assert post(client, "acknowledge", unwritten.key, "aster", moment=hours(1)).status_code == 403
    assert not StandDown.objects.exists()


def test_a_laboratory_outside_the_set_is_not_told_that_anything_is_being_prepared(client, unwritten):
    page = get(client, "stand_down", unwritten.key, make.laboratory("cobalt").key, moment=hours(1))
    assert "There is no stand-down." in text(page)
