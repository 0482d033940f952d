from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core.errors import DomainError
from inspections.actions.plan import give_notice
from inspections.actions.specials import answer_special, request_special, settle_special
from inspections.models import Special, Visit
from inspections.queries.specials import rows, unsettled
from inspections.queries.tasks import tasks_for
from inspections.rules.visits import VisitKind
from tests import factories as make
from tests.factories import NOON
from treaty.models import Case

pytestmark = pytest.mark.django_db
REASON = "The meters of two months do not add up."
DUE = NOON + timedelta(hours=48)


@pytest.fixture
def site():
    lab = make.laboratory("aster")
    make.party(lab)
    make.inspectors(each=1)
    return make.facility(lab, key="aster-1", jurisdiction="DE")


@pytest.fixture
def ask(site):
    def act(body="ivb", at=NOON, reason=REASON, by=None):
        sender = make.body(body)
        return request_special(
            facility=site, reason=reason, body=sender, by=by or make.officer(sender), at=at
        )  # fmt: skip

    return act


def of_api(client, noun="specials"):
    """The one row of the list; an empty one where there is none."""
    rows = client.get(f"/api/v1/{noun}/").json()["results"]
    assert len(rows) <= 1
    return rows[0] if rows else {}


@pytest.fixture
def ada(site):
    return make.representative(site.organisation)


def test_a_body_asks_once_with_its_reason_and_the_party_is_asked_to_answer(ask, ada, recorded):
    made = ask()
    assert ask() == made
    [(kind, payload)] = recorded()
    assert (kind, payload["body"], payload["answer_by"]) == ("special.requested", "ivb", "2026-11-24T12:00:00Z")
    assert REASON not in str(payload)
    asked = [task.title for task in tasks_for(ada, NOON)]
    assert f"Answer about the special visit to {made.facility.name}" in asked


def test_who_may_not_ask_or_answer_is_refused_and_leaves_nothing(ask, ada, site, recorded):
    with pytest.raises(DomainError):
        ask(by=ada)
    with pytest.raises(DomainError):
        ask(reason=" ")
    assert (Special.objects.count(), recorded()) == (0, [])
    made = ask()
    recorded()
    stranger = make.representative(make.laboratory("borealis"))
    for late in ({"by": stranger}, {"at": DUE}, {"agrees": False}):
        with pytest.raises(DomainError):
            answer_special(**({"special": made, "agrees": True, "words": "", "by": ada, "at": NOON} | late))
    with pytest.raises(DomainError, match="under way"):
        ask("nordic", reason="Another one.")
    made.refresh_from_db()
    assert (made.agrees, recorded()) == (None, [])


def test_a_visit_that_was_agreed_to_is_planned_sealed_and_announced_as_a_routine_one(ask, ada, recorded, client):
    made = ask()
    for _ in range(2):
        answer_special(special=made, agrees=True, words="", by=ada, at=NOON)
        settle_special(special=made, at=NOON)
    assert [kind for kind, _ in recorded()] == ["special.requested", "special.answered", "special.planned"]
    visit = Visit.objects.with_names().get()
    assert (visit.kind, visit.special) == (VisitKind.SPECIAL, made)
    assert visit.planned_from - visit.notice_due_at >= timedelta(hours=48)
    assert (unsettled(NOON), Case.objects.count()) == ([], 0)
    [row] = rows(NOON)
    assert (row.standing.value, row.visit, row.is_sealed) == ("agreed", None, True)
    with time_machine.travel(NOON, tick=False):
        sealed = of_api(client)
        assert (sealed["standing"], sealed["is_sealed"], sealed["agrees"]) == ("agreed", True, True)
        assert (sealed["visit"], of_api(client, "visits")) == (None, {})
    give_notice(visit=visit, at=visit.notice_due_at)
    with time_machine.travel(visit.notice_due_at, tick=False):
        assert (of_api(client)["visit"], of_api(client, "visits")["special"]) == (visit.key, made.key)
        page = client.get(reverse("inspections:special", args=[made.key])).content.decode()
    assert REASON in page
    assert reverse("inspections:visit", args=[visit.key]) in page


@pytest.mark.parametrize("agrees", [False, None])
def test_refusal_and_silence_open_one_case(ask, ada, agrees, recorded, client):
    made = ask()
    if agrees is False:
        answer_special(special=made, agrees=False, words="It concerns a customer.", by=ada, at=NOON)
    else:
        settle_special(special=made, at=DUE - timedelta(seconds=1))
    recorded()
    assert [one.pk for one in unsettled(DUE)] == [made.pk]
    for _ in range(2):
        settle_special(special=made, at=DUE)
    [(kind, payload)] = recorded()
    assert (kind, payload["about"], payload["subject"]) == ("case.opened", "special", made.key)
    assert (Visit.objects.count(), unsettled(DUE)) == (0, [])
    with time_machine.travel(DUE, tick=False):
        assert (of_api(client)["case"], of_api(client)["body"]) == (payload["case"], made.body.key)
        page = client.get(reverse("inspections:special", args=[made.key])).content.decode()
        listed = client.get(reverse("inspections:list")).content.decode()
        case = client.get(reverse("treaty:case", args=[Case.objects.get().key])).content.decode()
    assert reverse("treaty:case", args=[Case.objects.get().key]) in page
    assert reverse("inspections:special", args=[made.key]) in listed
    assert reverse("inspections:special", args=[made.key]) in case
