"""Races over one vote, with real transactions in threads that each hold a connection of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from core.errors import DomainError
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.signing import with_root
from tests.texts import model_text
from treaty.actions.ballots import cast_ballot
from treaty.actions.effects import apply
from treaty.actions.repudiations import repudiate_ballot
from treaty.actions.votes import advance_due, advance_vote, notice_vote
from treaty.models import Ballot, Vote
from treaty.queries.votes import course_of, get_vote
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
ROUNDS = 20


def together(*tasks):
    """Run the tasks at the same instant, and return what each answered or refused with."""
    barrier = Barrier(len(tasks))

    def run(task):
        barrier.wait()
        try:
            return task()
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(run, task) for task in tasks]]


def notice(*labs):
    factories.parties(*labs)
    return notice_vote(
        decision="ratify_emergency",
        title="T",
        question="Q?",
        subject={},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )


def test_two_workers_close_a_vote_once_with_one_result():
    factories.parties("aster", "borealis")
    for _ in range(ROUNDS):
        vote = notice("aster", "borealis")
        late = vote.closes_at + HOUR
        together(
            lambda vote=vote, late=late: advance_vote(vote=Vote.objects.get(pk=vote.pk), at=late),
            lambda vote=vote, late=late: advance_vote(vote=Vote.objects.get(pk=vote.pk), at=late + HOUR),
            lambda late=late: advance_due(at=late + HOUR),
        )
        vote.refresh_from_db()
        assert (vote.outcome, vote.reason, vote.closed_at) == (
            "rejected",
            "no_quorum",
            vote.opens_at + timedelta(days=5),
        )
    assert Entry.objects.filter(kind="vote.closed").count() == ROUNDS


def test_ballots_around_the_close_are_counted_or_refused_and_the_tally_agrees():
    labs = [f"lab-{number:02}" for number in range(12)]
    vote = notice(*labs)
    people = {key: factories.representative(factories.laboratory(key)) for key in labs}
    instants = [vote.closes_at + timedelta(milliseconds=100 * step) for step in range(-6, 6)]

    def ballot(key, at):
        return lambda: cast_ballot(
            vote=Vote.objects.get(pk=vote.pk),
            organisation=factories.laboratory(key),
            choice=Choice.CONSENT,
            by=people[key],
            at=at,
        )

    answers = together(
        *(ballot(key, at) for key, at in zip(labs, instants, strict=True)),
        lambda: advance_vote(vote=Vote.objects.get(pk=vote.pk), at=vote.closes_at),
    )[:-1]
    taken = [answer for answer in answers if isinstance(answer, Ballot)]
    assert {answer for answer in answers if not isinstance(answer, Ballot)} <= {"vote_closed"}
    vote = advance_vote(vote=Vote.objects.get(pk=vote.pk), at=vote.closes_at + HOUR)
    assert vote.tally["classes"][0]["consents"] == len(taken) == Ballot.objects.count()
    assert all(one.received_at < vote.closes_at for one in taken)
    assert course_of(get_vote(vote.key), vote.closes_at + HOUR).tally.as_json() == vote.tally


def test_a_repudiation_comes_wholly_before_the_effect_or_wholly_after_it():
    text = factories.text(source=model_text().replace(b"timelock: 0 h", b"timelock: 48 h"))
    labs = [
        factories.party(factories.laboratory(key), under=text).organisation for key in ("aster", "borealis", "cobalt")
    ]
    people = {lab: factories.representative(lab) for lab in labs}
    root = with_root()
    for _ in range(ROUNDS):
        vote = notice_vote(
            decision="procedural", title="T", question="Q?", subject={}, requester=None, subject_organisation=None,
            by=None, at=NOON,
        )  # fmt: skip
        for lab, by in people.items():
            cast_ballot(vote=vote, organisation=lab, choice=Choice.CONSENT, by=by, at=NOON + HOUR)
        due = advance_vote(vote=vote, at=vote.closes_at).effective_at
        ballot = vote.ballots.get(organisation__key="aster")
        signature = root.repudiates(ballot)
        together(
            lambda ballot=ballot, signature=signature, due=due: repudiate_ballot(
                ballot=Ballot.objects.get(pk=ballot.pk), signature=signature, by=None, at=due - timedelta(seconds=1)
            ),
            lambda vote=vote, due=due: apply(Vote.objects.get(pk=vote.pk), at=due),
        )
        vote.refresh_from_db()
        kinds = [
            entry.kind
            for entry in Entry.objects.filter(subjects__contains=[f"vote:{vote.key}"]).order_by("leaf__index")
        ]
        assert sorted(kinds[-2:]) == ["ballot.repudiated", "vote.applied"]
        assert ballot.repudiation.recounted is (kinds[-1] == "vote.applied")
        assert vote.tally["classes"][0]["consents"] == 3 - ballot.repudiation.recounted


def test_ballots_of_one_laboratory_at_once_get_each_their_sequence_number():
    vote = notice("aster", "borealis", "cobalt")
    aster = factories.laboratory("aster")
    people = [factories.representative(aster) for _ in range(6)]
    together(
        *(
            lambda person=person: cast_ballot(
                vote=Vote.objects.get(pk=vote.pk), organisation=aster, choice=Choice.ABSTAIN, by=person, at=NOON + HOUR
            )
            for person in people
        )
    )
    assert sorted(Ballot.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5, 6]
