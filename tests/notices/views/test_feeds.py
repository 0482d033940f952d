"""Feeds, calendars and the badge as their programs read them."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from icalendar import Calendar

from tests import factories as make
from tests.conftest import NOON
from treaty.actions.votes import notice_vote, withdraw_vote
from treaty.queries.votes import get_vote

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def noon():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def vote():
    """A vote with its entries, which have the positions that COMMIT would give them."""
    make.parties()
    make.accreditations()
    asker = make.laboratory("aster")
    made = notice_vote(
        decision="start_pause_ordinary", title="A <b>pause</b> & more", question="Shall it be so?",
        subject={"level": "pause"}, requester=asker, subject_organisation=None,
        by=make.representative(asker), at=NOON,
    )  # fmt: skip
    commit()
    return made


def commit():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def entries(client, name, *args):
    answer = client.get(reverse(f"notices:{name}", args=args))
    assert answer["Content-Type"].startswith("application/atom+xml")
    return [
        (entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}title"))
        for entry in ET.fromstring(answer.content).iter(f"{ATOM}entry")
    ]


def events(client, name, *args):
    answer = client.get(reverse(f"notices:{name}", args=args))
    assert answer["Content-Type"].startswith("text/calendar")
    return {str(one["uid"]).partition("@")[0]: one for one in Calendar.from_ical(answer.content).walk("VEVENT")}


def test_an_event_is_in_the_feeds_that_it_belongs_to_under_one_name_for_ever(vote, client):
    everywhere, topic, kind = (
        entries(client, "everything"),
        entries(client, "topic", "votes"),
        entries(client, "kind", "vote.noticed"),
    )
    [(name, title)] = topic
    assert (name, title) in everywhere
    assert [one for one, _title in kind] == [name]
    assert title == f"Vote {vote.key} was announced"
    assert entries(client, "topic", "inspections") == []
    assert entries(client, "everything") == everywhere


def test_a_laboratory_has_a_feed_of_its_own(client):
    make.parties("aster")
    assert entries(client, "lab", "aster") == []
    assert client.get(reverse("notices:lab", args=["nobody"])).status_code == 404


@pytest.mark.parametrize("address", ["/feeds/unheard.atom", "/feeds/kinds/vote.unheard.atom", "/calendars/nobody.ics"])
def test_what_there_is_no_feed_of_is_not_found(client, address):
    assert client.get(address).status_code == 404


def test_a_feed_does_not_change_while_the_record_does_not(vote, client):
    first = client.get(reverse("notices:everything"))
    again = client.get(reverse("notices:everything"), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_a_vote_that_is_withdrawn_is_cancelled_in_the_calendar_under_the_same_name(vote, client):
    before = events(client, "calendar")[f"vote-{vote.key}-closes"]
    assert before.decoded("dtstart") == vote.closes_at
    assert (int(before["sequence"]), str(before["status"])) == (0, "CONFIRMED")
    withdraw_vote(vote=get_vote(vote.key), reason="No need.", by=make.representative(make.laboratory("aster")), at=NOON)
    commit()
    after = events(client, "calendar")[f"vote-{vote.key}-closes"]
    assert (int(after["sequence"]), str(after["status"])) == (1, "CANCELLED")


def test_the_stages_of_a_stand_down_are_in_its_laboratorys_calendar_alone(client):
    pause = make.pause_in_force(labs=("aster", "fjord"))
    own = events(client, "lab_calendar", "aster")
    assert f"pause-{pause.key}-aster-acknowledge" in own
    assert not any("fjord" in name for name in own)
    assert f"pause-{pause.key}-fjord-acknowledge" in events(client, "calendar")


def test_a_calendar_takes_as_many_queries_for_eight_laboratories_as_for_two(client, django_assert_max_num_queries):
    make.pause_in_force()
    with django_assert_max_num_queries(40):
        events(client, "calendar")


def test_a_long_past_deadline_is_gone(client):
    lab = make.laboratory("aster")
    make.declaration(lab, due_at=NOON - timedelta(days=91))
    make.declaration(lab, due_at=NOON - timedelta(days=89))
    assert len(events(client, "lab_calendar", "aster")) == 1


def test_the_badge_says_what_the_first_page_says(client):
    address = reverse("notices:badge")
    assert b"no pause" in client.get(address).content
    pause = make.pause_in_force(labs=("aster", "fjord"))
    commit()
    answer = client.get(address)
    assert b"pause in force" in answer.content
    assert (answer["Content-Type"], answer["Cross-Origin-Resource-Policy"]) == ("image/svg+xml", "cross-origin")
    data = client.get(reverse("notices:badge_data")).json()
    assert (data["state"], data["pause"]) == ("in_force", pause.key)


def test_the_page_names_every_feed_and_calendar(client):
    make.parties("aster")
    page = client.get(reverse("notices:follow")).content.decode()
    for name, args in [("everything", []), ("topic", ["pauses"]), ("lab", ["aster"]), ("lab_calendar", ["aster"])]:
        assert reverse(f"notices:{name}", args=args) in page
