"""Triggers: what they are found to be is written down when it changes; one that is true opens its vote, once."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction
from redis.exceptions import RedisError

from core.canonical import Json, digest
from core.times import stamp
from labs.queries.readings import newest_id
from ledger.actions import record
from ledger.queries import position
from treaty.actions.votes import notice_vote
from treaty.models import TreatyText, TriggerEvaluation, TriggerFiring
from treaty.queries.texts import rules_of, text_at
from treaty.queries.triggers import is_settled
from treaty.queries.worlds import world
from treaty.rules.evaluation import Evaluation, World, evaluate
from treaty.rules.text import Text, Trigger
from treaty.rules.triggers import TriggerEvent, TriggerState, conditions_of, due, reset_condition

logger = logging.getLogger(__name__)

SEEN = "treaty.triggers.seen"  # in the cache: what is lost there is only looked at again
SEEN_FOR = 60


def evaluate_triggers(*, at: datetime) -> int:
    """Judge every trigger of the text in force, write down what changed, open the votes of those that came true.

    Each finding is a transaction of its own, so one trigger that fails does not hold up the others. Does nothing while the
    record has not grown and no datum has lapsed since the last time. Return how many triggers were judged.
    """
    text = text_at(at)
    seen = (position(), newest_id())
    if text is None or _is_seen(seen, at):
        return 0
    rules = rules_of(text)
    sweep = _Sweep(text, rules, world(conditions_of(rules.triggers.values()), rules, at), seen[1], at)
    until = [sweep.settle(key) for key in rules.triggers]
    _keep_in_mind(seen, min((one for one in until if one), default=None))
    return len(rules.triggers)


def _is_seen(seen: tuple[int, int], at: datetime) -> bool:
    try:
        before, until = cache.get(SEEN) or (None, None)
    except RedisError:
        return False
    return before == seen and (until is None or at < until)


def _keep_in_mind(seen: tuple[int, int], until: datetime | None) -> None:
    with suppress(RedisError):
        cache.set(SEEN, (seen, until), SEEN_FOR)


@dataclass(frozen=True)
class _Sweep:
    """One look at all triggers: the text, all that they are judged by, and the instant."""

    text: TreatyText
    rules: Text
    world: World
    newest_reading: int
    at: datetime

    def settle(self, key: str) -> datetime | None:
        """Write down what the trigger is and let it fire or be reset; return until when that holds without new data."""
        rule = self.rules.triggers[key]
        try:
            found = evaluate(rule.condition, self.world, self.at)
            reset = evaluate(reset_condition(rule), self.world, self.at)
            written = write_finding(
                trigger=key, text=self.text, found=found, newest_reading=self.newest_reading, at=self.at
            )
            if written.truth == found.truth.value:  # a later finding stands where the clock was set back
                self._move(key, written, found, reset)
        except Exception:
            logger.exception("the trigger %s could not be judged", key)
            return self.at
        return min((one for one in (found.holds_until, reset.holds_until) if one), default=None)

    def _move(self, key: str, written: TriggerEvaluation, found: Evaluation, reset: Evaluation) -> None:
        firing = TriggerFiring.objects.latched(self.at).filter(trigger=key).select_related("vote").first()
        state = TriggerState.LATCHED if firing else TriggerState.IDLE
        settled = firing is not None and is_settled(firing, self.at)
        match due(state, condition=found.truth, reset=reset.truth, is_settled=settled):
            case TriggerEvent.FIRE if self.text.in_force_at and self.text.in_force_at <= self.at:
                rule = self.rules.triggers[key]
                title = f"{self.rules.levels[rule.level].title}: {rule.title}"[:200]
                fire_trigger(trigger=key, title=title, rule=rule, evaluation=written, at=self.at)
            case TriggerEvent.RESET if firing:
                reset_trigger(firing=firing, because=reset, at=self.at)


@transaction.atomic
def write_finding(
    *, trigger: str, text: TreatyText, found: Evaluation, newest_reading: int, at: datetime
) -> TriggerEvaluation:
    """Write down what `trigger` was found to be, if that is not what was found last; return the finding that stands."""
    _lock(trigger)
    last = TriggerEvaluation.objects.filter(trigger=trigger).first()
    if last and (last.at > at or (last.text_id, last.truth, last.words) == (text.pk, found.truth.value, found.words)):
        return last
    explanation = found.to_json()
    row = TriggerEvaluation.objects.create(
        trigger=trigger,
        text=text,
        at=at,
        truth=found.truth.value,
        words=found.words,
        explanation=explanation,
        digest=digest(explanation),
        newest_reading=newest_reading,
    )
    record(
        kind="trigger.evaluated",
        payload={
            "trigger": trigger,
            "text": text.sha256,
            "truth": row.truth,
            "words": row.words,
            "explanation": row.digest,
            "parts": [_brief(part) for part in found.parts],
        },
        by=None,
        at=at,
    )
    return row


def _brief(part: Evaluation) -> Json:
    """Return a part for the record: for whom, and what it is. The whole tree is held by its digest."""
    return {"labs": None if part.labs is None else list(part.labs), "truth": part.truth.value}


@transaction.atomic
def fire_trigger(
    *, trigger: str, title: str, rule: Trigger, evaluation: TriggerEvaluation, at: datetime
) -> TriggerFiring:
    """Open the vote that the text names for `trigger`, with the evidence frozen in; a latched trigger opens no other."""
    _lock(trigger)
    latched = TriggerFiring.objects.latched(at).filter(trigger=trigger).first()
    if latched:
        return latched
    vote = notice_vote(
        decision=rule.opens,
        title=title,
        question=f"The trigger “{rule.title}” is true. {evaluation.words} Shall the pause at the level “{rule.level}” start?",
        subject={
            "trigger": trigger,
            "level": rule.level,
            "evidence": {
                "text": evaluation.text.sha256,
                "evaluated_at": stamp(evaluation.at),
                "words": evaluation.words,
                "explanation": evaluation.digest,
            },
        },
        requester=None,
        subject_organisation=None,
        by=None,
        at=at,
    )
    firing = TriggerFiring.objects.create(trigger=trigger, evaluation=evaluation, vote=vote, fired_at=at)
    record(
        kind="trigger.fired",
        payload={
            "trigger": trigger,
            "vote": vote.key,
            "level": rule.level,
            "explanation": evaluation.digest,
            "evaluated_at": stamp(evaluation.at),
        },
        by=None,
        at=at,
    )
    return firing


@transaction.atomic
def reset_trigger(*, firing: TriggerFiring, because: Evaluation, at: datetime) -> TriggerFiring:
    """Unlatch a trigger whose reset condition is true, so that it can fire again."""
    _lock(firing.trigger)
    firing.refresh_from_db(from_queryset=TriggerFiring.objects.select_for_update(of=("self",), no_key=True))
    if firing.reset_at:
        return firing
    firing.reset_at = at
    firing.save(update_fields=["reset_at"])
    payload: dict[str, Json] = {"trigger": firing.trigger, "vote": firing.vote.key, "words": because.words}
    record(kind="trigger.reset", payload={**payload, "explanation": digest(because.to_json())}, by=None, at=at)
    return firing


def _lock(trigger: str) -> None:
    """Let one transaction at a time write about a trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"treaty.trigger.{trigger}"])
