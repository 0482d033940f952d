from datetime import timedelta

import pytest
import time_machine

from tests import factories as make

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
