"""A party that leaves in mid-vote leaves the roll, with its ballot, as the frozen rule says."""

from datetime import timedelta

import pytest

from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from treaty.actions.ballots import NotEntitledAnyMore, cast_ballot
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Ballot, Merger, Party, Suspension
from treaty.queries.votes import counting_of, course_of, get_vote
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LABS = ("aster", "borealis", "cobalt", "daxing")


@pytest.fixture(autouse=True)
def parties():
    factories.parties(*LABS)


def notice():
    return notice_vote(
        decision="procedural", title="A matter", question="Shall it be so?", subject={}, requester=None,
        subject_organisation=None, by=None, at=NOON,
    )  # fmt: skip


def cast(vote, key, after):
    lab = factories.laboratory(key)
    return cast_ballot(
        vote=vote, organisation=lab, choice=Choice.CONSENT, by=factories.representative(lab), at=NOON + after
    )


def withdraws(key, after):
    Party.objects.filter(organisation__key=key).update(
        withdrawal_noticed_at=factories.LONG_AGO, withdrawal_effective_at=NOON + after
    )


def suspended(key, after):
    by = factories.adopted_vote()
    Suspension.objects.create(party=Party.objects.get(organisation__key=key), vote=by, from_at=NOON + after)


def merged(key, after):
    by = factories.adopted_vote("merge")
    into = Party.objects.get(organisation__key="daxing")
    Merger.objects.create(party=Party.objects.get(organisation__key=key), into=into, vote=by, from_at=NOON + after)


@pytest.mark.parametrize("leaves", [withdraws, suspended, merged])
def test_a_party_that_leaves_in_mid_vote_is_counted_no_more_and_casts_no_more(leaves):
    vote = notice()
    leaves("aster", 3 * HOUR)
    cast(vote, "aster", HOUR)
    cast(vote, "borealis", HOUR)
    with pytest.raises(NotEntitledAnyMore):
        cast(vote, "aster", 3 * HOUR)
    assert Ballot.objects.count() == Entry.objects.filter(kind="ballot.cast").count() == 2
    before, after = (course_of(get_vote(vote.key), NOON + hours * HOUR).tally.counts[0] for hours in (2, 3))
    assert (before.consents, before.members, after.consents, after.members) == (2, 4, 1, 3)
    assert counting_of(get_vote(vote.key), NOON + 3 * HOUR).figures().counts[0] == after
    advance_vote(vote=vote, at=NOON + 48 * HOUR)
    assert vote.tally["classes"][0]["members"] == 3


def test_who_left_after_the_close_stays_in_the_count():
    vote = notice()
    cast(vote, "aster", HOUR)
    withdraws("aster", 49 * HOUR)
    assert course_of(get_vote(vote.key), NOON + 60 * HOUR).tally.counts[0].consents == 1


def test_a_party_that_accedes_in_mid_vote_votes_from_the_next_notice_on():
    vote = notice()
    factories.parties("elbe")
    assert not vote.roll.filter(organisation__key="elbe").exists()
    assert notice().roll.filter(organisation__key="elbe").exists()
