import json
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from treaty.actions.ballots import cast_ballot
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Ballot
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe", "fjord", "ganges")


@pytest.fixture(autouse=True)
def own_cache(settings):
    """Pages are cached by the record's position, which stands still inside a test's transaction."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOON + HOUR, tick=False) as clock:
        yield clock


def notice(*keys, decision="start_pause_ordinary", **fields):
    factories.parties(*(keys or LABS))
    fields = {
        "title": "Start a pause",
        "question": "Shall a pause start?",
        "subject": {"level": "pause"},
        "requester": None,
        "subject_organisation": None,
        "by": None,
        "at": NOON,
    } | fields
    return notice_vote(decision=decision, **fields)


def cast(vote, key, choice, reason="Too early."):
    lab = factories.laboratory(key)
    return cast_ballot(
        vote=vote, organisation=lab, choice=choice, reason=reason, by=factories.representative(lab), at=NOON + HOUR
    )


def address(vote, rest="", key="aster"):
    return f"/votes/{vote.key}/{rest}" + (f"?organisation={key}" if rest else "")


def sign_in(client, key="aster"):
    enter(client, factories.representative(factories.laboratory(key)))


def enter(client, person):
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)


def test_the_list_shows_open_votes_before_past_ones(client, frozen):
    advance_vote(vote=notice(), at=NOON + 48 * HOUR)
    notice(title="Extend a deadline", at=NOON + 48 * HOUR)
    frozen.move_to(NOON + 49 * HOUR)
    page = client.get("/votes/").content.decode()
    assert page.index("Extend a deadline") < page.index("Decided and withdrawn") < page.index("Start a pause")


def test_the_list_says_so_when_there_is_no_vote(client):
    factories.text()
    assert "No vote is open" in client.get("/votes/").content.decode()


def test_the_past_is_filtered_by_outcome(client, frozen):
    vote = notice()
    advance_vote(vote=vote, at=NOON + 48 * HOUR)
    frozen.move_to(NOON + 49 * HOUR)
    assert "Start a pause" in client.get("/votes/?outcome=adopted").content.decode()
    assert "Start a pause" not in client.get("/votes/?outcome=rejected").content.decode()


def test_the_page_of_a_vote_shows_roll_formula_and_what_would_change_it(client):
    vote = notice()
    cast(vote, "aster", Choice.OBJECT, reason="Wait for the evaluation.")
    page = client.get(address(vote)).content.decode()
    for words in (
        "Silence procedure",
        "Aster Institute",
        "Wait for the evaluation.",
        "Not yet",
        "1 ≤ 1/3 × 7",
        "another 2",
    ):
        assert words in page


def test_the_page_shows_the_close_before_any_sweep_has_run(client, frozen):
    vote = notice()
    frozen.move_to(NOON + 48 * HOUR)
    page = client.get(address(vote)).content.decode()
    assert "Adopted: silence is consent, and too few objected." in page
    assert "hx-get" not in page


def test_htmx_gets_the_part_that_changes_only(client):
    vote = notice()
    part = client.get(address(vote), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="live"')
    assert "<html" not in part


def test_a_vote_that_does_not_exist_is_not_found(client):
    factories.text()
    assert client.get("/votes/1999-01/").status_code == 404


def fill(client, vote, **fields):
    return client.post(address(vote, "ballot/"), fields)


def test_a_ballot_is_chosen_checked_confirmed_and_receipted(client):
    vote = notice()
    sign_in(client)
    assert "on the roll and not recused" in client.get(address(vote, "ballot/")).content.decode()
    check = fill(client, vote, step="check", choice="object", reason="It is too early.")
    ballot = check.context["text"]
    assert check.context["ballot"].hash in check.content.decode()
    assert Ballot.objects.count() == 0
    done = client.post(
        address(vote, "ballot/"),
        {"step": "confirm", "choice": "object", "reason": "It is too early.", "ballot": ballot},
        follow=True,
    )
    cast_one = Ballot.objects.get()
    assert bytes(cast_one.content).decode() == ballot
    assert cast_one.entry_hash in done.content.decode()
    assert f"/ledger/hash/{cast_one.entry_hash}/" in done.content.decode()


def test_going_back_from_the_check_keeps_what_was_typed(client):
    vote = notice()
    sign_in(client)
    page = fill(client, vote, step="change", choice="object", reason="It is too early.").content.decode()
    assert "It is too early." in page
    assert Ballot.objects.count() == 0


def test_an_objection_without_reason_comes_back_with_the_choice_kept(client):
    vote = notice()
    sign_in(client)
    answer = fill(client, vote, step="check", choice="object", reason="")
    assert answer.status_code == 409
    assert "An objection carries its reason" in answer.content.decode()
    assert answer.context["form"]["choice"].value() == "object"


def test_the_end_of_a_session_does_not_lose_the_choice(client):
    vote = notice()
    answer = fill(client, vote, step="confirm", choice="object", reason="A long thought.")
    assert answer.status_code == 302
    assert "next=" in answer.url
    sign_in(client)
    page = client.get(address(vote, "ballot/"))
    assert page.context["form"]["reason"].value() == "A long thought."
    assert page.context["form"]["choice"].value() == "object"


def test_a_ballot_that_was_overtaken_is_refused_and_nothing_is_lost(client):
    vote = notice()
    sign_in(client)
    ballot = fill(client, vote, step="check", choice="consent").context["text"]
    cast(vote, "aster", Choice.OBJECT)
    answer = fill(client, vote, step="confirm", choice="consent", ballot=ballot)
    assert answer.status_code == 409
    assert "no longer fits" in answer.content.decode()
    assert Ballot.objects.count() == 1


def test_a_ballot_at_the_closing_instant_is_refused_with_the_reason(client, frozen):
    vote = notice()
    frozen.move_to(NOON + 48 * HOUR)
    sign_in(client)
    answer = fill(client, vote, step="confirm", choice="consent")
    assert answer.status_code == 409
    assert "a ballot counts if it arrives before" in answer.content.decode()
    assert list(Entry.objects.values_list("kind", flat=True)) == ["vote.noticed"]


def test_whoever_acts_for_nobody_on_the_roll_sees_no_form(client):
    vote = notice()
    enter(client, factories.depositary())
    assert client.get(f"/votes/{vote.key}/ballot/").status_code == 403


def test_somebody_else_s_organisation_in_the_address_is_refused(client):
    vote = notice()
    sign_in(client, "borealis")
    assert client.get(address(vote, "ballot/", key="aster")).status_code == 403


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "{{7*7}}", '"><img src=x onerror=alert(1)>'])
def test_a_reason_is_shown_as_text(client, words):
    vote = notice()
    cast(vote, "aster", Choice.OBJECT, reason=words)
    page = client.get(address(vote)).content.decode()
    assert words not in page or words == "{{7*7}}"
    assert "49" not in page.split("Roll call")[1][:400]


def queries(client, path):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def many(count):
    keys = [f"lab-{number:03}" for number in range(count)]
    factories.parties(*keys)
    vote = notice(*keys)
    for key in keys[: count // 2]:
        cast(vote, key, Choice.CONSENT)
    return vote


def test_pages_take_as_many_queries_with_8_members_as_with_24(client):
    small = many(8)
    counts = {
        path: queries(client, path)
        for path in ("/votes/", f"/votes/{small.key}/", "/api/v1/votes/", f"/api/v1/votes/{small.key}/")
    }
    assert max(counts.values()) <= 12, counts
    large = many(24)
    assert queries(client, f"/votes/{large.key}/") == counts[f"/votes/{small.key}/"]
    assert queries(client, f"/api/v1/votes/{large.key}/") == counts[f"/api/v1/votes/{small.key}/"]
    assert queries(client, "/votes/") == counts["/votes/"]


def test_a_long_roll_call_stands_a_page_at_a_time_and_a_name_on_it_is_found(client, monkeypatch):
    monkeypatch.setattr("treaty.views.votes.ROLL_PER_PAGE", 3)
    page, last = f"/votes/{notice().key}/", factories.laboratory("ganges").name

    def called(address):
        body = client.get(address).content.decode()
        return body[body.index('id="roll-1"') :]

    assert 'rel="next" href="?roll-1=2#roll-1"' in called(page)
    assert last not in called(page)
    assert f'<th scope="row">{last}' in called(f"{page}?roll-1=3")
    assert f'<th scope="row">{last}' in called(f"{page}?q={last[:6].lower()}")


def test_lists_take_as_many_queries_for_many_votes_as_for_one(client):
    notice()
    counts = {path: queries(client, path) for path in ("/votes/", "/api/v1/votes/")}
    for _ in range(4):
        notice()
    assert {path: queries(client, path) for path in counts} == counts


# --- the API


@pytest.fixture
def api():
    made = APIClient()
    made.force_authenticate(factories.representative(factories.laboratory("aster")))
    return made


def post(api, vote, **fields):
    return api.post(
        f"/api/v1/votes/{vote.key}/ballots/", {"organisation": "aster", "choice": "consent"} | fields, format="json"
    )


def test_the_api_answers_all_that_is_needed_to_recompute(client):
    vote = notice()
    ballot = cast(vote, "aster", Choice.CONSENT, reason="")
    answer = client.get(f"/api/v1/votes/{vote.key}/").json()
    assert answer["state"] == "silence"
    assert answer["roll"][0] == {
        "organisation": "aster",
        "class": "labs",
        "weight": "1",
        "recused": None,
        "delegate": None,
    }
    assert answer["ballots"][0]["hash"] == ballot.hash
    assert json.loads(answer["ballots"][0]["ballot"])["choice"] == "consent"


def test_the_api_casts_a_ballot_and_answers_its_receipt(api):
    vote = notice()
    answer = post(api, vote)
    assert answer.status_code == 201
    assert answer.json()["entry_hash"] == Ballot.objects.get().entry_hash


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"choice": "object"}, 409, "reason_missing"),
        ({"organisation": "borealis"}, 403, "not_allowed"),
        ({"organisation": "nobody"}, 400, "malformed"),
        ({"weight": 5}, 400, "malformed"),
        ({"ballot": "{}"}, 400, "malformed"),
        ({"choice": "maybe"}, 400, "malformed"),
    ],
)
def test_the_api_refuses_with_a_code_and_nothing_done(api, fields, status, code):
    vote = notice()
    answer = post(api, vote, **fields)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert Ballot.objects.count() == 0


def test_the_api_takes_no_ballot_from_the_public():
    vote = notice()
    assert post(APIClient(), vote).status_code in {401, 403}


@pytest.mark.parametrize(
    ("decision", "subject", "words"),
    [
        (
            "extend_deadline",
            {"lab": "elbe", "stage": "verify", "by": "7 d"},
            ["Elbe Computing", "Be verified", "7 days"],
        ),
        ("escalate", {"level": "halt"}, ["Move a pause to a higher level", ">Halt<"]),
        ("determine_non_compliance", {"case": "2026-001"}, ["/cases/2026-001/"]),
        ("admit", {"lab": "aster"}, ["Admit a laboratory", "Aster Institute"]),
    ],
)
def test_what_a_vote_is_about_is_read_in_words(client, decision, subject, words):
    for key in ("aster", "elbe"):
        factories.laboratory(key)
    vote = factories.adopted_vote(decision, subject={"effect": decision, **subject})
    page = client.get(f"/votes/{vote.key}/").content.decode()
    facts = page[page.index('<dl class="facts') : page.index("</dl>")]
    assert all(word in facts for word in words), facts
    assert "Effect" not in facts
    assert "_" not in facts
