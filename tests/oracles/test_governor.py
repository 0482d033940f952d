"""The course of a vote against OpenZeppelin's Governor: random proposals, quorums, late extensions, votes, timelocks.

The rule is written twice for each: exactly as the Governor means it (`as_it_counts`), which must give the same state at every
instant, and as a treaty would write it (`as_one_writes_it`), where every difference has to be the rounding of the quorum.

Where the two differ, and how the first rule allows for it:
- Its quorum is a share rounded down to a whole weight; ours is compared exactly. Here: an absolute quorum.
- Its quorum leaves objections out; ours counts them unless the rule says otherwise. Here: `objection_counts_for_quorum` off.
- Its last instant is open, ours is not: closes_at is its deadline and one unit. The same for the first one.
- It extends by a time from the ballot that reaches the quorum: `counted_from: event`, its window as long as its extension.
- With a quorum of nothing its first ballot "reaches" the quorum; ours is there from the beginning and is never reached late.
- It refuses a second ballot; ours supersedes the first. Here: one ballot of each voter.
- Its timelock begins when somebody queues; ours at the close. Here: it is queued at the close.
"""

import os
import random
import sys
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from tests.oracles.governor.evm import Governor, Machine, Reverted
from treaty.rules.courses import Facts, course
from treaty.rules.profiles import Choice, VoteProfile
from treaty.rules.rolls import Roll, RollMember
from treaty.rules.vote_states import Event, State
from treaty.rules.votes import BallotValue

ELECTORATES, PROPOSALS = int(os.environ.get("ORACLE_ELECTORATES", "8")), 12
START = 2_000_000_000
SUPPORT = {Choice.OBJECT: 0, Choice.CONSENT: 1, Choice.ABSTAIN: 2}
ITS_STATE = {
    State.NOTICED: {"pending"},
    State.OPEN: {"active"},
    State.EXTENDED: {"active"},
    State.WITHDRAWN: {"canceled"},
    State.REJECTED: {"defeated"},
    State.WAITING: {"succeeded", "queued"},
    State.READY: {"succeeded", "queued"},
    State.IN_EFFECT: {"executed"},
}


def instant(second):
    """A unit of its clock is a minute of ours."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=second - START)


def rule(numbers, **quorum):
    majority = {"share": "1/2", "strict": True, "base": "valid"}
    length = numbers["extension"] + 1
    return VoteProfile.model_validate(
        {
            "title": "Governor",
            "electorates": [{"name": "labs", "members": "labs", "threshold": majority, **quorum}],
            "notice": "0 h",
            "period": f"{numbers['period']} min",
            "extension": {"window": f"{length} min", "by": f"{length} min", "on": ["quorum"], "counted_from": "event"},
            "timelock": f"{numbers['timelock']} min",
            "source": "OpenZeppelin Contracts",
        }
    )


def as_it_counts(numbers, weights):
    down = sum(weights) * numbers["quorum"] // 100
    return rule(numbers, quorum_absolute=down or None, objection_counts_for_quorum=False)


def as_one_writes_it(numbers, _weights):
    return rule(numbers, quorum=f"{numbers['quorum']}/100", objection_counts_for_quorum=False)


class Case:
    """One proposal, in the machine and by our rules, observed at every instant at which something happens."""

    def __init__(self, governor, machine, numbers, weights, at, dice):
        self.governor, self.machine, self.numbers, self.dice = governor, machine, numbers, dice
        self.roll = Roll(tuple(RollMember(f"m{n}", "labs", Fraction(weight)) for n, weight in enumerate(weights)))
        self.exact, self.written = as_it_counts(numbers, weights), as_one_writes_it(numbers, weights)
        self.rounds = sum(weights) * numbers["quorum"] % 100 != 0
        self.ballots, self.wrong, self.differs = [], [], False
        self.times = {"noticed_at": instant(at), "opens_at": instant(at + numbers["delay"] + 1)}
        machine.time = at
        self.proposal = governor.propose(f"at {at}")
        self.now = at

    def ours(self, profile):
        return course(profile, self.roll, self.ballots, Facts(**self.times), instant(self.now))

    def look(self):
        its, ours = self.governor.state(self.proposal), self.ours(self.exact)
        if its not in ITS_STATE[ours.state]:
            self.wrong.append(f"{self.numbers}, {self.ballots}, at {self.now}: {its}, ours {ours.state}")
        self.differs |= its not in ITS_STATE[self.ours(self.written).state]
        return ours

    def go(self, second):
        self.now = self.machine.time = second
        return self.look()

    def vote(self, voter, choice):
        taken = self.ours(self.exact).takes_ballots
        try:
            self.governor.vote(self.proposal, voter, SUPPORT[choice])
        except Reverted:
            accepted = False
        else:
            accepted = True
            self.ballots.append(BallotValue(f"m{voter}", choice, instant(self.now)))
        if accepted is not taken:
            self.wrong.append(f"{self.numbers}: a ballot at {self.now} is {accepted=} there and {taken=} here")
        self.look()

    def run(self):
        first = self.now + self.numbers["delay"] + 1
        if self.dice.random() < 0.05:
            self.governor.cancel()
            self.times["withdrawn_at"] = instant(self.now)
            self.look()
            return
        last = first + self.numbers["period"] - 1
        edges = [first - 1, first, last - self.numbers["extension"], last - 1, last, last + 1]
        voters = self.dice.sample(range(len(self.roll.members)), self.dice.randint(0, len(self.roll.members)))
        times = [max(self.now, self.dice.choice([*edges, self.dice.randint(first, last)])) for _ in voters]
        for voter, second in zip(voters, sorted(times), strict=True):
            self.now = self.machine.time = second
            self.vote(voter, self.dice.choice([Choice.CONSENT, Choice.CONSENT, *Choice]))
        closes = self._second(self.ours(self.exact).closes_at)
        if self.now < closes - 1:
            self.go(closes - 1)
        if self.now <= closes and self.go(closes).state in {State.WAITING, State.READY}:
            self.take_effect(closes)

    def take_effect(self, closes):
        self.governor.queue()
        ready = closes + self.numbers["timelock"]
        if self.numbers["timelock"]:
            self.go(ready - 1)
            with pytest.raises(Reverted):
                self.governor.execute()
        self.go(ready)
        self.governor.execute()
        self.times["effect_applied_at"] = instant(ready)
        self.look()

    def _second(self, at):
        return START + int((at - instant(START)) / timedelta(minutes=1))


def cases():
    dice, machine, at = random.Random(6962), Machine(), START
    for _ in range(ELECTORATES):
        weights = [dice.randint(1, 9) for _ in range(dice.randint(2, 5))]
        numbers = {
            "quorum": dice.choice([dice.randint(-(-100 // sum(weights)), 100), 40, 50, 100]),
            "delay": dice.randint(0, 5),
            "period": dice.randint(1, 20),
            "extension": dice.randint(0, 12),
            "timelock": dice.randint(0, 5),
        }
        machine.time = at
        governor = Governor(machine, weights, **numbers)
        for _ in range(PROPOSALS):
            at += 100
            yield Case(governor, machine, numbers, weights, at, dice)


@pytest.mark.slow
def test_the_governor_is_in_the_same_state_at_every_instant():
    seen, wrong, rounded, unexplained = {}, [], [], []
    for case in cases():
        case.run()
        wrong += case.wrong
        for happened in case.ours(case.exact).events:
            seen[happened.event] = seen.get(happened.event, 0) + 1
        if case.differs:
            (rounded if case.rounds else unexplained).append(case.numbers)
    sys.stdout.write(
        f"\n{ELECTORATES * PROPOSALS} proposals, {len(wrong)} differ; with the quorum as a share {len(rounded)} differ by its rounding\n"
        + "".join(f"  {name}: {count}\n" for name, count in seen.items())
    )
    assert (wrong, unexplained) == ([], [])
    assert rounded
    assert all(seen.get(event, 0) >= 5 for event in (Event.REJECT, Event.APPLY, Event.WITHDRAW, Event.EXTEND))


def test_with_a_quorum_of_nothing_the_governor_takes_its_first_ballot_for_a_late_quorum():
    machine = Machine()
    machine.time = START
    numbers = {"quorum": 0, "delay": 0, "period": 10, "extension": 5, "timelock": 0}
    governor = Governor(machine, [1, 1], **numbers)
    case = Case(governor, machine, numbers, [1, 1], START + 1, random.Random())
    case.go(START + 11)
    case.vote(0, Choice.CONSENT)
    case.now = machine.time = START + 12
    assert governor.state(case.proposal) == "active"
    assert case.ours(case.exact).closed_at == instant(START + 12)
