from datetime import timedelta

import pytest
import time_machine

from tests import factories as make
from tests.signing import enrolled, passkey, with_root
from treaty.actions.ballots import cast_ballot
from treaty.actions.votes import notice_vote
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db
NOON = make.NOON


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


def test_a_stranger_is_asked_to_sign_in(client):
    answer = client.get("/me/")
    assert answer.status_code == 302
    assert answer["Location"].endswith("?next=/me/")


def test_somebody_without_a_role_is_told_what_comes_next(client):
    client.force_login(make.user())
    page = client.get("/me/").content.decode()
    assert "Nothing is asked of you today" in page
    assert "Whoever acts for yours can appoint you." in page


def test_tasks_of_every_app_are_gathered_with_what_is_late_first(client, clock, settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "SecondFactor" not in one]
    person = make.representative(make.laboratory("aster"))
    make.pause_in_force()
    make.declaration(make.laboratory("aster"), due_at=NOON + timedelta(days=40))
    clock.shift(timedelta(days=2))
    client.force_login(person)
    page = client.get("/me/").content.decode()
    assert page.index('<li class="late">') < page.index("Initial declaration")
    assert "Was due" in page
    assert "Aster Institute" in page
    assert "Representative" in page


def test_the_page_of_a_person_is_never_kept(client):
    client.force_login(make.observer())
    assert "no-store" in client.get("/me/")["Cache-Control"]


def test_nobody_sees_what_is_asked_of_a_rival(client, settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "SecondFactor" not in one]
    make.pause_in_force()
    make.declaration(make.laboratory("aster"), due_at=NOON)
    client.force_login(make.representative(make.laboratory("borealis")))
    page = client.get("/me/").content.decode()
    assert "Initial declaration" not in page
    assert "Borealis Research" in page


def test_everybody_who_binds_the_laboratory_sees_the_receipt_of_its_ballot(client, settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "SecondFactor" not in one]
    make.parties()
    vote = notice_vote(
        decision="start_pause_ordinary",
        title="Start a pause",
        question="Shall a pause start?",
        subject={"level": "pause"},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )
    lab = make.laboratory("aster")
    voter, colleague = make.representative(lab), make.representative(lab, name="Second Example")
    ballot = cast_ballot(vote=vote, organisation=lab, choice=Choice.CONSENT, by=voter, at=NOON)
    for person, sees in ((colleague, True), (make.representative(make.laboratory("borealis")), False)):
        client.force_login(person)
        assert (f"/votes/{vote.key}/ballot/{ballot.hash}/" in client.get("/me/").content.decode()) is sees


def test_every_representative_is_told_of_a_key_that_was_enrolled_in_the_laboratorys_name(client, settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "SecondFactor" not in one]
    make.text()
    enrolled(passkey(), with_root())
    sentence = "A key that signs ballots of Aster Institute was enrolled"
    client.force_login(make.representative(make.laboratory("aster"), name="A Colleague"))
    assert sentence in client.get("/me/").content.decode()
    client.force_login(make.representative(make.laboratory("borealis")))
    assert sentence not in client.get("/me/").content.decode()
