from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction
from django.urls import reverse

from core.canonical import parse
from core.errors import DomainError
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from treaty.actions.exemptions import NotExemptible, grant_exemption
from treaty.actions.requests import AlreadyAsked, request_vote
from treaty.actions.standdowns import StageNotReady, record_halt, state_nothing_runs
from treaty.models import Exemption, Vote
from treaty.queries.exemptions import exemption_rows
from treaty.queries.standdowns import board
from treaty.rules.exemptions import ExemptionRefused
from treaty.rules.pauses import PauseInAnotherState
from treaty.rules.requests import Requestable

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOON + 3 * DAY


@pytest.fixture
def pause():
    make.accreditations()
    return make.pause_in_force(level="halt")


@pytest.fixture
def run(pause):
    return make.training_run(make.laboratory("aster"), key="probe", planned_flop="5e22")


def ask(under, *, of="aster", **subject):
    asker = make.laboratory(of)
    return request_vote(
        decision=Requestable.GRANT_EXEMPTION,
        title="Probe an existing model",
        question="A probe of a model that exists; every weight stays as it is.",
        subject={"pause": under.key, "run": "probe", "purpose": "safety_research", "lasts": "30 d"} | subject,
        requester=asker,
        by=make.representative(asker),
        at=NOON + HOUR,
    )


def adopted(pause, *, after=3 * DAY, **subject):
    named = {"effect": "grant_exemption", "pause": pause.key, "lab": "aster", "run": "probe"}
    named |= {"purpose": "safety_research", "lasts": "30 d"} | subject
    aster = make.laboratory("aster")
    return make.adopted_vote(
        "grant_exemption", subject=named, pause=pause, requester=aster, about=aster, effective_at=LATER, after=after
    )


def kinds(prefix):
    return [entry.kind for entry in Entry.objects.filter(kind__startswith=prefix)]


def test_a_request_is_a_vote_about_the_labs_own_run_and_its_notice_is_the_one_entry(pause, run):
    vote = ask(pause)
    assert vote.subject == {
        "effect": "grant_exemption", "pause": pause.key, "lab": "aster", "run": "probe",
        "purpose": "safety_research", "lasts": "30 d",
    }  # fmt: skip
    assert (vote.requester.key, vote.subject_organisation.key, kinds("vote.")) == ("aster", "aster", ["vote.noticed"])
    assert vote.roll.get(organisation__key="aster").recused


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"run": "another"}, "run"),
        ({"of": "cobalt"}, "run"),
        ({"pause": "2026-09"}, "run"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"lasts": "91 d"}, "lasts"),
        ({"lasts": "for ever"}, "lasts"),
    ],
)
def test_what_the_text_does_not_allow_is_refused_by_its_field(pause, run, changes, field):
    with pytest.raises(DomainError) as refused:
        ask(pause, **changes)
    assert list(refused.value.fields) == [field]
    assert (Vote.objects.filter(decision="grant_exemption").count(), kinds("vote.")) == (0, [])


@pytest.mark.parametrize("flop", ["1e22", "1e23"])
def test_a_run_at_the_threshold_or_at_the_cap_is_not_exempted(pause, flop):
    make.training_run(make.laboratory("aster"), key="probe", planned_flop=flop)
    with pytest.raises(NotExemptible):
        ask(pause)


def test_a_second_request_about_the_same_run_waits_for_the_first(pause, run):
    first = ask(pause)
    assert ask(pause) == first
    with pytest.raises(AlreadyAsked):
        ask(pause, lasts="10 d")


def test_a_granted_run_is_no_longer_to_be_halted_until_the_exemption_ends(pause, run):
    ada = make.representative(make.laboratory("aster"))
    aster = make.stand_down(pause, "aster")
    with pytest.raises(StageNotReady):
        state_nothing_runs(stand_down=aster, by=ada, at=LATER)
    exemption = grant_exemption(vote=adopted(pause), at=LATER + HOUR)
    assert (exemption.from_at, exemption.until_at) == (LATER, LATER + 30 * DAY)
    state_nothing_runs(stand_down=aster, by=ada, at=LATER + HOUR)
    left = [
        row.runs for at in (LATER, LATER + 30 * DAY) for row in board(pause, at).rows if row.organisation.key == "aster"
    ]
    assert left == [0, 1]
    record_halt(stand_down=aster, run=run, checkpoint_commitment="ab" * 32, by=ada, at=LATER + 30 * DAY)


def test_a_grant_leaves_one_entry_and_a_second_call_none(pause, run):
    vote = adopted(pause)
    assert grant_exemption(vote=vote, at=LATER) == grant_exemption(vote=vote, at=LATER + DAY)
    [entry] = Entry.objects.filter(kind="exemption.granted")
    payload = parse(bytes(entry.data))["payload"]
    assert payload == {
        "pause": pause.key, "lab": "aster", "run": "probe", "vote": vote.key, "purpose": "safety_research",
        "from_at": "2026-11-25T12:00:00Z", "until_at": "2026-12-25T12:00:00Z",
    }  # fmt: skip


def test_what_was_decided_too_late_is_not_granted(pause, run):
    with pytest.raises(ExemptionRefused):
        grant_exemption(vote=adopted(pause, after=5 * DAY), at=LATER)
    assert (Exemption.objects.count(), kinds("exemption.")) == (0, [])


def test_a_run_that_was_halted_meanwhile_is_not_exempted(pause, run):
    record_halt(
        stand_down=make.stand_down(pause, "aster"), run=run, checkpoint_commitment="ab" * 32,
        by=make.representative(make.laboratory("aster")), at=NOON + HOUR,
    )  # fmt: skip
    with pytest.raises(NotExemptible):
        grant_exemption(vote=adopted(pause), at=LATER)
    assert kinds("exemption.") == []


def test_nothing_is_exempted_from_a_pause_that_is_over(pause, run):
    vote = adopted(pause)
    pause.ended_at = LATER
    pause.save()
    with pytest.raises(PauseInAnotherState):
        grant_exemption(vote=vote, at=LATER)


def test_a_grant_cannot_be_changed(pause, run):
    grant_exemption(vote=adopted(pause), at=LATER)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Exemption.objects.update(until_at=LATER + 300 * DAY)


def test_requests_and_grants_are_published_with_the_stand_down(pause, run, client):
    grant_exemption(vote=adopted(pause), at=LATER)
    aster = make.laboratory("aster")
    [row] = exemption_rows(pause, aster, LATER)
    assert (row.run, row.in_force) == ("A large run", True)
    assert not exemption_rows(pause, aster, LATER + 30 * DAY)[0].in_force
    page = client.get(reverse("treaty:stand_down", args=[pause.key, "aster"])).content.decode()
    assert "A large run" in page
    assert "Research on the safety of systems that exist" in page
