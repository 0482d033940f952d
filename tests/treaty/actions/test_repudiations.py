"""A ballot that its organisation's root repudiates: recounted before the effect, evidence after it, refused by anybody else."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from accounts.rules.keys import KeyRefused
from accounts.rules.signatures import BadSignature
from core.errors import DomainError, NotAllowed
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.signing import Voter, enrolled, with_root
from tests.texts import model_text
from treaty.actions import letters
from treaty.actions.ballots import cast_ballot
from treaty.actions.effects import apply
from treaty.actions.repudiations import NotClosedYet, ObjectionWindowOver, repudiate_ballot
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Ballot, Pause, Repudiation, Vote
from treaty.queries.vote_pages import vote_detail
from treaty.queries.votes import course_of, get_vote
from treaty.rules.profiles import Choice
from treaty.rules.vote_states import State

pytestmark = pytest.mark.django_db

YES, NO = Choice.CONSENT, Choice.OBJECT
HOUR, MICRO = timedelta(hours=1), timedelta(microseconds=1)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe")


@pytest.fixture(autouse=True)
def timelock():
    return b"72 h"


@pytest.fixture(autouse=True)
def in_force(timelock):
    """The model treaty, but its decisions wait `timelock` for their effect, and ballots can be repudiated for ten days."""
    source = model_text().replace(b"objection_window: 72 h", b"objection_window: 240 h")
    source = source.replace(b"    minimum_open: 12 h\n", b"").replace(b"timelock: 0 h", b"timelock: " + timelock)
    text = factories.text(source=source)
    for key in LABS:
        factories.party(factories.laboratory(key), under=text)


@pytest.fixture
def root():
    return with_root()


@pytest.fixture
def vote(root):
    """Three of five consent to a pause, `aster` among them: enough, and two would not be."""
    vote = notice_vote(
        decision="escalate", title="T", question="Q?", subject={}, requester=None, subject_organisation=None,
        by=None, at=NOON,
    )  # fmt: skip
    for key, choice in zip(LABS, (YES, YES, YES, NO, NO), strict=True):
        lab = factories.laboratory(key)
        reason = "No." if choice is NO else ""
        by = factories.representative(lab)
        cast_ballot(vote=vote, organisation=lab, choice=choice, reason=reason, by=by, at=vote.opens_at + HOUR)
    return Vote.objects.get()


@pytest.fixture
def ballot(vote):
    return Ballot.objects.get(organisation__key="aster")


def repudiate(ballot, root, *, after=HOUR, signature=None, by=None):
    signature = signature or root.repudiates(ballot)
    return repudiate_ballot(ballot=ballot, signature=signature, by=by, at=ballot.vote.closes_at + after)


def entries():
    return list(Entry.objects.filter(kind="ballot.repudiated"))


def payload_of(entry):
    return json.loads(bytes(entry.data))["payload"]


def refused(ballot, root, error, **fields):
    with pytest.raises(error) as found, transaction.atomic():
        repudiate(ballot, root, **fields)
    assert (Repudiation.objects.count(), entries()) == (0, [])
    return found.value


def test_before_the_effect_the_vote_is_counted_again_without_the_ballot(vote, ballot, root):
    closed_at = advance_vote(vote=vote, at=vote.closes_at).closed_at
    assert vote.outcome == "adopted"
    row = repudiate(ballot, root)
    vote.refresh_from_db()
    assert (row.recounted, vote.outcome, vote.reason, vote.closed_at) == (True, "rejected", "tie", closed_at)
    assert (vote.effective_at, vote.next_at, vote.tally["classes"][0]["consents"]) == (None, None, 2)
    payload = payload_of(entries()[0])
    assert (payload["recount"]["outcome"], payload["recount"]["tally"]) == ("rejected", vote.tally)
    assert course_of(get_vote(vote.key), closed_at + 100 * HOUR).state is State.REJECTED
    [labs] = vote_detail(get_vote(vote.key), None, closed_at + 2 * HOUR).classes
    assert [row["choice"] for row in labs["rows"] if row["name"] == ballot.organisation.name] == ["Repudiated"]
    apply(vote, at=closed_at + 80 * HOUR)
    assert (vote.effect_applied_at, Pause.objects.count()) == (None, 0)


def test_an_outcome_that_stands_without_the_ballot_keeps_its_instants(vote, root):
    lab = factories.laboratory("daxing")
    cast_ballot(vote=vote, organisation=lab, choice=YES, by=factories.representative(lab), at=vote.opens_at + 2 * HOUR)
    effective_at = advance_vote(vote=vote, at=vote.closes_at).effective_at
    repudiate(Ballot.objects.get(organisation__key="aster"), root)
    vote.refresh_from_db()
    assert (vote.outcome, vote.effective_at, vote.next_at) == ("adopted", effective_at, effective_at)
    assert vote.tally["classes"][0]["consents"] == 3
    assert course_of(get_vote(vote.key), vote.closes_at + 2 * HOUR).tally.as_json() == vote.tally


def test_the_ballot_before_it_stands_again(vote, root):
    lab = factories.laboratory()
    cast_ballot(
        vote=vote, organisation=lab, choice=Choice.ABSTAIN, by=factories.representative(lab), at=NOON + 9 * HOUR
    )
    lab_yes = factories.laboratory("daxing")
    cast_ballot(vote=vote, organisation=lab_yes, choice=YES, by=factories.representative(lab_yes), at=NOON + 9 * HOUR)
    repudiate(vote.ballots.get(organisation=lab, sequence=2), root)
    vote.refresh_from_db()
    assert vote.tally["classes"][0]["consents"] == 4
    assert vote.tally["classes"][0]["abstentions"] == 0


def test_a_second_call_changes_nothing(ballot, root):
    assert repudiate(ballot, root) == repudiate(ballot, root, after=2 * HOUR)
    assert len(entries()) == 1


def test_a_close_that_no_sweep_has_written_down_is_written_first(vote, ballot, root):
    assert vote.closed_at is None
    repudiate(ballot, root)
    kinds = list(Entry.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["vote.closed", "ballot.repudiated"]


def test_what_was_rejected_stays_so_and_the_repudiation_stands_on_record(vote, root):
    lab = factories.laboratory()
    by = factories.representative(lab)
    cast_ballot(vote=vote, organisation=lab, choice=NO, reason="No.", by=by, at=vote.opens_at + 2 * HOUR)
    tally = advance_vote(vote=vote, at=vote.closes_at).tally
    assert vote.outcome == "rejected"
    row = repudiate(vote.ballots.get(organisation=lab, sequence=2), root)
    vote.refresh_from_db()
    assert (row.recounted, vote.outcome, vote.tally, payload_of(entries()[0])["recount"]) == (
        False,
        "rejected",
        tally,
        None,
    )


@pytest.mark.parametrize(("after", "recounted"), [(72 * HOUR - MICRO, True), (72 * HOUR, False)])
def test_from_the_instant_of_effect_on_it_is_evidence_only_whether_or_not_a_sweep_applied_it(
    vote, ballot, root, after, recounted
):
    assert repudiate(ballot, root, after=after).recounted is recounted
    vote.refresh_from_db()
    assert (vote.outcome, vote.effective_at is None) == (("rejected", True) if recounted else ("adopted", False))


def test_an_effect_that_was_applied_by_a_clock_ahead_is_not_taken_back(vote, ballot, root):
    advance_vote(vote=vote, at=vote.closes_at)
    apply(vote, at=vote.effective_at)
    assert not repudiate(ballot, root).recounted


@pytest.mark.parametrize("timelock", [b"0 h"])
def test_nothing_is_recounted_where_the_effect_does_not_wait(vote, ballot, root):
    row = repudiate(ballot, root, after=timedelta(0))
    vote.refresh_from_db()
    assert (row.recounted, vote.outcome) == (False, "adopted")


def test_while_the_vote_is_open_a_ballot_is_superseded_instead(ballot, root):
    refused(ballot, root, NotClosedYet, after=-MICRO)


@pytest.mark.parametrize("hours", [240, 1000])
def test_once_the_window_is_over_nothing_is_repudiated(ballot, root, hours):
    assert refused(ballot, root, ObjectionWindowOver, after=hours * HOUR).code == "objection_window_over"


def test_only_the_root_repudiates_and_only_this_ballot_for_this_log(vote, ballot, root):
    voter, stranger = Voter(), Voter()
    enrolled(voter, root)
    other = Ballot.objects.get(organisation__key="borealis")
    for signature in (voter.repudiates(ballot), stranger.repudiates(ballot), root.repudiates(other)):
        refused(ballot, root, BadSignature, signature=signature)
    refused(ballot, root, BadSignature, signature=root.revokes(ballot.hash))
    refused(other, root, KeyRefused)


def test_another_laboratorys_root_repudiates_nothing(ballot, root):
    other = with_root("borealis")
    refused(ballot, other, BadSignature)


def test_a_session_that_brings_it_is_the_organisations_own(ballot, root):
    lab = ballot.organisation
    refused(ballot, root, NotAllowed, by=factories.representative(factories.laboratory("cobalt")))
    person = factories.representative(lab)
    assert repudiate(ballot, root, by=person).by == person


def test_everybody_who_acts_for_the_organisation_is_mailed_once_that_its_ballot_was_repudiated(ballot, root):
    row = repudiate(ballot, root)
    second = factories.representative(ballot.organisation)
    assert (letters.mail_due(at=row.repudiated_at), letters.mail_due(at=row.repudiated_at + HOUR)) == (1, 0)
    assert second.email in [address for message in mail.outbox for address in message.to]
    assert ballot.vote.title in mail.outbox[0].body


def test_a_repudiation_stays_and_an_outcome_moves_for_nothing_else(vote, ballot, root):
    advance_vote(vote=vote, at=vote.closes_at)
    with pytest.raises(DatabaseError, match="outcome stands"), transaction.atomic():
        Vote.objects.update(reason="threshold_met", outcome="rejected", effective_at=None)
    repudiate(ballot, root)
    for act in (Repudiation.objects.all().delete, lambda: Repudiation.objects.update(recounted=False)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    with pytest.raises(DatabaseError, match="outcome stands"), transaction.atomic():
        Vote.objects.update(outcome="adopted", reason="threshold_met")


def test_every_refusal_has_a_code_of_its_own():
    assert len({error.code for error in (NotClosedYet, ObjectionWindowOver, KeyRefused, DomainError)}) == 4
