"""Years of a treaty played on a virtual clock with the very rules of the site: conditions, votes, pledges, stand-downs, quotas.

Nothing here decides anything by itself: `habits` makes up what people do, and the rules say what follows. Somebody looks
every `looks_every`; what the rules date exactly (votes, deadlines, entry into force) is dated exactly.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from core.truth import Truth, all_of
from inspections.rules.habits import finds, hidden, pledges, readings, stand_down, visits, vote
from inspections.rules.scenarios import Scenario
from inspections.rules.simulated import Gap, Hidden, Played, Report, Told
from labs.rules.readings import ReadingValue
from treaty.rules.conditions import AnyCondition, Comparison, Determined, indicators_of, walk
from treaty.rules.courses import Course
from treaty.rules.evaluation import DeterminationValue, World, evaluate
from treaty.rules.pauses import BINDING, OVER, PauseFacts, PauseState, activation_outcome, terms_of
from treaty.rules.resumption import Move, criteria_standing, may_resume, next_move
from treaty.rules.spans import needed_since
from treaty.rules.standdowns import StageKey, delay_account, is_through, overdue, stages
from treaty.rules.text import Resumption, Text
from treaty.rules.triggers import TriggerEvent, TriggerState, conditions_of, due, reset_condition
from treaty.rules.votes import Outcome

NO_HASH: Final = ""  # nothing that is played is signed


def simulate(scenario: Scenario, text: Text, *, told: Callable[[datetime], object] | None = None) -> Report:
    """Play the scenario under `text`; `told` is called with the instant of each look."""
    return _Play(scenario, text).run(told or (lambda _at: None))


class _Known:
    """Readings as they come in. A condition is judged anew only where its finding can have changed."""

    def __init__(self, arriving: Sequence[ReadingValue], text: Text, labs: frozenset[str]) -> None:
        self.world = World((), text.indicators, labs, lasting=True)
        self._arriving = deque(arriving)
        self._changed: dict[str, datetime] = {}
        self._asks: dict[str, frozenset[str]] = {}  # by name of a condition: its indicators
        self._judged: dict[str, tuple[Truth, datetime, datetime | None]] = {}
        asked = [*conditions_of(text.triggers.values()), *_resumption_conditions(text)]
        self._compared = [part for condition in asked for part in walk(condition) if isinstance(part, Comparison)]

    def receive(self, at: datetime) -> None:
        """Take in what was received by `at`, and let go of what no condition reaches any more."""
        fresh = list[ReadingValue]()
        while self._arriving and self._arriving[0].received_at <= at:
            fresh.append(self._arriving.popleft())
        if not fresh:
            return
        self._changed |= {reading.indicator: at for reading in fresh}
        since: dict[str, datetime] = {}
        for part in self._compared:
            needed = needed_since(part, self.world.indicators[part.indicator], at)
            since[part.indicator] = min(needed, since.get(part.indicator, needed))
        kept = [*self.world.readings, *fresh]
        self.world = replace(
            self.world,
            readings=[one for one in kept if one.indicator in since and one.observed_at >= since[one.indicator]],
            judged=self.world.without({(one.indicator, one.lab) for one in fresh}),
        )

    def truth(self, name: str, condition: AnyCondition, at: datetime) -> Truth:
        """Judge a condition at `at`; `name` is its own."""

        def judge(world: World) -> tuple[Truth, datetime | None]:
            found = evaluate(condition, world, at)
            return found.truth, found.holds_until

        if name not in self._asks:
            self._asks[name] = indicators_of(condition)
        return self.judged(name, self._asks[name], at, judge)

    def judged(
        self,
        name: str,
        indicators: frozenset[str],
        at: datetime,
        judge: Callable[[World], tuple[Truth, datetime | None]],
    ) -> Truth:
        """Return what was found under `name`, or judge anew where a reading has come in or the finding has run out since."""
        if name in self._judged:
            found, judged_at, until = self._judged[name]
            fresh = any(self._changed.get(key, judged_at) > judged_at for key in indicators)
            if not fresh and (until is None or at < until):
                return found
        truth, until = judge(self.world)
        self._judged[name] = truth, at, until
        return truth


def _resumption_conditions(text: Text) -> list[AnyCondition]:
    criteria = [criterion.condition for criterion in text.resumption.criteria.values()]
    return criteria + [stage.condition for stage in text.resumption.stages if stage.condition]


def _determined(resumption: Resumption, text: Text, at: datetime, *, met: bool) -> tuple[DeterminationValue, ...]:
    """Return what every body of the text determines at `at` about each criterion that asks for it."""
    return tuple(
        DeterminationValue(part.criterion, body.key, met, at, criterion.determination_validity.after(at))
        for criterion in resumption.criteria.values()
        for part in walk(criterion.condition)
        if isinstance(part, Determined)
        for body in text.bodies
    )


class _Play:
    """One run."""

    def __init__(self, scenario: Scenario, text: Text) -> None:
        self.scenario, self.text = scenario, text
        self.labs = frozenset(scenario.labs)
        self.report = Report(hidden(scenario))
        self.visits = {lab: visits(scenario, text, lab) for lab in sorted(self.labs)}
        self.pauses: list[Played] = []
        self.latched: dict[str, tuple[datetime, Played | None]] = {}  # by trigger: when its vote closed, and the pause
        stated, real = readings(scenario, text, self.report.hidden)
        if self._inspect():
            stated, real = readings(scenario, text, self.report.hidden)
        self.record, self.reality = _Known(stated, text, self.labs), _Known(real, text, self.labs)
        self.resumption_asks = frozenset().union(*map(indicators_of, _resumption_conditions(text)))
        self.played = [
            key for key, rule in text.triggers.items() if indicators_of(rule.condition) <= scenario.series.keys()
        ]

    def run(self, told: Callable[[datetime], object]) -> Report:
        """Look again and again until the end."""
        before = at = self.scenario.start
        while at < self.scenario.end:
            self.record.receive(at)
            self.reality.receive(at)
            self._judge(at)
            for pause in self.pauses:
                self._move(pause, before, at)
            following = min(self.scenario.looks_every.after(at), self.scenario.end)
            self._account(at, following - at)
            self.report.looks += 1
            told(at)
            before, at = at, following
        for pause in self.pauses:
            self._account_for(pause)
        self.report.told = sorted(one for one in self.report.told if one.at < self.scenario.end)
        return self.report

    def _tell(self, at: datetime, what: str, about: str) -> None:
        self.report.told.append(Told(at, what, about))

    # --- visits -----------------------------------------------------------------------------------------------

    def _inspect(self) -> bool:
        """Let routine visits find false readings; return whether any was found."""
        found = False
        for one in self.report.hidden:
            begun_at = one.begun_at
            if one.cheat.kind == "under_reports" and begun_at:
                found |= self._look_for(one, [day for day in self.visits[one.lab] if day >= begun_at])
        return found

    def _look_for(self, one: Hidden, days: Iterable[datetime]) -> bool:
        """Let the visits of these days look for it, until one finds it."""
        for day in days:
            reported = finds(one, day, self.scenario, self.text) if one.runs(day) else None
            if reported:
                one.detected_at = reported
                self._tell(reported, "cheat.detected", f"{one.lab} {one.cheat.kind}")
                return True
        return False

    def _watch(self, pause: Played, before: datetime, at: datetime) -> None:
        """Let the visit that verifies a stand-down, and routine visits, find training that goes on under the pause."""
        for one in self.report.hidden:
            facts = pause.stand_downs.get(one.lab)
            if one.cheat.kind != "keeps_training" or facts is None or not one.runs(at) or one.detected_at:
                continue
            said_halted = facts.done_at.get(StageKey.HALT, facts.starts_at)
            if at < said_halted:
                continue
            one.begun_at = one.begun_at or max(said_halted, one.from_at)
            verified_at = facts.done_at.get(StageKey.VERIFY)
            days = [*self.visits[one.lab], *([verified_at] if verified_at else [])]
            found = self._look_for(one, [day for day in sorted(days) if before < day <= at and day >= said_halted])
            if found and one.detected_at and verified_at:
                again = one.detected_at + (verified_at - facts.starts_at)
                pause.stand_downs[one.lab] = replace(facts, done_at={**facts.done_at, StageKey.VERIFY: again})

    # --- triggers and the pauses that come of them ------------------------------------------------------------

    def _judge(self, at: datetime) -> None:
        for key, rule in self.text.triggers.items():
            condition = self.record.truth(f"{key}.condition", rule.condition, at)
            settled, reset = self._is_settled(key, at), Truth.UNKNOWN
            if settled:
                reset = self.record.truth(f"{key}.reset", reset_condition(rule), at)
            state = TriggerState.LATCHED if key in self.latched else TriggerState.IDLE
            match due(state, condition=condition, reset=reset, is_settled=settled):
                case TriggerEvent.FIRE:
                    self._fire(key, at)
                case TriggerEvent.RESET:
                    del self.latched[key]
                    self._tell(at, "trigger.reset", key)

    def _is_settled(self, trigger: str, at: datetime) -> bool:
        """Whether a trigger has fired, and its vote and the pause that came of it are over."""
        if trigger not in self.latched:
            return False
        closed_at, pause = self.latched[trigger]
        return closed_at <= at and (pause is None or pause.state(at) in OVER)

    def _fire(self, trigger: str, at: datetime) -> None:
        """Open the trigger's vote, and the pause if it is adopted."""
        self._tell(at, "trigger.fired", trigger)
        found = self._vote(self.text.triggers[trigger].opens, at)
        adopted = found.decision.outcome is Outcome.ADOPTED
        self.latched[trigger] = found.closed_at or at, self._begin(trigger, found) if adopted else None

    def _vote(self, decision: str, at: datetime) -> Course:
        found = vote(self.scenario, self.text, decision, at)
        self._tell(found.closed_at or at, f"vote.{found.decision.outcome.value}", decision)
        return found

    def _begin(self, trigger: str, adopted: Course) -> Played:
        """Let mutual activation decide who is bound from when; a pause that too few confirm lapses."""
        at = adopted.effective_at
        assert at
        rule = self.text.triggers[trigger]
        emergency = self.text.profiles[self.text.decisions[rule.opens]].emergency
        terms = terms_of(
            self.text,
            sha256=NO_HASH,
            level=rule.level,
            emergency=(emergency.lapses, emergency.ratified_by) if emergency else None,
        )
        facts = PauseFacts(adopted.closed_at or at, at, pledges(self.scenario, at), emergency=emergency is not None)
        since, bound = at, self.labs
        if emergency:
            ratified = self._vote(emergency.ratified_by, at)
            facts = replace(facts, ratified_at=ratified.effective_at)
        else:
            outcome = activation_outcome(facts, terms)
            since, bound = outcome.at, outcome.bound.members if outcome.in_force else frozenset()
        facts = replace(facts, in_force_at=since if bound else None)
        stood = {lab: stand_down(self.scenario.labs[lab], terms.level, since) for lab in sorted(bound)}
        pause = Played(f"{len(self.pauses) + 1}", trigger, terms, facts, bound, stood)
        self.pauses.append(pause)
        return pause

    # --- a pause on its way -----------------------------------------------------------------------------------

    def _move(self, pause: Played, before: datetime, at: datetime) -> None:
        state = pause.state(at)
        if state is PauseState.RESUMING:
            self._go_on(pause, at)
        elif state is PauseState.IN_FORCE:
            self._watch(pause, before, at)
            if pause.resumes_at is None:
                self._ask(pause, at)
            elif pause.resumes_at <= at:
                self._resume(pause, at)

    def _ask(self, pause: Played, at: datetime) -> None:
        """Ask for the vote on resumption once every criterion is met, and again where it was rejected or came to nothing."""
        waits = [self.scenario.determines_after.after(pause.facts.in_force_at or at)]
        waits += [self.scenario.asks_every.after(pause.asked_at)] if pause.asked_at else []
        if at < max(waits) or not self._may_resume(pause, at):
            return
        pause.asked_at = at
        pause.resumes_at = self._vote(pause.terms.resumption.decision, at).effective_at

    def _may_resume(self, pause: Played, at: datetime) -> bool:
        """Whether every criterion is met. Bodies determine theirs once every stand-down has gone through all its stages."""
        done = all(is_through(pause.terms.level, facts, at) for facts in pause.stand_downs.values())

        def judge(world: World) -> tuple[Truth, datetime | None]:
            around = replace(world, determinations=_determined(pause.terms.resumption, self.text, at, met=done))
            criteria = criteria_standing(pause.terms.resumption, around, at)
            until = [one.evaluation.holds_until for one in criteria if one.evaluation.holds_until]
            return may_resume(criteria), min(until, default=None)

        name = f"pause {pause.key}, {'verified' if done else 'not verified'}"
        return self.record.judged(name, self.resumption_asks, at, judge) is Truth.TRUE

    def _resume(self, pause: Played, at: datetime) -> None:
        """Begin to resume if every criterion is still met."""
        pause.resumes_at = None
        if self._may_resume(pause, at):
            pause.reached = 0
            pause.facts = replace(pause.facts, resumptions=(*pause.facts.resumptions, (at, None)))
            self._go_on(pause, at)
        else:
            self._tell(at, "resumption.refused", f"pause {pause.key}")

    def _go_on(self, pause: Played, at: datetime) -> None:
        """Go from stage to stage as far as time and conditions let it; a condition that fails snaps back."""
        *earlier, (begun_at, _) = pause.facts.resumptions
        steps = pause.terms.resumption.stages
        truths = [
            self.record.truth(f"stage {number}", one.condition, at) if one.condition else Truth.TRUE
            for number, one in enumerate(steps)
        ]
        move = Move.REACH
        while move is Move.REACH:
            following = truths[pause.reached] if pause.reached < len(steps) else Truth.TRUE
            reached = all_of(truths[: pause.reached])
            move = next_move(
                steps, begun_at=begun_at, reached=pause.reached, next_truth=following, reached_truth=reached, at=at
            )
            pause.reached += move is Move.REACH
        if move is Move.SNAP_BACK:
            pause.facts = replace(pause.facts, resumptions=(*earlier, (begun_at, at)))
        elif move is Move.END:
            pause.facts = replace(pause.facts, ended_at=at)

    # --- the account ------------------------------------------------------------------------------------------

    def _account(self, at: datetime, lasts: timedelta) -> None:
        """Add the time until the next look to danger, to what was missing, and to what could not be judged."""
        for key in self.played:
            if self._on_record(key, at) is Truth.UNKNOWN:
                self.report.unknown[key] = self.report.unknown.get(key, timedelta(0)) + lasts
        true = [
            key
            for key, rule in self.text.triggers.items()
            if self.reality.truth(f"{key}.condition", rule.condition, at) is Truth.TRUE
        ]
        if not true:
            return
        self.report.danger += lasts
        gap = self._gap(true, at)
        if gap:
            self.report.gaps[gap] = self.report.gaps.get(gap, timedelta(0)) + lasts

    def _on_record(self, trigger: str, at: datetime) -> Truth:
        return self.record.truth(f"{trigger}.condition", self.text.triggers[trigger].condition, at)

    def _gap(self, true: Sequence[str], at: datetime) -> Gap | None:
        """Return what is missing at `at`; None where a pause of the level that is needed binds everybody, and all have halted."""
        rank = max(self.text.levels[self.text.triggers[key].level].rank for key in true)
        gaps = [
            self._gap_of(one, at) for one in self.pauses if one.terms.level.rank >= rank and one.state(at) in BINDING
        ]
        if gaps:
            return None if None in gaps else gaps[-1]
        if not any(key in self.latched for key in true):
            unknown = any(self._on_record(key, at) is Truth.UNKNOWN for key in true)
            return Gap.UNKNOWN if unknown else Gap.UNSEEN
        deciding = any(key in self.latched and not self._is_settled(key, at) for key in true)
        return Gap.DECIDING if deciding else Gap.NOT_ADOPTED

    def _gap_of(self, pause: Played, at: datetime) -> Gap | None:
        if pause.state(at) is PauseState.RESUMING:
            return Gap.RESUMING
        if pause.bound != self.labs:
            return Gap.NOT_BOUND
        if any(facts.done_at.get(StageKey.HALT, facts.starts_at) > at for facts in pause.stand_downs.values()):
            return Gap.STANDING_DOWN
        trains = any(one.cheat.kind == "keeps_training" and one.runs(at) for one in self.report.hidden)
        return Gap.CHEATING if trains else None

    def _account_for(self, pause: Played) -> None:
        """Tell how a pause went, and what was late in it by the deadlines of the text."""
        for step in pause.steps():
            who = f", {len(pause.bound)} of {len(self.labs)} bound" if step.event.value == "enter_into_force" else ""
            self._tell(step.at, f"pause.{step.event.value}", f"pause {pause.key} ({pause.terms.level_key}){who}")
        until = min(pause.over_at() or self.scenario.end, self.scenario.end)
        for lab, facts in pause.stand_downs.items():
            found = stages(pause.terms.level, facts, until)
            self.report.late += delay_account(found)
            for one in overdue(found):
                self._tell(one.due_at, "standdown.late", f"pause {pause.key}: {lab}, {one.key.value}")
