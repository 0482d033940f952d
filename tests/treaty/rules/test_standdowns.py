from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treaty.rules.standdowns import (
    Conclusion,
    StageKey,
    StageState,
    StandDownFacts,
    delay_account,
    missing_before,
    overdue,
    stages,
)
from treaty.rules.standing import Basis, CaseValue, Dispute, Standing, VerificationValue, dispute, standing_of
from treaty.rules.text import Level

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
WITHIN = {"acknowledge": "24 h", "halt": "72 h", "declare": "5 d", "verify": "14 d"}
LEVEL = Level(
    title="Pause",
    rank=2,
    training_above_flop="1e24",
    stages=tuple({"key": key, "within": within} for key, within in WITHIN.items()),
    site_modes=("inference_only", "powered_off"),
    source="this test",
)
ALL_DONE = {
    key: NOON + timedelta(hours=1) for key in (StageKey.ACKNOWLEDGE, StageKey.HALT, StageKey.DECLARE, StageKey.VERIFY)
}


def hours(number):
    return NOON + timedelta(hours=number)


def stage(key, facts, at):
    return next(one for one in stages(LEVEL, facts, at) if one.key is key)


@pytest.mark.parametrize(("at", "state"), [(hours(24) - TICK, StageState.DUE), (hours(24), StageState.LATE)])
def test_a_stage_is_late_from_its_deadline_on(at, state):
    assert stage(StageKey.ACKNOWLEDGE, StandDownFacts(NOON), at).state is state


@pytest.mark.parametrize(("done", "state"), [(hours(24) - TICK, StageState.DONE), (hours(24), StageState.DONE_LATE)])
def test_what_is_done_at_the_deadline_is_done_late(done, state):
    facts = StandDownFacts(NOON, {StageKey.ACKNOWLEDGE: done})
    assert stage(StageKey.ACKNOWLEDGE, facts, hours(48)).state is state


def test_lateness_runs_on_until_the_stage_is_done_and_then_stays():
    late = StandDownFacts(NOON)
    done = StandDownFacts(NOON, {StageKey.ACKNOWLEDGE: hours(30)})
    assert stage(StageKey.ACKNOWLEDGE, late, hours(38)).late_by == timedelta(hours=14)
    assert stage(StageKey.ACKNOWLEDGE, done, hours(38)).late_by == timedelta(hours=6)


def test_delays_add_up():
    facts = StandDownFacts(NOON, {StageKey.ACKNOWLEDGE: hours(30), StageKey.HALT: hours(74)})
    assert delay_account(stages(LEVEL, facts, hours(80))) == timedelta(hours=8)


def test_a_vote_can_move_a_deadline_later_but_never_earlier():
    later = StandDownFacts(NOON, extended_until={StageKey.HALT: hours(100)})
    earlier = StandDownFacts(NOON, extended_until={StageKey.HALT: hours(1)})
    assert stage(StageKey.HALT, later, hours(80)).state is StageState.DUE
    assert stage(StageKey.HALT, earlier, hours(2)).due_at == hours(72)


def test_what_will_be_done_later_is_not_done_yet():
    facts = StandDownFacts(NOON, {StageKey.HALT: hours(10)})
    assert stage(StageKey.HALT, facts, hours(9)).done_at is None


def test_a_declaration_needs_acknowledgement_and_halt_before_it():
    standings = stages(LEVEL, StandDownFacts(NOON, {StageKey.ACKNOWLEDGE: hours(1)}), hours(2))
    assert missing_before(StageKey.DECLARE, standings) == (StageKey.HALT,)


@given(st.integers(0, 2000), st.dictionaries(st.sampled_from(list(StageKey)), st.integers(0, 2000)))
def test_the_delay_account_never_shrinks_with_time(at, done):
    facts = StandDownFacts(NOON, {key: hours(after) for key, after in done.items()})
    assert delay_account(stages(LEVEL, facts, hours(at))) <= delay_account(stages(LEVEL, facts, hours(at + 7)))


def judge(done=ALL_DONE, verifications=(), cases=(), bound=True, at=NOON + timedelta(hours=2)):
    found = stages(LEVEL, StandDownFacts(NOON, done), at)
    return standing_of(bound=bound, stages=found, verifications=verifications, cases=cases, at=at)


CONSISTENT = VerificationValue(Conclusion.CONSISTENT, hours(1), hours(500))


def test_a_verified_stand_down_is_compliant():
    assert judge(verifications=[CONSISTENT]).standing is Standing.COMPLIANT


def test_a_lab_that_is_not_bound_has_no_standing():
    assert judge(bound=False).standing is Standing.NOT_APPLICABLE


def test_verification_that_has_expired_leaves_the_conclusion_open():
    assert judge(verifications=[CONSISTENT], at=hours(500)).standing is Standing.UNABLE


@pytest.mark.parametrize(
    ("conclusion", "standing"),
    [(Conclusion.INCONCLUSIVE, Standing.UNABLE), (Conclusion.DISCREPANCY, Standing.POTENTIAL_BREACH)],
)
def test_the_newest_conclusion_counts(conclusion, standing):
    newer = VerificationValue(conclusion, hours(2))
    assert judge(verifications=[newer, CONSISTENT], at=hours(3)).standing is standing


def test_a_body_that_cannot_conclude_without_a_visit_disputes_what_a_visit_verified_until_the_next():
    verified = replace(CONSISTENT, reference="2026-1")
    disputed = VerificationValue(Conclusion.INCONCLUSIVE, hours(2))
    answer = judge(verifications=[disputed, verified], at=hours(3))
    assert (answer.standing, answer.basis, answer.reference) == (Standing.UNABLE, Basis.DISPUTED, "2026-1")
    again = replace(verified, at=hours(4), reference="2026-2")
    assert judge(verifications=[verified, disputed, again], at=hours(5)).standing is Standing.COMPLIANT
    assert judge(verifications=[disputed], at=hours(3)).basis is Basis.INCONCLUSIVE


VERIFICATIONS = st.lists(
    st.tuples(st.sampled_from(list(Conclusion)), st.booleans()).map(lambda it: (it[0], "2026-1" if it[1] else "")),
    max_size=6,
).map(lambda told: [VerificationValue(it, hours(n), reference=visit) for n, (it, visit) in enumerate(told)])


@given(VERIFICATIONS, st.randoms(use_true_random=False))
def test_no_word_settles_a_dispute_only_a_visit_that_finds_all_consistent(told, chance):
    at = hours(len(told))
    found = dispute(chance.sample(told, len(told)), at)
    visits = [one.at for one in told if one.reference and one.conclusion is Conclusion.CONSISTENT]
    against = [one.at for one in told if not one.reference and one.conclusion is not Conclusion.CONSISTENT]
    assert (found is not None) == any(visits and one > max(visits) for one in against)
    said = VerificationValue(Conclusion.CONSISTENT, at)
    assert dispute([*told, said], at) == found
    assert dispute([*told, replace(said, reference="2026-2")], at) is None
    if found:
        assert judge(verifications=[*told, said], at=at).standing is not Standing.COMPLIANT


def test_a_dispute_begins_at_the_instant_of_the_dissent():
    verified = replace(CONSISTENT, reference="2026-1")
    told = [
        verified,
        VerificationValue(Conclusion.INCONCLUSIVE, hours(2)),
        VerificationValue(Conclusion.INCONCLUSIVE, hours(3)),
    ]
    assert dispute(told, hours(2) - TICK) is None
    assert dispute(told, hours(2)) == dispute(told, hours(4)) == Dispute(hours(2), "2026-1")


def test_lateness_is_a_potential_breach_not_a_breach():
    answer = judge(done={}, at=hours(25))
    assert (answer.standing, answer.basis, answer.reference) == (Standing.POTENTIAL_BREACH, Basis.LATE, "acknowledge")


def test_only_a_determination_makes_a_breach_and_closing_the_case_ends_it():
    case = CaseValue("2026-01", hours(1), determined_at=hours(2), closed_at=hours(3))
    assert judge(verifications=[CONSISTENT], cases=[case], at=hours(1)).standing is Standing.POTENTIAL_BREACH
    assert judge(verifications=[CONSISTENT], cases=[case], at=hours(2)).standing is Standing.BREACH
    assert judge(verifications=[CONSISTENT], cases=[case], at=hours(3)).standing is Standing.COMPLIANT


@given(
    st.dictionaries(st.sampled_from(list(ALL_DONE)), st.integers(0, 400).map(hours)),
    st.lists(
        st.builds(
            VerificationValue,
            st.sampled_from(list(Conclusion)),
            st.integers(0, 400).map(hours),
            st.one_of(st.none(), st.integers(0, 400).map(hours)),
        ),
        max_size=3,
    ),
    st.integers(0, 400).map(hours),
)
def test_missing_data_is_never_compliant(done, verifications, at):
    answer = judge(done=done, verifications=verifications, at=at)
    if answer.standing is Standing.COMPLIANT:
        assert all(one.done_at for one in stages(LEVEL, StandDownFacts(NOON, done), at))
        assert any(
            one.conclusion is Conclusion.CONSISTENT and one.at <= at and (one.expires_at is None or at < one.expires_at)
            for one in verifications
        )


def test_stages_done_late_stay_listed_for_the_case_they_open():
    facts = StandDownFacts(NOON, {StageKey.ACKNOWLEDGE: hours(30)})
    assert [one.key for one in overdue(stages(LEVEL, facts, hours(31)))] == [StageKey.ACKNOWLEDGE]
