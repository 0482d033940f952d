from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import Malformed, NotAllowed
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from treaty.actions.ballots import (
    BallotChanged,
    BallotsNotOpen,
    IsRecused,
    NotOnRoll,
    ReasonMissing,
    cast_ballot,
    next_ballot,
)
from treaty.actions.votes import (
    NoticeTooShort,
    UnknownDecision,
    VoteClosed,
    advance_due,
    advance_vote,
    notice_vote,
    withdraw_vote,
)
from treaty.models import Ballot, Vote
from treaty.queries.votes import awaiting, course_of, get_vote, open_votes, recent_votes
from treaty.rules.profiles import Choice
from treaty.rules.vote_states import State

pytestmark = pytest.mark.django_db

YES, NO, ABSTAIN = Choice.CONSENT, Choice.OBJECT, Choice.ABSTAIN
HOUR, MICRO = timedelta(hours=1), timedelta(microseconds=1)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe", "fjord", "ganges")


@pytest.fixture(autouse=True)
def parties():
    factories.parties(*LABS)


def notice(decision="start_pause_ordinary", **fields):
    fields = {
        "title": "Start a pause",
        "question": "Shall a pause at the level pause start?",
        "subject": {"level": "pause"},
        "requester": None,
        "subject_organisation": None,
        "by": None,
        "at": NOON,
    } | fields
    return notice_vote(decision=decision, **fields)


def cast(vote, key, choice, after=HOUR, **fields):
    lab = factories.laboratory(key)
    fields = {"reason": "It is too early." if choice is NO else "", "by": factories.representative(lab)} | fields
    return cast_ballot(vote=vote, organisation=lab, choice=choice, at=vote.opens_at + after, **fields)


def kinds():
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


def advanced(vote, after):
    return advance_vote(vote=vote, at=NOON + after)


def test_a_notice_freezes_text_rule_and_roll_and_is_recorded_once():
    vote = notice()
    assert vote.key == "2026-01"
    assert set(vote.roll.values_list("organisation__key", flat=True)) == set(LABS)
    assert vote.profile["electorates"][0]["members"] == "labs"
    assert kinds() == ["vote.noticed"]
    factories.party(factories.laboratory("hanbit"))
    assert vote.roll.count() == len(LABS)


def test_votes_are_numbered_in_the_year():
    assert [notice().key, notice().key] == ["2026-01", "2026-02"]


def test_a_decision_that_the_text_does_not_name_is_refused():
    with pytest.raises(UnknownDecision):
        notice("abolish_everything")
    assert kinds() == []


def test_a_vote_is_noticed_by_the_requester_s_own_representative_only():
    aster, other = factories.laboratory("aster"), factories.representative(factories.laboratory("borealis"))
    with pytest.raises(NotAllowed):
        notice(requester=aster, by=other)
    assert notice(requester=aster, by=factories.representative(aster)).requester == aster


def test_a_vote_does_not_open_before_its_notice_has_run():
    with pytest.raises(NoticeTooShort):
        notice("amend", opens_at=NOON + HOUR)


@pytest.mark.parametrize("title", ["", "x" * 201, "a\0b"])
def test_a_title_that_cannot_be_shown_is_refused(title):
    with pytest.raises(Malformed):
        notice(title=title)


def test_subject_requester_and_their_affiliates_are_recused_by_computation():
    aster, borealis, cobalt = (factories.laboratory(key) for key in LABS[:3])
    factories.affiliation(aster, cobalt)
    vote = notice(
        "stop_challenge", requester=borealis, subject_organisation=aster, by=factories.representative(borealis)
    )
    recused = dict(vote.roll.filter(recused=True).values_list("organisation__key", "recusal_reason"))
    assert recused == {"aster": "subject", "borealis": "requester", "cobalt": "affiliate"}
    with pytest.raises(IsRecused):
        cast(vote, "cobalt", YES)


def test_a_ballot_is_recorded_once_and_its_reason_stays_out_of_the_record():
    vote = notice()
    ballot = cast(vote, "aster", NO, reason="A reason only we know.")
    assert kinds() == ["vote.noticed", "ballot.cast"]
    entry = Entry.objects.get(kind="ballot.cast")
    assert b"only we know" not in bytes(entry.data)
    assert entry.hash == ballot.entry_hash
    assert ballot.hash.encode() in bytes(entry.data)


def test_a_later_ballot_supersedes_and_every_version_is_kept():
    vote = notice()
    first, second = cast(vote, "aster", YES), cast(vote, "aster", NO, 2 * HOUR)
    assert [ballot.sequence for ballot in (first, second)] == [1, 2]
    assert first.hash.encode() in bytes(Entry.objects.order_by("pk").last().data)
    count = course_of(get_vote(vote.key), NOON + 3 * HOUR).tally.counts[0]
    assert (count.consents, count.objections) == (0, 1)


def test_the_same_ballot_sent_again_is_cast_once():
    vote, aster = notice(), factories.laboratory("aster")
    checked = next_ballot(vote=vote, organisation=aster, choice=YES, reason="", at=NOON)
    first = cast(vote, "aster", YES, ballot=checked)
    assert first.hash == checked.hash
    assert cast(vote, "aster", YES, ballot=checked) == first
    assert kinds().count("ballot.cast") == 1


def test_a_ballot_that_is_not_the_one_that_was_checked_is_refused():
    vote, aster = notice(), factories.laboratory("aster")
    checked = next_ballot(vote=vote, organisation=aster, choice=YES, reason="", at=NOON)
    with pytest.raises(BallotChanged):
        cast(vote, "aster", NO, ballot=checked)
    cast(vote, "aster", NO)
    with pytest.raises(BallotChanged):
        cast(vote, "aster", YES, ballot=checked)
    again = next_ballot(vote=vote, organisation=aster, choice=YES, reason="", at=NOON)
    assert cast(vote, "aster", YES, ballot=again).sequence == 2


@pytest.mark.parametrize(
    ("decision", "after", "refusal"),
    [
        ("ratify_emergency", -MICRO, BallotsNotOpen),
        ("ratify_emergency", timedelta(0), None),
        ("ratify_emergency", timedelta(days=5) - MICRO, None),
        ("ratify_emergency", timedelta(days=5), VoteClosed),
        ("start_pause_ordinary", 48 * HOUR - MICRO, None),
        ("start_pause_ordinary", 48 * HOUR, VoteClosed),
    ],
)
def test_a_ballot_is_taken_from_the_opening_up_to_not_including_the_close(decision, after, refusal):
    vote = notice(decision, opens_at=NOON + HOUR)
    if refusal is None:
        assert cast(vote, "aster", YES, after).sequence == 1
        return
    with pytest.raises(refusal):
        cast(vote, "aster", YES, after)
    assert Ballot.objects.count() == 0
    assert kinds() == ["vote.noticed"]


def test_somebody_else_s_representative_does_not_cast_a_ballot():
    vote = notice()
    with pytest.raises(NotAllowed):
        cast(vote, "aster", YES, by=factories.representative(factories.laboratory("borealis")))
    assert kinds() == ["vote.noticed"]


def test_whoever_is_not_on_the_roll_does_not_vote():
    vote = notice()
    with pytest.raises(NotOnRoll):
        cast(vote, "hanbit", YES)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_an_objection_without_a_reason_is_refused(reason):
    vote = notice()
    with pytest.raises(ReasonMissing):
        cast(vote, "aster", NO, reason=reason)
    assert Ballot.objects.count() == 0


def test_silence_adopts_after_its_period_and_the_record_says_so_once():
    vote = notice()
    cast(vote, "aster", NO)
    for late in (48 * HOUR, 48 * HOUR, 300 * HOUR):
        advanced(vote, late)
    assert (vote.outcome, vote.reason, vote.closed_at) == ("adopted", "silence", NOON + 48 * HOUR)
    assert kinds().count("vote.closed") == 1


def test_more_than_a_third_objecting_opens_a_full_new_period():
    vote = notice()
    for number, key in enumerate(LABS[:3], start=1):
        cast(vote, key, NO, number * HOUR)
    advanced(vote, 3 * HOUR)
    assert (vote.contested_at, vote.closes_at) == (NOON + 3 * HOUR, NOON + 51 * HOUR)
    assert kinds()[-1] == "vote.contested"
    for key in LABS[3:6]:
        cast(vote, key, YES, 50 * HOUR)
    advanced(vote, 51 * HOUR)
    assert (vote.outcome, vote.reason) == ("rejected", "tie")


def test_a_sweep_that_comes_after_everything_writes_what_a_prompt_one_would_have():
    prompt, late = notice(), notice()
    for vote in (prompt, late):
        for key in LABS[:3]:
            cast(vote, key, NO)
        for key in LABS[3:]:
            cast(vote, key, YES, 40 * HOUR)
    for hour in range(0, 60, 5):
        advanced(prompt, hour * HOUR)
    advanced(late, 500 * HOUR)
    for name in ("contested_at", "closes_at", "closed_at", "outcome", "reason", "tally", "effective_at"):
        assert getattr(prompt, name) == getattr(late, name)
    assert prompt.outcome == "adopted"


def test_the_closing_entry_holds_every_standing_ballot_and_the_counts():
    vote = notice()
    cast(vote, "aster", YES)
    last = cast(vote, "aster", NO, 2 * HOUR)
    advanced(vote, 48 * HOUR)
    data = bytes(Entry.objects.get(kind="vote.closed").data)
    assert last.entry_hash.encode() in data
    assert b'"objections":1' in data
    assert b'"ballots_received":2' in data


def test_a_ballot_that_waited_for_the_close_is_refused():
    vote = notice()
    advanced(vote, 48 * HOUR)
    with pytest.raises(VoteClosed):
        cast(vote, "aster", YES, 47 * HOUR)


def test_a_vote_in_two_classes_needs_both():
    factories.accreditations("ivb", "nordic")
    vote = notice("resume")
    for key in LABS:
        cast(vote, key, YES)
    advanced(vote, 72 * HOUR)
    assert (vote.outcome, vote.reason) == ("rejected", "class")


def test_an_adopted_resumption_waits_for_its_timelock():
    factories.accreditations("ivb", "nordic")
    vote = notice("resume")
    for key in LABS[:5]:
        cast(vote, key, YES)
    ivb = factories.body("ivb")
    cast_ballot(vote=vote, organisation=ivb, choice=YES, by=factories.officer(ivb), at=NOON + HOUR)
    advanced(vote, 72 * HOUR)
    assert (vote.outcome, vote.closed_at, vote.effective_at) == ("adopted", NOON + 24 * HOUR, NOON + 96 * HOUR)
    assert course_of(get_vote(vote.key), NOON + 95 * HOUR).state is State.WAITING
    assert course_of(get_vote(vote.key), NOON + 96 * HOUR).state is State.READY


def test_when_everybody_is_recused_the_matter_is_referred_and_never_adopted():
    aster, *others = (factories.laboratory(key) for key in LABS)
    for lab in others:
        factories.affiliation(aster, lab)
    vote = notice("stop_challenge", subject_organisation=aster)
    advanced(vote, 12 * HOUR)
    assert (vote.outcome, vote.reason) == ("rejected", "all_recused")
    assert course_of(get_vote(vote.key), NOON + 13 * HOUR).state is State.REFERRED


def test_a_vote_is_withdrawn_once_by_whoever_asked_for_it():
    aster = factories.laboratory("aster")
    person = factories.representative(aster)
    vote = notice(requester=aster, by=person)
    with pytest.raises(NotAllowed):
        withdraw_vote(
            vote=vote, reason="No need.", by=factories.representative(factories.laboratory("elbe")), at=NOON + HOUR
        )
    for _ in range(2):
        withdraw_vote(vote=vote, reason="No need.", by=person, at=NOON + HOUR)
    assert kinds() == ["vote.noticed", "vote.withdrawn"]
    with pytest.raises(VoteClosed):
        cast(vote, "elbe", YES, 2 * HOUR)
    advanced(vote, 100 * HOUR)
    assert vote.outcome == ""


def test_a_decided_vote_is_not_withdrawn():
    vote, person = notice(), factories.depositary()
    with pytest.raises(VoteClosed):
        withdraw_vote(vote=vote, reason="Too late.", by=person, at=NOON + 48 * HOUR)


def test_the_sweep_advances_what_is_due_and_nothing_else():
    first, second = notice(), notice(opens_at=NOON + 10 * HOUR)
    assert advance_due(at=NOON + 48 * HOUR) == 2
    assert advance_due(at=NOON + 48 * HOUR) == 0
    assert [get_vote(vote.key).outcome for vote in (first, second)] == ["adopted", ""]


def test_one_vote_that_cannot_be_advanced_does_not_stop_the_rest(monkeypatch, caplog):
    from treaty.actions import votes

    first, second = notice(), notice()
    whole = votes.course_of

    def broken(vote, at):
        if vote.key == first.key:
            raise RuntimeError("broken row")
        return whole(vote, at)

    monkeypatch.setattr(votes, "course_of", broken)
    advance_due(at=NOON + 48 * HOUR)
    assert [get_vote(vote.key).outcome for vote in (first, second)] == ["", "adopted"]
    assert "could not be advanced" in caplog.text


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE treaty_ballot SET choice = 'abstain'",
        "DELETE FROM treaty_ballot",
        "UPDATE treaty_rollentry SET weight_numerator = 5",
        "UPDATE treaty_vote SET question = 'another one'",
        "UPDATE treaty_vote SET reason = 'veto', outcome = 'rejected'",
    ],
)
def test_what_is_frozen_cannot_be_changed_by_sql(sql):
    vote = notice()
    cast(vote, "aster", YES)
    advanced(vote, 48 * HOUR)
    with (
        pytest.raises(DatabaseError, match=r"append-only|frozen|stands"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_lists_show_open_votes_first_to_close_and_what_awaits_a_laboratory():
    aster = factories.laboratory("aster")
    late, soon = notice(opens_at=NOON + HOUR), notice()
    assert [one.vote for one in open_votes(NOON + 2 * HOUR)] == [soon, late]
    assert awaiting(aster, NOON + 2 * HOUR) == [soon, late]
    cast(soon, "aster", YES)
    assert awaiting(aster, NOON + 2 * HOUR) == [late]
    assert [one.vote for one in recent_votes(NOON + 48 * HOUR)] == [soon]
    assert Vote.objects.filter(closed_at=None).count() == 2
