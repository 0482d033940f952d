from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from treaty.rules.ballots import receipt_instant
from treaty.rules.courses import Facts, Repudiated, course, dropped, open_until
from treaty.rules.parties import Departure, Status
from treaty.rules.profiles import VoteProfile
from treaty.rules.vote_states import Event, NoSuchTransition, State, next_state
from treaty.rules.votes import BallotValue, Choice, Counting, Outcome, Reason, Recusal, Roll, RollMember

YES, NO, ABSTAIN = Choice.CONSENT, Choice.OBJECT, Choice.ABSTAIN
T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, MICRO = timedelta(hours=1), timedelta(microseconds=1)


def profile(**fields):
    labs = {"name": "labs", "members": "labs", "threshold": {"share": "1/2", "strict": True, "base": "valid"}}
    return VoteProfile.model_validate(
        {
            "title": "A rule for tests",
            "electorates": [labs | fields.pop("labs", {})],
            "notice": "1 h",
            "period": "48 h",
            "timelock": "0 h",
            "source": "this test",
        }
        | fields
    )


SILENT = {"silence": {"period": "24 h", "blocking": "1/3"}}
ROLL = Roll(tuple(RollMember(f"m{n}", "labs") for n in range(6)))


def at(hours):
    return T0 + timedelta(hours=hours)


def cast(member, choice, hours, sequence=1):
    return BallotValue(f"m{member}", choice, at(hours), sequence)


def run(rule, ballots, hours, *, roll=ROLL, **facts):
    facts = {name: at(value) for name, value in facts.items()}
    return course(rule, roll, ballots, Facts(at(-1), T0, **facts), at(hours))


@pytest.mark.parametrize(
    ("hours", "state"),
    [(-0.5, State.NOTICED), (0, State.OPEN), (47.9, State.OPEN), (48, State.REJECTED)],
)
def test_a_vote_is_open_from_its_opening_up_to_not_including_its_close(hours, state):
    assert run(profile(), [], hours).state is state


@pytest.mark.parametrize(("received", "counted"), [(-MICRO, 0), (0 * HOUR, 1), (48 * HOUR - MICRO, 1), (48 * HOUR, 0)])
def test_a_ballot_counts_from_the_opening_instant_up_to_not_including_the_closing_one(received, counted):
    ballot = BallotValue("m0", YES, T0 + received)
    assert run(profile(), [ballot], 60).tally.counts[0].consents == counted


def test_nobody_objecting_adopts_by_silence_at_the_end_of_its_period():
    assert run(profile(**SILENT), [], 23).state is State.SILENCE
    result = run(profile(**SILENT), [], 24)
    assert (result.decision.reason, result.closed_at) == (Reason.SILENCE, at(24))


def test_exactly_a_third_objecting_is_still_silence_and_one_more_makes_it_contested():
    two = [cast(0, NO, 1), cast(1, NO, 2)]
    assert run(profile(**SILENT), two, 30).decision.reason is Reason.SILENCE
    contested = run(profile(**SILENT), [*two, cast(2, NO, 3)], 4)
    assert (contested.state, contested.contested_at, contested.closes_at) == (State.CONTESTED, at(3), at(51))


def test_a_contested_vote_stays_contested_when_an_objector_turns():
    ballots = [cast(0, NO, 1), cast(1, NO, 1), cast(2, NO, 1), cast(2, YES, 2, sequence=2)]
    result = run(profile(**SILENT), ballots, 60)
    assert (result.decision.reason, result.closed_at) == (Reason.THRESHOLD, at(49))


def test_ballots_of_the_silence_count_in_the_contested_vote():
    ballots = [cast(n, NO, 1) for n in range(3)] + [cast(n, YES, 30) for n in (3, 4, 5)]
    assert run(profile(**SILENT), ballots, 60).decision.reason is Reason.TIE


def test_silence_adopts_nothing_when_everybody_is_recused():
    recused = Roll(tuple(RollMember(f"m{n}", "labs", recused=Recusal.SUBJECT) for n in range(3)))
    result = run(profile(**SILENT), [], 30, roll=recused)
    assert (result.state, result.decision.outcome) == (State.REFERRED, Outcome.REJECTED)


def test_it_closes_early_once_nothing_can_change_it_and_the_minimum_time_has_passed():
    ballots = [cast(n, YES, n + 1) for n in range(4)]
    assert run(profile(), ballots, 47).closed_at is None
    assert run(profile(minimum_open="2 h"), ballots, 47).closed_at == at(4)
    assert run(profile(minimum_open="12 h"), ballots, 47).closed_at == at(12)
    assert run(profile(minimum_open="12 h"), ballots, 11).closed_at is None


def test_a_ballot_changed_before_an_early_close_can_reopen_the_question():
    ballots = [cast(n, YES, 1) for n in range(4)] + [cast(0, NO, 2, sequence=2)]
    assert run(profile(minimum_open="12 h"), ballots, 47).closed_at is None


def test_a_ballot_after_an_early_close_does_not_count():
    ballots = [cast(n, YES, 1) for n in range(4)] + [cast(5, NO, 3)]
    assert run(profile(minimum_open="2 h"), ballots, 48).tally.counts[0].objections == 0


LATE = {"labs": {"quorum": "1/2"}, "extension": {"window": "6 h", "by": "10 h", "on": ["quorum"]}}


def test_a_quorum_reached_late_extends_once():
    ballots = [cast(0, YES, 1), cast(1, YES, 2), cast(2, YES, 44), cast(3, YES, 57)]
    result = run(profile(**LATE), ballots, 50)
    assert (result.state, result.extended_at, result.closes_at) == (State.EXTENDED, at(44), at(58))
    assert run(profile(**LATE), ballots, 58).closed_at == at(58)


def test_a_quorum_reached_in_time_extends_nothing():
    assert run(profile(**LATE), [cast(n, YES, 41) for n in range(3)], 48).closed_at == at(48)


def test_a_quorum_reached_at_the_first_instant_of_the_window_extends():
    assert run(profile(**LATE), [cast(n, YES, 42) for n in range(3)], 48).extended_at == at(42)


def test_an_extension_counted_from_the_event_never_brings_the_close_forward():
    rule = profile(labs={"quorum": "1/2"}, extension=LATE["extension"] | {"by": "1 h", "counted_from": "event"})
    assert run(rule, [cast(n, YES, 43) for n in range(3)], 47).closes_at == at(48)


def test_an_extension_is_capped():
    rule = profile(labs={"quorum": "1/2"}, extension=LATE["extension"] | {"longest": "50 h"})
    assert run(rule, [cast(n, YES, 43) for n in range(3)], 47).closes_at == at(50)


def test_a_late_swing_extends_and_only_objections_are_taken_then():
    rule = profile(extension={"window": "6 h", "by": "10 h", "on": ["swing"], "objections_only": True})
    ballots = [cast(0, YES, 1), cast(1, NO, 45), cast(2, YES, 50), cast(3, NO, 51)]
    result = run(rule, ballots, 52)
    assert result.objections_only
    assert (result.tally.counts[0].consents, result.tally.counts[0].objections) == (1, 2)


def test_an_adopted_decision_waits_then_is_ready_then_expires():
    rule = profile(timelock="72 h", grace="24 h")
    ballots = [cast(0, YES, 1)]
    states = [run(rule, ballots, hours).state for hours in (48, 119.9, 120, 143.9, 144)]
    assert states == [State.WAITING, State.WAITING, State.READY, State.READY, State.EXPIRED]
    assert run(rule, ballots, 200, effect_applied_at=130).state is State.IN_EFFECT


def test_an_emergency_decision_lapses_unless_it_is_ratified_in_time():
    rule = profile(emergency={"lapses": "14 d", "ratified_by": "ratify"})
    ballots = [cast(0, YES, 1)]
    facts = {"effect_applied_at": 48}
    assert run(rule, ballots, 49, **facts).state is State.PROVISIONAL
    assert run(rule, ballots, 48 + 14 * 24, **facts).state is State.LAPSED
    assert run(rule, ballots, 48 + 14 * 24, ratified_at=100, **facts).state is State.RATIFIED


def test_what_arrives_after_a_withdrawal_changes_nothing():
    result = run(profile(), [cast(0, YES, 11)], 100, withdrawn_at=10)
    assert (result.state, result.closed_at, result.tally.counts[0].consents) == (State.WITHDRAWN, None, 0)


def test_a_decided_vote_cannot_be_decided_again():
    with pytest.raises(NoSuchTransition):
        next_state(State.REJECTED, Event.ADOPT)


instants = st.integers(0, 60 * 48).map(lambda minutes: timedelta(minutes=minutes))
cast_ballots = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([YES, NO, ABSTAIN]), instants),
    max_size=14,
)
profiles = st.sampled_from(
    [
        profile(),
        profile(**SILENT),
        profile(minimum_open="6 h"),
        profile(sealed=True),
        profile(**LATE),
        profile(**SILENT, minimum_open="3 h", extension={"window": "6 h", "by": "9 h", "on": ["quorum", "swing"]}),
    ]
)


def sequenced(drawn):
    """The ballots as they are received: those that come in at one instant are received one after the other."""
    numbers, made, last = {}, [], None
    for member, choice, after in sorted(drawn, key=lambda one: one[2]):
        numbers[member] = numbers.get(member, 0) + 1
        last = receipt_instant(T0 + after, last)
        made.append(BallotValue(f"m{member}", choice, last, numbers[member]))
    return made


@given(cast_ballots)
def test_no_two_ballots_of_a_vote_are_received_at_one_instant_and_none_before_it_came(drawn):
    received = [ballot.received_at for ballot in sequenced(drawn)]
    assert received == sorted(set(received))
    assert all(
        T0 + after <= at for (*_, after), at in zip(sorted(drawn, key=lambda one: one[2]), received, strict=True)
    )


@given(profiles, cast_ballots, st.randoms(), st.lists(instants, max_size=4))
def test_however_late_one_looks_the_close_is_the_same(rule, drawn, random, looks):
    ballots = sequenced(drawn)
    last = course(rule, ROLL, ballots, Facts(T0 - HOUR, T0), T0 + 200 * HOUR)
    assert last.closed_at is not None
    random.shuffle(ballots)
    for late in (last.closed_at - T0, *(last.closed_at - T0 + look for look in looks)):
        again = course(rule, ROLL, ballots, Facts(T0 - HOUR, T0), T0 + late)
        assert (again.closed_at, again.decision, again.tally) == (last.closed_at, last.decision, last.tally)


@given(cast_ballots, instants, st.one_of(st.none(), st.integers(0, 50)))
def test_nothing_about_a_sealed_vote_depends_on_its_ballots_before_its_close(drawn, now, withdrawn):
    rule, ballots = profile(sealed=True), sequenced(drawn)
    facts = Facts(T0 - HOUR, T0, withdrawn_at=None if withdrawn is None else T0 + withdrawn * HOUR)
    seen = course(rule, ROLL, ballots, facts, T0 + now)
    if seen.closed_at is None:
        assert seen == course(rule, ROLL, [], facts, T0 + now)


@given(profiles, cast_ballots, instants)
def test_a_state_at_an_instant_depends_on_nothing_that_came_later(rule, drawn, now):
    ballots = sequenced(drawn)
    known = [ballot for ballot in ballots if ballot.received_at <= T0 + now]
    facts = Facts(T0 - HOUR, T0)
    assert course(rule, ROLL, ballots, facts, T0 + now) == course(rule, ROLL, known, facts, T0 + now)


DROPS = {"roll_changes": {"withdrawn": "drop", "suspended": "drop", "merged": "one_vote"}, "labs": {"quorum": "1/2"}}
departures = st.lists(
    st.builds(
        Departure,
        st.integers(0, 5).map("m{}".format),
        instants.map(lambda after: T0 + after),
        st.sampled_from([Status.WITHDRAWN, Status.SUSPENDED, Status.MERGED]),
    ),
    max_size=3,
    unique_by=lambda one: one.lab,
)


def leaving(member, hours, why=Status.WITHDRAWN):
    return Departure(f"m{member}", at(hours), why)


@pytest.mark.parametrize("why", [Status.WITHDRAWN, Status.SUSPENDED, Status.MERGED])
def test_who_leaves_in_mid_vote_leaves_the_roll_with_its_ballot_where_the_rule_says_so(why):
    ballots = [cast(0, YES, 1), cast(1, YES, 1), cast(2, NO, 1)]
    gone = (leaving(0, 5, why),)
    facts = Facts(at(-1), T0, departures=gone)
    before, after = (course(profile(**DROPS), ROLL, ballots, facts, at(hours)) for hours in (4, 5))
    assert (before.tally.counts[0].consents, before.tally.counts[0].members) == (2, 6)
    assert (after.tally.counts[0].consents, after.tally.counts[0].members) == (1, 5)
    kept = course(profile(labs={"quorum": "1/2"}), ROLL, ballots, facts, at(60))
    assert kept.tally.counts[0].members == 6


def test_of_several_departures_the_first_that_the_rule_heeds_counts():
    heeds = profile(roll_changes={"withdrawn": "drop", "merged": "one_vote"})
    gone = [leaving(0, 9), leaving(0, 3, Status.SUSPENDED), leaving(0, 5, Status.MERGED)]
    assert dropped(heeds, gone) == [gone[2]]
    assert dropped(heeds, gone[:2]) == [gone[0]]


def test_objections_that_become_too_many_when_somebody_leaves_make_a_silence_contested():
    ballots = [cast(0, NO, 1), cast(1, NO, 2)]
    facts = Facts(at(-1), T0, departures=(leaving(5, 7),))
    result = course(profile(**SILENT, **DROPS), ROLL, ballots, facts, at(8))
    assert (result.state, result.contested_at) == (State.CONTESTED, at(7))


def test_a_vote_that_everybody_left_is_referred_and_never_adopted():
    facts = Facts(at(-1), T0, departures=tuple(leaving(n, n) for n in range(6)))
    result = course(profile(**SILENT, **DROPS), ROLL, [cast(0, YES, 0)], facts, at(100))
    assert (result.state, result.decision.outcome) == (State.REFERRED, Outcome.REJECTED)


def test_who_leaves_at_the_closing_instant_or_later_changes_nothing():
    ballots = [cast(n, YES, 1) for n in range(3)]
    for hours, consents in ((47.9, 2), (48, 3), (60, 3)):
        facts = Facts(at(-1), T0, departures=(leaving(0, hours),))
        assert course(profile(**DROPS), ROLL, ballots, facts, at(99)).tally.counts[0].consents == consents


@given(profiles, cast_ballots, departures, instants, st.randoms())
def test_departures_count_as_of_their_instant_in_whatever_order_one_looks(rule, drawn, gone, now, random):
    rule = rule.model_copy(update={"roll_changes": profile(**DROPS).roll_changes})
    ballots, shuffled = sequenced(drawn), list(gone)
    random.shuffle(shuffled)
    whole = course(rule, ROLL, ballots, Facts(T0 - HOUR, T0, departures=tuple(gone)), T0 + now)
    known = tuple(one for one in shuffled if one.at <= T0 + now)
    assert course(rule, ROLL, ballots, Facts(T0 - HOUR, T0, departures=known), T0 + now) == whole
    if whole.closed_at is None:
        assert whole.tally.counts[0].members == len(ROLL.members) - len(known)


@given(profiles, cast_ballots, departures, instants)
def test_before_the_first_instant_at_which_it_could_close_a_vote_takes_every_ballot(rule, drawn, gone, now):
    rule = rule.model_copy(update={"roll_changes": profile(**DROPS).roll_changes})
    assume(T0 + now < open_until(rule, T0))
    found = course(rule, ROLL, sequenced(drawn), Facts(T0 - HOUR, T0, departures=tuple(gone)), T0 + now)
    assert found.takes_ballots
    assert not found.objections_only


def test_that_instant_is_the_end_of_the_silence_or_of_the_minimum_where_it_comes_first():
    assert open_until(profile(), T0) == at(48)
    assert open_until(profile(**SILENT), T0) == at(24)
    assert open_until(profile(**SILENT, minimum_open="3 h"), T0) == at(3)


FACTS = Facts(T0 - HOUR, T0)
END = T0 + 300 * HOUR


@given(profiles, cast_ballots, st.integers(0, 5))
def test_a_consent_that_comes_last_never_defeats(rule, drawn, silent):
    ballots = [ballot for ballot in sequenced(drawn) if ballot.member != f"m{silent}"]
    before = course(rule, ROLL, ballots, FACTS, END)
    received = max((ballot.received_at for ballot in ballots), default=T0) + MICRO
    assume(before.decision.outcome is Outcome.ADOPTED and received < before.closed_at)
    after = course(rule, ROLL, [*ballots, BallotValue(f"m{silent}", YES, received)], FACTS, END)
    assert after.decision.outcome is Outcome.ADOPTED


late = st.integers(0, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))
late_ballots = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([YES, NO, ABSTAIN]), late), max_size=14, unique_by=lambda one: one[2]
)


@given(late_ballots, st.sampled_from([["quorum"], ["swing"], ["quorum", "swing"]]), late)
def test_in_the_added_time_for_objections_nothing_else_moves_anything(drawn, on, now):
    extension = {"window": "6 h", "by": "10 h", "on": on, "objections_only": True}
    rule, ballots = profile(labs={"quorum": "1/2"}, extension=extension), sequenced(drawn)
    heard = [ballot for ballot in ballots if ballot.received_at < T0 + 48 * HOUR or ballot.choice is NO]
    assert course(rule, ROLL, ballots, FACTS, T0 + now) == course(rule, ROLL, heard, FACTS, T0 + now)


hours = st.integers(0, 30 * 24)


@given(hours, st.none() | hours, hours)
def test_an_emergency_holds_until_it_lapses_unless_it_was_ratified_before(applied, ratified, now):
    rule = profile(emergency={"lapses": "14 d", "ratified_by": "ratify"})
    applied, lapses = 48 + applied, 48 + 14 * 24
    ratified = None if ratified is None else applied + ratified
    facts = {"effect_applied_at": applied} | ({} if ratified is None else {"ratified_at": ratified})
    result = run(rule, [cast(0, YES, 1)], applied + now, **facts)
    assert result.lapses_at == at(lapses)
    if ratified is not None and ratified <= applied + now and ratified < lapses:
        assert result.state is State.RATIFIED
    else:
        assert result.state is (State.LAPSED if applied + now >= lapses else State.PROVISIONAL)


@given(st.integers(0, 96), st.integers(0, 96), st.none() | st.integers(0, 95), st.integers(0, 400))
def test_what_was_adopted_expires_at_the_end_of_its_grace_unless_it_took_effect(timelock, grace, applied, now):
    rule = profile(timelock=f"{timelock} h", grace=f"{grace} h")
    ready, expires = 48 + timelock, 48 + timelock + grace
    took_effect = applied is not None and applied < grace and ready + applied <= now
    facts = {"effect_applied_at": ready + applied} if applied is not None and applied < grace else {}
    assume(now >= 48)
    expected = State.WAITING if now < ready else State.EXPIRED if now >= expires else State.READY
    assert run(rule, [cast(0, YES, 1)], now, **facts).state is (State.IN_EFFECT if took_effect else expected)


@given(profiles, cast_ballots, st.sets(st.integers(0, 13)), st.integers(200, 290))
def test_a_recount_leaves_out_what_was_repudiated_and_moves_no_instant(rule, drawn, numbers, hour):
    ballots = sequenced(drawn)
    gone = {(one.member, one.sequence) for number, one in enumerate(ballots) if number in numbers}
    facts = Facts(T0 - HOUR, T0, repudiated=tuple(Repudiated(*one, at(hour)) for one in sorted(gone)))
    before, after = course(rule, ROLL, ballots, FACTS, END), course(rule, ROLL, ballots, facts, END)
    assert course(rule, ROLL, ballots, facts, at(hour) - MICRO) == course(rule, ROLL, ballots, FACTS, at(hour) - MICRO)
    for instant in ("closed_at", "contested_at", "extended_at", "closes_at"):
        assert getattr(after, instant) == getattr(before, instant)
    if rule.minimum_open is None:  # where it may close early, a ballot received at that very instant may be the last
        counting = Counting(rule, ROLL)
        received = [one for one in ballots if one.received_at < before.closed_at]
        counting.put_all(one for one in received if (one.member, one.sequence) not in gone)
        assert after.tally.figures == counting.figures()
