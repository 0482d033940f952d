"""A pause under events in any order: confirmations, withdrawals, votes, findings of every truth, time, and sweeps that come or not."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.truth import Truth
from tests.treaty.rules.test_pauses import LABS, NOON, facts, pledges, terms
from treaty.rules.pauses import (
    BINDING,
    OVER,
    TRANSITIONS,
    PauseState,
    activation_outcome,
    next_state,
    state_at,
    steps,
)
from treaty.rules.resumption import Move, next_move

TRUTHS = st.sampled_from(Truth)
REACHABLE = {state: {after for (before, _), after in TRANSITIONS.items() if before is state} for state in PauseState}
for _ in PauseState:  # what lies any number of steps ahead
    REACHABLE = {
        state: {state, *ahead, *(it for one in ahead for it in REACHABLE[one])} for state, ahead in REACHABLE.items()
    }


class AnyOrder(RuleBasedStateMachine):
    """What the actions do to the rows, with the checks that the actions make, and none of the order that people keep."""

    at: datetime

    @initialize(
        emergency=st.booleans(),
        fallback=st.sampled_from(["lapses", "in_force_for_confirmed"]),
        sunset=st.sampled_from([None, "30 d"]),
    )
    def start(self, *, emergency, fallback, sunset):
        self.at, self.terms = NOON, terms(fallback, sunset=sunset)
        self.facts = facts(emergency=emergency, pledges=pledges(), in_force_at=NOON if emergency else None)
        self.reached, self.seen = 0, PauseState.ADOPTED

    @property
    def state(self):
        return state_at(self.facts, self.terms, self.at)

    @rule(hours=st.sampled_from([1, 24, 7 * 24, 20 * 24]))
    def time_passes(self, hours):
        self.at += timedelta(hours=hours)

    @rule(lab=st.sampled_from(LABS), gives=st.booleans())
    def pledge(self, lab, *, gives):
        if self.state is not PauseState.ACTIVATING:
            return

        def changed(one):
            if one.lab != lab:
                return one
            if gives:
                return replace(one, confirmed_at=self.at, withdrawn_at=None)
            return replace(one, withdrawn_at=self.at) if one.is_confirmed else one

        self.facts = replace(self.facts, pledges=tuple(map(changed, self.facts.pledges)))

    @rule()
    def a_sweep_writes_down_that_it_is_in_force(self):
        if (
            self.facts.in_force_at is None
            and (found := activation_outcome(self.facts, self.terms)).at <= self.at
            and found.in_force
        ):
            self.facts = replace(self.facts, in_force_at=found.at)

    @rule()
    def ratify(self):
        if self.facts.emergency and self.facts.ratified_at is None and self.state in BINDING:
            self.facts = replace(self.facts, ratified_at=self.at)

    @rule(criteria=TRUTHS, hours=st.sampled_from([0, 7 * 24]))
    def resume(self, criteria, hours):
        if self.state is PauseState.IN_FORCE and criteria is Truth.TRUE and self.facts.in_force_at:
            self.facts = replace(self.facts, resumptions=(*self.facts.resumptions, (self.at, None)))
            self.reached = 0
            self.at += timedelta(hours=hours)

    @rule(following=TRUTHS, behind=TRUTHS)
    def a_sweep_moves_the_resumption(self, following, behind):
        if self.state is not PauseState.RESUMING or self.facts.ended_at:
            return
        begun_at = self.facts.resumptions[-1][0]
        move = next_move(
            self.terms.resumption.stages, begun_at=begun_at, reached=self.reached, next_truth=following, reached_truth=behind, at=self.at,
        )  # fmt: skip
        if Truth.UNKNOWN in {following, behind} and move in {Move.REACH, Move.END}:
            assert move is Move.END
            assert behind is Truth.TRUE  # there is no following stage whose condition could be unknown
            assert self.reached == len(self.terms.resumption.stages)
        if move is Move.REACH:
            self.reached += 1
        if move is Move.END:
            self.facts = replace(self.facts, ended_at=self.at)
        if move is Move.SNAP_BACK:
            self.facts = replace(self.facts, resumptions=(*self.facts.resumptions[:-1], (begun_at, self.at)))

    @invariant()
    def stays_in_the_table(self):
        state = PauseState.PROPOSED
        for step in steps(self.facts, self.terms):
            state = next_state(state, step.event)

    @invariant()
    def never_goes_back_but_by_a_snap_back(self):
        assert self.state in REACHABLE[self.seen]
        assert self.seen not in OVER or self.state is self.seen
        self.seen = self.state


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
