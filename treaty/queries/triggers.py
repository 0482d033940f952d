"""Triggers as they stand at an instant, in words of the reader's language, for pages and actions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts.models import Organisation
from core.truth import Truth
from treaty.models import Pause, TriggerEvaluation, TriggerFiring
from treaty.queries.pauses import state
from treaty.queries.texts import rules_of, text_at
from treaty.queries.worlds import Surroundings, world
from treaty.rules.conditions import InLabs, walk
from treaty.rules.evaluation import Evaluation, evaluate
from treaty.rules.pauses import OVER
from treaty.rules.text import Text, Trigger
from treaty.rules.triggers import conditions_of, progress, reset_condition
from treaty.rules.votes import Outcome
from treaty.rules.words_conditions import (
    Voice,
    condition_in_words,
    evaluation_in_words,
    owed_in_words,
    truth_in_words,
)
from web.languages import instant
from web.prepared import prepared

MOST_PARTS: Final = 25
ORDER: Final = {Truth.TRUE: 0, Truth.UNKNOWN: 1, Truth.FALSE: 2}


def voice() -> Voice:
    """Return the way the reader is spoken to."""
    return Voice(gettext, _when)


def _when(at: datetime) -> str:
    return f"{instant(at)} UTC"


def titles_of(rules: Text) -> dict[str, str]:
    """Return what indicators, criteria and laboratories are called."""
    return {
        **{key: indicator.title for key, indicator in rules.indicators.items()},
        **{key: criterion.title for key, criterion in rules.resumption.criteria.items()},
    }


@dataclass(frozen=True)
class Node:
    """One condition of a tree as it was found: what it asks, what was found, and its parts."""

    truth: Truth
    truth_words: str
    asks: str
    finding: str
    subject: str  # the laboratories it was judged for; empty for the world
    source: str
    count: int
    parts: tuple["Node", ...]

    @property
    def shown(self) -> Sequence["Node"]:
        """The parts that a page has room for: of very many laboratories those first for which it holds or is unknown."""
        if len(self.parts) <= MOST_PARTS:
            return self.parts
        return sorted(self.parts, key=lambda part: ORDER[part.truth])[:MOST_PARTS]

    @property
    def left_out(self) -> int:
        """How many parts that leaves out."""
        return len(self.parts) - len(self.shown)


def tree(found: Evaluation, titles: Mapping[str, str], names: Mapping[str, str], speak: Voice) -> Node:
    """Return an evaluation as a tree of words. `names` has the laboratories' names by key."""
    return Node(
        truth=found.truth,
        truth_words=truth_in_words(found.truth, speak),
        asks=condition_in_words(found.condition, titles, speak),
        finding=evaluation_in_words(found, titles, speak),
        subject=", ".join(names.get(lab, lab) for lab in found.labs or ()),
        source=found.source or "",
        count=found.count,
        parts=tuple(tree(part, titles, names, speak) for part in found.parts),
    )


@dataclass(frozen=True)
class OwedRow:
    """A missing datum in words, and since when it is missing."""

    words: str
    due_at: datetime | None


@dataclass(frozen=True)
class TriggerStanding:
    """A trigger at an instant: its rule, what it is found to be and why, and whether it is latched."""

    key: str
    rule: Trigger
    level: str
    found: Evaluation
    asks: str
    words: str
    named: Mapping[str, str]  # what indicators, criteria and laboratories are called, by their keys
    firing: TriggerFiring | None

    @cached_property
    def owed(self) -> tuple[OwedRow, ...]:
        """Every missing datum in words: only a page that lists them asks for it, and of many laboratories they are many."""
        speak = voice()
        return tuple(OwedRow(owed_in_words(owed, self.named, speak), owed.due_at) for owed in self.found.owed)

    @property
    def title(self) -> str:
        """The trigger's title in the text."""
        return self.rule.title

    @property
    def truth(self) -> Truth:
        """True, false or unknown."""
        return self.found.truth

    @property
    def sign(self) -> str:
        """The sign beside the truth: a true trigger is a warning, a false one means that nothing stands against work."""
        return {Truth.TRUE: "br", Truth.FALSE: "ok", Truth.UNKNOWN: "un"}[self.truth]

    @property
    def share(self) -> Fraction | None:
        """The value as a share of the threshold, for a trigger of one rising comparison."""
        found = progress(self.found)
        return found.share if found else None

    @property
    def holds_until(self) -> datetime | None:
        """Before this instant nothing changes without new data."""
        return self.found.holds_until


def standing(at: datetime, around: Surroundings | None = None) -> list[TriggerStanding]:
    """Return every trigger of the text in force as it stands at `at`, those that are true or unknown first; eight queries.

    `around` are `surroundings`, where they are at hand.
    """
    text = None if around else text_at(at)
    rules = around.rules if around else rules_of(text) if text else None
    if rules is None:
        return []
    found = _found(rules, rules.triggers, at, around)
    firings = {firing.trigger: firing for firing in _latched(at)}
    names = _names()
    rows = [_standing(key, rules, found[key], firings.get(key), names) for key in rules.triggers]
    return sorted(rows, key=lambda row: ORDER[row.truth])


def _found(
    rules: Text, triggers: Mapping[str, Trigger], at: datetime, around: Surroundings | None = None
) -> dict[str, Evaluation]:
    judged = world(conditions_of(triggers.values()), rules, at, around=around)
    return {key: evaluate(trigger.condition, judged, at) for key, trigger in triggers.items()}


def _names() -> dict[str, str]:
    return dict(_laboratories())


@prepared
def _laboratories() -> QuerySet[Organisation, tuple[str, str]]:
    return Organisation.objects.laboratories().order_by().values_list("key", "name")


@prepared
def _latched(at: datetime) -> QuerySet[TriggerFiring]:
    return TriggerFiring.objects.latched(at).select_related("vote")


def _standing(
    key: str, rules: Text, found: Evaluation, firing: TriggerFiring | None, names: Mapping[str, str]
) -> TriggerStanding:
    speak, titles = voice(), titles_of(rules)
    trigger = rules.triggers[key]
    return TriggerStanding(
        key=key,
        rule=trigger,
        level=rules.levels[trigger.level].title,
        found=found,
        asks=condition_in_words(trigger.condition, titles, speak),
        words=evaluation_in_words(found, titles, speak),
        named={**titles, **names},
        firing=firing,
    )


@dataclass(frozen=True)
class TriggerDetail:
    """Everything that a trigger's page shows."""

    standing: TriggerStanding
    tree: Node
    resets: str
    indicators: tuple[str, ...]
    is_about_labs: bool
    history: list[TriggerEvaluation]
    firings: list[TriggerFiring]


def detail(key: str, at: datetime, limit: int = 30) -> TriggerDetail | None:
    """Return the trigger `key` of the text in force at `at`; None where the text has none; ten queries."""
    text = text_at(at)
    rules = rules_of(text) if text else None
    if rules is None or key not in rules.triggers:
        return None
    found = _found(rules, {key: rules.triggers[key]}, at)[key]
    firings = list(TriggerFiring.objects.filter(trigger=key, fired_at__lte=at).select_related("vote", "evaluation"))
    latched = next((one for one in firings if one.reset_at is None or at < one.reset_at), None)
    names, titles, speak = _names(), titles_of(rules), voice()
    condition = rules.triggers[key].condition
    return TriggerDetail(
        standing=_standing(key, rules, found, latched, names),
        tree=tree(found, titles, names, speak),
        resets=condition_in_words(reset_condition(rules.triggers[key]), titles, speak),
        indicators=tuple(dict.fromkeys(_indicators(found))),
        is_about_labs=any(isinstance(part, InLabs) for part in walk(condition)),
        history=list(TriggerEvaluation.objects.filter(trigger=key, at__lte=at).defer("explanation")[:limit]),
        firings=firings,
    )


def _indicators(found: Evaluation) -> Iterator[str]:
    for part in walk(found.condition):
        indicator = getattr(part, "indicator", None)
        if indicator:
            yield indicator


def is_settled(firing: TriggerFiring, at: datetime) -> bool:
    """Whether what the firing set in motion is over: its vote rejected or withdrawn, or its pause ended or lapsed."""
    vote = firing.vote
    if vote.withdrawn_at:
        return True
    if vote.closed_at is None:
        return False
    if vote.outcome != Outcome.ADOPTED:
        return True
    pause = Pause.objects.with_rows().filter(vote=vote).first()
    return vote.effect_settled_at is not None if pause is None else state(pause, at) in OVER
