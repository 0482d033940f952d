from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.canonical import commitment
from core.errors import Malformed, NotAllowed
from inspections.actions.challenges import find_frivolous, request_challenge, settle_challenge
from inspections.actions.plan import cancel_visit, give_notice
from inspections.models import Challenge, FrivolousFinding, Visit
from inspections.queries.challenges import unsettled
from inspections.rules.challenges import ChallengeNotOver, ChallengeRefused
from inspections.rules.visits import VisitKind, VisitState
from tests import factories as make
from tests.factories import NOON
from treaty.actions.ballots import cast_ballot
from treaty.actions.effects import apply
from treaty.actions.standdowns import NotIndependent
from treaty.actions.votes import advance_vote, withdraw_vote
from treaty.models import Vote
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe", "fjord", "ganges", "hanbit")
VOTERS = LABS[1:5] + LABS[6:]  # all but Aster, who asks, and Fjord, whom it is about
CLOSE = NOON + 12 * HOUR


@pytest.fixture(autouse=True)
def in_force():
    make.parties()
    make.accreditations()


@pytest.fixture
def hall():
    return make.facility(make.laboratory("fjord"))


@pytest.fixture
def ask(hall):
    def request(of="aster", *, at=NOON, **changes):
        requester = make.laboratory(of) if of in LABS else make.body(of)
        by = make.representative(requester) if of in LABS else make.officer(requester)
        return request_challenge(
            **{"facility": hall, "ground": "It hums at night.", "requester": requester, "by": by, "at": at} | changes
        )

    return request


def decide(challenge, stop=0):
    """Let `stop` of the six entitled consent to stop it, and time run to the close."""
    for number, key in enumerate(VOTERS[:stop]):
        lab = make.laboratory(key)
        cast_ballot(
            vote=challenge.vote, organisation=lab, choice=Choice.CONSENT, by=make.representative(lab),
            at=NOON + (number + 1) * HOUR / 60,
        )  # fmt: skip
    vote = advance_vote(vote=Vote.objects.get(pk=challenge.vote_id), at=CLOSE)
    if vote.effective_at:
        apply(vote, at=CLOSE)
    return Challenge.objects.get(pk=challenge.pk)


# --- asking


def test_a_request_opens_the_vote_of_the_text_at_once_and_commits_to_its_reasons(ask, hall, recorded):
    challenge = ask()
    (noticed, notice), (kind, payload) = recorded()
    assert (noticed, kind) == ("vote.noticed", "challenge.requested")
    assert payload == {
        "challenge": challenge.key, "vote": challenge.vote.key, "organisation": "aster", "lab": "fjord",
        "facility": hall.key, "ground": commitment(challenge.salt, "It hums at night."),
    }  # fmt: skip
    vote = challenge.vote
    assert (vote.decision, vote.opens_at, vote.closes_at) == ("stop_challenge", NOON, CLOSE)
    assert notice["subject"] == {"effect": "stop_challenge", "challenge": challenge.key, "facility": hall.key}


def test_subject_requester_and_their_affiliates_are_recused(ask):
    make.affiliation(make.laboratory("aster"), make.laboratory("borealis"))
    make.affiliation(make.laboratory("fjord"), make.laboratory("cobalt"))
    recused = dict(ask().vote.roll.filter(recused=True).values_list("organisation__key", "recusal_reason"))
    assert recused == {"aster": "requester", "fjord": "subject", "borealis": "affiliate", "cobalt": "affiliate"}


def test_a_monitoring_body_may_ask_too(ask):
    assert ask("ivb").vote.requester.key == "ivb"


def test_the_same_request_sent_again_returns_it(ask, recorded):
    ada = make.representative(make.laboratory("aster"))
    first = ask(by=ada)
    recorded()
    assert ask(by=ada, at=NOON + HOUR) == first
    assert recorded() == []


@pytest.mark.parametrize("stranger", ["depositary", "observer", "inspector", "another"])
def test_only_a_bound_laboratory_or_an_accredited_body_asks(ask, stranger, recorded):
    by = {
        "depositary": make.depositary, "observer": make.observer, "inspector": lambda: make.inspector(make.body("ivb")),
        "another": lambda: make.representative(make.laboratory("borealis")),
    }[stranger]()  # fmt: skip
    with pytest.raises(NotAllowed):
        ask(by=by)
    assert (Challenge.objects.count(), Vote.objects.count(), recorded()) == (0, 0, [])


def test_a_laboratory_does_not_challenge_itself_nor_one_that_is_not_bound_nor_a_closed_site(ask, recorded):
    own, stranger = make.facility(make.laboratory("aster")), make.facility(make.laboratory("kestrel"))
    closed = make.facility(make.laboratory("borealis"))
    closed.status, closed.closed_at = "closed", NOON
    closed.save()
    recorded()
    for facility in (own, stranger, closed):
        with pytest.raises(ChallengeRefused):
            ask(facility=facility)
    assert (Challenge.objects.count(), Vote.objects.count(), recorded()) == (0, 0, [])


@pytest.mark.parametrize("ground", ["", "  ", "a\x00b", "x" * 4001])
def test_a_request_says_why(ask, ground):
    with pytest.raises(Malformed):
        ask(ground=ground)
    assert Challenge.objects.count() == 0


def test_a_second_challenge_of_a_facility_waits_for_the_first(ask, recorded):
    ask()
    recorded()
    with pytest.raises(ChallengeRefused, match="under way"):
        ask("borealis", at=NOON + HOUR)
    assert recorded() == []


# --- stopped, or not


@pytest.mark.parametrize(("stop", "stopped"), [(0, False), (4, False), (5, True)])
def test_three_quarters_of_the_entitled_stop_it_and_no_fewer(ask, stop, stopped, recorded):
    make.inspectors(each=2)
    challenge = decide(ask(), stop)
    recorded()
    challenge = settle_challenge(challenge=challenge, at=CLOSE)
    assert bool(challenge.stopped_at) is stopped
    assert Visit.objects.count() == (0 if stopped else 1)
    assert [kind for kind, _ in recorded()] == ["challenge.stopped" if stopped else "challenge.planned"]


@pytest.mark.parametrize("stop", [0, 6])
def test_settling_again_changes_nothing(ask, stop, recorded):
    make.inspectors(each=2)
    challenge = settle_challenge(challenge=decide(ask(), stop), at=CLOSE)
    recorded()
    assert unsettled(CLOSE) == []
    settle_challenge(challenge=challenge, at=CLOSE + HOUR)
    assert recorded() == []


def test_nothing_happens_before_the_vote_is_closed_on_record(ask, recorded):
    make.inspectors(each=2)
    challenge = ask()
    recorded()
    for at in (CLOSE - TICK, CLOSE):
        settle_challenge(challenge=challenge, at=at)
    assert (Visit.objects.count(), recorded()) == (0, [])


def test_a_withdrawn_request_sends_nobody_and_can_be_made_anew(ask):
    make.inspectors(each=2)
    challenge = ask()
    ada = make.representative(make.laboratory("aster"))
    withdraw_vote(vote=challenge.vote, reason="They told us.", by=ada, at=NOON + HOUR)
    assert unsettled(CLOSE) == []
    settle_challenge(challenge=challenge, at=CLOSE)
    assert Visit.objects.count() == 0
    assert ask(at=NOON + 2 * HOUR) != challenge


# --- its visit


@pytest.fixture
def visit(ask):
    make.inspectors(each=2)
    settle_challenge(challenge=decide(ask()), at=CLOSE)
    return Visit.objects.get()


def test_its_visit_keeps_the_texts_clock(visit):
    assert (visit.kind, visit.pause) == (VisitKind.CHALLENGE, None)
    assert visit.planned_from == CLOSE + 12 * HOUR + timedelta(minutes=15)
    assert visit.planned_until == visit.planned_from + (36 + 84) * HOUR
    assert visit.notice_due_at == CLOSE


def test_notice_goes_out_with_the_next_sweep(visit, recorded):
    assert give_notice(visit=visit, at=CLOSE + timedelta(minutes=1)).state == VisitState.NOTIFIED
    [(kind, payload)] = recorded()
    assert (kind, payload["kind"], payload["lab"]) == ("visit.notified", "challenge", "fjord")


def test_a_body_that_asked_sends_nobody(ask):
    make.inspectors(each=2)
    settle_challenge(challenge=decide(ask("nordic")), at=CLOSE)
    assert {one.designation.body.key for one in Visit.objects.get().team.all()} == {"ivb", "pacific"}


def test_without_a_team_nothing_is_written_and_the_next_sweep_tries_again(ask, recorded):
    challenge = decide(ask())
    recorded()
    settle_challenge(challenge=challenge, at=CLOSE)
    assert (recorded(), unsettled(CLOSE)) == ([], [challenge])
    make.inspectors(each=1)
    settle_challenge(challenge=challenge, at=CLOSE + HOUR)
    assert [kind for kind, _ in recorded()] == ["challenge.planned"]


def test_a_visit_that_is_called_off_is_planned_anew(visit):
    officer = make.officer(visit.team.first().designation.body)
    cancel_visit(visit=visit, by=officer, at=CLOSE + HOUR)
    [challenge] = unsettled(CLOSE + HOUR)
    settle_challenge(challenge=challenge, at=CLOSE + HOUR)
    assert sorted(Visit.objects.values_list("state", flat=True)) == [VisitState.CANCELLED, VisitState.PLANNED]


def test_the_database_keeps_what_was_asked_for_and_one_visit_a_challenge(visit):
    challenge = visit.challenge
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Challenge.objects.update(ground="Something else.")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        Challenge.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError, match="visit_once_a_challenge"), transaction.atomic():
        make.visit(visit.facility, kind=VisitKind.CHALLENGE, challenge=challenge)
    with pytest.raises(IntegrityError, match="visit_of_its_challenge"), transaction.atomic():
        make.visit(visit.facility, kind=VisitKind.CHALLENGE)


# --- frivolous


def judged(challenge, body="nordic", *, by=None, at=CLOSE + HOUR):
    made = make.body(body)
    return find_frivolous(
        challenge=challenge, body=made, reasons="It hums by day too.", by=by or make.officer(made), at=at
    )


def test_a_body_publishes_once_that_a_request_that_was_stopped_is_frivolous(ask, recorded):
    challenge = decide(ask(), stop=5)
    first = judged(challenge)
    kind, payload = recorded()[-1]
    assert kind == "challenge.found_frivolous"
    assert payload == {
        "challenge": challenge.key, "body": "nordic", "reasons": commitment(first.salt, "It hums by day too.")
    }  # fmt: skip
    assert judged(challenge, at=CLOSE + 2 * HOUR) == first
    assert [kind for kind, _ in recorded()].count("challenge.found_frivolous") <= 1


def test_a_request_is_not_judged_before_it_is_over(ask, recorded):
    challenge = ask()
    with pytest.raises(ChallengeNotOver):
        judged(challenge, at=NOON + HOUR)
    with pytest.raises(ChallengeNotOver):
        judged(decide(challenge, stop=0))
    assert (FrivolousFinding.objects.count(), "challenge.found_frivolous" in dict(recorded())) == (0, False)


def test_whoever_asked_or_is_affiliated_with_who_did_does_not_judge_nor_does_a_stranger(ask, recorded):
    challenge = decide(ask("ivb"), stop=6)
    make.affiliation(make.body("pacific"), make.body("ivb"))
    for body in ("ivb", "pacific"):
        with pytest.raises(NotIndependent):
            judged(challenge, body)
    with pytest.raises(NotAllowed):
        judged(challenge, by=make.officer(make.body("ivb")))
    assert FrivolousFinding.objects.count() == 0
