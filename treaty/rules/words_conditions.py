"""Conditions and findings as sentences. `say` translates a message, `when` writes an instant: both English by default.

The messages are marked by `gettext_noop`, so that the site's catalogues hold them; the rules themselves know no language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from core.durations import Duration, Unit
from core.truth import Truth
from treaty.rules.conditions import (
    Aggregate,
    All,
    AnyCondition,
    AnyOf,
    AtLeast,
    Comparison,
    Determined,
    Edge,
    InLabs,
    Not,
)

if TYPE_CHECKING:
    from treaty.rules.findings import Evaluation, Owed

DIGITS: Final = 4


def gettext_noop(message: str) -> str:
    """Mark `message` for translation."""
    return message


def plain_when(at: datetime) -> str:
    """Write "14 November 2026, 06:00 UTC"."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}, {at:%H:%M} UTC"


@dataclass(frozen=True)
class Voice:
    """How things are said: a translator and a way to write instants."""

    say: Callable[[str], str] = str
    when: Callable[[datetime], str] = plain_when

    def __call__(self, message: str, /, **values: object) -> str:
        """Return the translated message with its placeholders filled in."""
        return self.say(message).format(**values)


ENGLISH: Final = Voice()
_LENGTHS: Final = {
    Unit.MINUTES: (gettext_noop("1 minute"), gettext_noop("{amount} minutes")),
    Unit.HOURS: (gettext_noop("1 hour"), gettext_noop("{amount} hours")),
    Unit.DAYS: (gettext_noop("1 day"), gettext_noop("{amount} days")),
    Unit.WORKING_DAYS: (gettext_noop("1 working day"), gettext_noop("{amount} working days")),
    Unit.MONTHS: (gettext_noop("1 month"), gettext_noop("{amount} months")),
    Unit.YEARS: (gettext_noop("1 year"), gettext_noop("{amount} years")),
}
_OPERATORS: Final = {
    ">": gettext_noop("above {value}"),
    ">=": gettext_noop("at least {value}"),
    "<": gettext_noop("below {value}"),
    "<=": gettext_noop("at most {value}"),
}
_SUBJECTS: Final = {
    Aggregate.LATEST: (
        gettext_noop("the latest “{indicator}”"),
        gettext_noop("the latest “{indicator}” of the last {window}"),
    ),
    Aggregate.MEAN: (
        gettext_noop("the mean of “{indicator}”"),
        gettext_noop("the mean of “{indicator}” over the last {window}"),
    ),
    Aggregate.MAX: (
        gettext_noop("the largest “{indicator}”"),
        gettext_noop("the largest “{indicator}” of the last {window}"),
    ),
    Aggregate.MIN: (
        gettext_noop("the smallest “{indicator}”"),
        gettext_noop("the smallest “{indicator}” of the last {window}"),
    ),
    Aggregate.SUM: (
        gettext_noop("the sum of “{indicator}”"),
        gettext_noop("the sum of “{indicator}” over the last {window}"),
    ),
    Aggregate.COUNT: (
        gettext_noop("the number of readings of “{indicator}”"),
        gettext_noop("the number of readings of “{indicator}” in the last {window}"),
    ),
    Aggregate.RATE: (
        gettext_noop("the change of “{indicator}” a day"),
        gettext_noop("the change of “{indicator}” a day over the last {window}"),
    ),
}
_SOURCES: Final = {
    "verified": gettext_noop("verified"),
    "observed": gettext_noop("observed"),
    "declared": gettext_noop("declared"),
}
_REASONS: Final = {
    "none_yet": gettext_noop("no reading of it has arrived"),
    "stale": gettext_noop("the newest reading is no longer valid"),
    "too_few": gettext_noop("only {count} of the {needed} readings that are needed are there"),
    "one_instant": gettext_noop("all readings are of one instant, which shows no change"),
    "gap": gettext_noop("readings are missing for a part of the time, up to {broken_at}"),
    "not_throughout": gettext_noop("it was not so until {broken_at}"),
    "no_labs": gettext_noop("no laboratory is bound"),
    "undefined": gettext_noop("the treaty text has no such indicator"),
    "undetermined": gettext_noop("no monitoring body has determined it"),
    "expired": gettext_noop("the determination has expired"),
    "disagreement": gettext_noop("monitoring bodies disagree, so no conclusion is drawn"),
    "disputed": gettext_noop("a body disputes the verification of a stand-down, which only a new visit settles"),
}
_OWED_BY: Final = {
    "labs": gettext_noop("the laboratories"),
    "bodies": gettext_noop("the monitoring bodies"),
    "secretariat": gettext_noop("the secretariat"),
}


def length_in_words(length: Duration, voice: Voice = ENGLISH) -> str:
    """Write "28 days"."""
    one, many = _LENGTHS[length.unit]
    return voice(one if length.amount == 1 else many, amount=length.amount)


def figure(value: Fraction | Decimal) -> str:
    """Write a number so that people can read it: at most four digits that count, powers of ten from a million on.

    A value that is rounded is marked with ≈, so that "≈ 0.1" beside a threshold of 0.1 is not taken for equal.
    """
    exact = Fraction(value)
    if exact == 0:
        return "0"
    power = _power(abs(exact))
    rounded = round(exact / Fraction(10) ** (power - DIGITS + 1)) * Fraction(10) ** (power - DIGITS + 1)
    mark = "" if rounded == exact else "≈ "
    if -5 < _power(abs(rounded)) < 6:
        return mark + f"{_decimal(rounded):f}"
    power = _power(abs(rounded))
    return mark + f"{_decimal(rounded / Fraction(10) ** power):f}e{power}"


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).normalize()


def _power(value: Fraction) -> int:
    """Return the largest power of ten that is at most `value`."""
    power = len(str(value.numerator)) - len(str(value.denominator))
    while Fraction(10) ** power > value:
        power -= 1
    while Fraction(10) ** (power + 1) <= value:
        power += 1
    return power


def condition_in_words(  # noqa: PLR0911 - one for each kind
    condition: AnyCondition, titles: Mapping[str, str] | None = None, voice: Voice = ENGLISH
) -> str:
    """Return the condition as a phrase that can follow "when". `titles` names indicators and criteria by their keys."""
    titles = titles or {}
    match condition:
        case Comparison():
            return _comparison(condition, titles, voice)
        case Determined():
            criterion = titles.get(condition.criterion, condition.criterion)
            words = voice(gettext_noop("a monitoring body has determined “{criterion}”"), criterion=criterion)
            return (
                words + voice(gettext_noop(", and no body disputes a verification")) if condition.undisputed else words
            )
        case Not():
            return voice(gettext_noop("it is not so that {part}"), part=_bracketed(condition.of, titles, voice))
        case InLabs():
            return _in_labs(condition, titles, voice)
        case All():
            return voice(gettext_noop(" and ")).join(_bracketed(part, titles, voice) for part in condition.of)
        case AnyOf():
            return voice(gettext_noop(" or ")).join(_bracketed(part, titles, voice) for part in condition.of)
        case AtLeast():
            parts = "; ".join(_bracketed(part, titles, voice) for part in condition.of)
            return voice(
                gettext_noop("at least {n} of these {count} hold: {parts}"),
                n=condition.n,
                count=len(condition.of),
                parts=parts,
            )


def _bracketed(condition: AnyCondition, titles: Mapping[str, str], voice: Voice) -> str:
    words = condition_in_words(condition, titles, voice)
    return f"({words})" if isinstance(condition, All | AnyOf | AtLeast | InLabs) else words


def _in_labs(condition: InLabs, titles: Mapping[str, str], voice: Voice) -> str:
    part = condition_in_words(condition.of, titles, voice)
    if condition.n is not None:
        message = gettext_noop("in at least {n} laboratories {part}")
    elif condition.share == 1:
        message = gettext_noop("in every laboratory {part}")
    else:
        message = gettext_noop("in at least {share} of the laboratories {part}")
    words = voice(message, n=condition.n, share=condition.share, part=part)
    if condition.affiliates_together:
        words += voice(gettext_noop(" (affiliated laboratories are judged as one)"))
    return words


def _comparison(comparison: Comparison, titles: Mapping[str, str], voice: Voice) -> str:
    words = voice(
        gettext_noop("{subject} is {limit}"),
        subject=subject_in_words(comparison, titles, voice),
        limit=limit_in_words(comparison, voice),
    )
    notes = []
    if comparison.edge is not Edge.VALUE:
        low = comparison.edge is Edge.LOW
        notes.append(
            voice(
                gettext_noop("counted by the low edge of its interval")
                if low
                else gettext_noop("counted by the high edge of its interval")
            )
        )
    if comparison.sources:
        names = voice(gettext_noop(", then ")).join(voice(_SOURCES[source]) for source in comparison.sources)
        notes.append(voice(gettext_noop("by {sources} readings only"), sources=names))
    if comparison.minimum_readings > 1:
        notes.append(voice(gettext_noop("from at least {count} readings"), count=comparison.minimum_readings))
    if comparison.sustained_for:
        notes.append(
            voice(
                gettext_noop("at every instant for {length}"), length=length_in_words(comparison.sustained_for, voice)
            )
        )
    return ", ".join([words, *notes])


def subject_in_words(comparison: Comparison, titles: Mapping[str, str] | None = None, voice: Voice = ENGLISH) -> str:
    """Return what is compared: "the mean of “…” over the last 28 days"."""
    alone, windowed = _SUBJECTS[comparison.aggregate]
    title = (titles or {}).get(comparison.indicator, comparison.indicator)
    if comparison.window is None:
        return voice(alone, indicator=title)
    return voice(windowed, indicator=title, window=length_in_words(comparison.window, voice))


def limit_in_words(comparison: Comparison, voice: Voice = ENGLISH) -> str:
    """Return what it is compared with: "above 0.1"."""
    return voice(_OPERATORS[comparison.op], value=figure(comparison.value))


def evaluation_in_words(
    evaluation: "Evaluation", titles: Mapping[str, str] | None = None, voice: Voice = ENGLISH
) -> str:
    """Return the finding as one sentence: the value, how it stands to the threshold, or why nothing can be said."""
    match evaluation.condition:
        case Comparison() as comparison:
            sentence = _found(evaluation, comparison, titles, voice)
        case Determined() as determined:
            sentence = _determined(evaluation, (titles or {}).get(determined.criterion, determined.criterion), voice)
        case InLabs():
            sentence = _counted(
                evaluation, voice, gettext_noop("true in {true} of {count} laboratories; needed: {needed}")
            )
        case Not():
            sentence = voice(
                gettext_noop("its part is {truth}"), truth=truth_in_words(evaluation.parts[0].truth, voice)
            )
        case _:
            sentence = _counted(
                evaluation, voice, gettext_noop("parts that are true: {true} of {count}; needed: {needed}")
            )
    return sentence[:1].upper() + sentence[1:] + "."


def truth_in_words(truth: Truth, voice: Voice = ENGLISH) -> str:
    """Write a truth."""
    words = {
        Truth.TRUE: gettext_noop("true"),
        Truth.FALSE: gettext_noop("false"),
        Truth.UNKNOWN: gettext_noop("unknown"),
    }
    return voice(words[truth])


def _found(evaluation: "Evaluation", comparison: Comparison, titles: Mapping[str, str] | None, voice: Voice) -> str:
    named = {comparison.indicator: evaluation.title} if evaluation.title else {}
    subject = subject_in_words(comparison, {**named, **(titles or {})}, voice)
    limit = limit_in_words(comparison, voice)
    because = reason_in_words(evaluation, voice)
    if evaluation.value is None:
        return voice(gettext_noop("{subject} is unknown: {because}"), subject=subject, because=because)
    value = f"{figure(evaluation.value)} {evaluation.unit}".strip()
    if because:
        message = gettext_noop("{subject} is {value} (asked: {limit}), but {because}")
    elif evaluation.truth is Truth.TRUE and comparison.sustained_for:
        message = gettext_noop("{subject} is {value}: {limit}, and has been for {length}")
    elif evaluation.truth is Truth.TRUE:
        message = gettext_noop("{subject} is {value}: {limit}")
    else:
        message = gettext_noop("{subject} is {value}: not {limit}")
    length = length_in_words(comparison.sustained_for, voice) if comparison.sustained_for else ""
    return voice(message, subject=subject, value=value, limit=limit, because=because, length=length)


def reason_in_words(evaluation: "Evaluation", voice: Voice = ENGLISH) -> str:
    """Return why it is unknown, or not yet true; empty where nothing stands in the way."""
    if evaluation.reason is None:
        return ""
    needed = (
        evaluation.condition.minimum_readings if isinstance(evaluation.condition, Comparison) else evaluation.needed
    )
    broken_at = voice.when(evaluation.broken_at) if evaluation.broken_at else ""
    return voice(_REASONS[evaluation.reason.value], count=evaluation.count, needed=needed, broken_at=broken_at)


def _determined(evaluation: "Evaluation", criterion: str, voice: Voice) -> str:
    if evaluation.truth is Truth.UNKNOWN:
        return voice(
            gettext_noop("“{criterion}” is unknown: {because}"),
            criterion=criterion,
            because=reason_in_words(evaluation, voice),
        )
    if evaluation.truth is Truth.TRUE:
        return voice(gettext_noop("“{criterion}” is determined as met"), criterion=criterion)
    return voice(gettext_noop("“{criterion}” is determined as not met"), criterion=criterion)


def _counted(evaluation: "Evaluation", voice: Voice, message: str) -> str:
    if evaluation.reason is not None:
        return reason_in_words(evaluation, voice)
    truths = [part.truth for part in evaluation.parts]
    needed = len(truths) if evaluation.needed is None else evaluation.needed
    sentence = voice(message, true=truths.count(Truth.TRUE), count=len(truths), needed=needed)
    if unknown := truths.count(Truth.UNKNOWN):
        sentence += voice(gettext_noop("; unknown: {unknown}"), unknown=unknown)
    return sentence


def owed_in_words(owed: "Owed", titles: Mapping[str, str] | None = None, voice: Voice = ENGLISH) -> str:
    """Return who owes which datum since when. A lab's own key names it; `titles` may hold its name."""
    titles = titles or {}
    what = titles.get(owed.what, owed.what)
    who = titles.get(owed.lab, owed.lab) if owed.lab and owed.by == "labs" else voice(_OWED_BY[owed.by])
    if owed.due_at is None:
        return voice(gettext_noop("{who}: “{what}”, never received"), who=who, what=what)
    return voice(gettext_noop("{who}: “{what}”, due since {due}"), who=who, what=what, due=voice.when(owed.due_at))
