"""A vote profile in words, from the profile alone: what a page prints beside it and the verifier repeats. English."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from core.durations import Duration, Unit
from treaty.rules.profiles import Base, Electorate, Silence, Threshold, VoteProfile

UNITS = {
    Unit.MINUTES: ("minute", "minutes"),
    Unit.HOURS: ("hour", "hours"),
    Unit.DAYS: ("day", "days"),
    Unit.WORKING_DAYS: ("working day", "working days"),
    Unit.MONTHS: ("month", "months"),
    Unit.YEARS: ("year", "years"),
}
BASES = {
    Base.CAST: "ballots cast, abstentions included",
    Base.VALID: "valid votes (consent and object)",
    Base.ENTITLED: "votes of all who are entitled",
    Base.PRESENT: "votes of those present",
}
KEYS = {
    "passkey": "a passkey",
    "ssh": "an SSH key",
    "ed25519": "a machine's Ed25519 key",
    "software": "a software key",
    "session": "a signed-in session",
}
RECUSED = {
    "subject": "whoever the vote is about",
    "requester": "whoever asked for it",
    "affiliates": "their affiliates",
}


def length_in_words(length: Duration) -> str:
    """Return "48 hours", "1 day", "no time"."""
    if not length.amount:
        return "no time"
    return f"{length.amount} {UNITS[length.unit][length.amount != 1]}"


def value_in_words(value: object) -> str:
    """Return a number of the text for people: a length in words, a share as 2/3, a large quantity as it is written."""
    match value:
        case Duration():
            return length_in_words(value)
        case Decimal() if abs(value.adjusted()) < 6:
            return f"{value.normalize():,f}"
        case Decimal():
            return f"{value.normalize():e}".replace("e+", "e")
        case Fraction() | int():
            return str(value)
        case _:
            return str(value)


def profile_in_words(profile: VoteProfile) -> list[str]:
    """Return the rule of decision as sentences: who votes, what adopts, when, and what silence and time mean."""
    return [
        *_who_and_what(profile),
        *_when(profile),
        *_what_time_does(profile),
        *_effect(profile),
        *_who_may_not(profile),
        f"A ballot is given with {_listed([KEYS[key] for key in profile.keys], 'or')}.",
    ]


def _who_and_what(profile: VoteProfile) -> Iterator[str]:
    if profile.silence:
        yield _silence(profile.silence)
    for electorate in profile.electorates:
        yield _electorate(electorate, contested=profile.silence is not None)
    if len(profile.electorates) > 1:
        yield "Each class must reach its own threshold."
    for veto in profile.vetoes:
        holder = (
            _listed(list(veto.members), "or") if veto.members else f"more than {veto.share} of the {veto.electorate}"
        )
        yield f"An objection of {holder} defeats it{', on the grounds that the text names' if veto.grounds else ''}."
    if profile.blocking_minority:
        yield f"Fewer than {profile.blocking_minority} members who withhold their consent cannot block it."
    if profile.procedural:
        yield "It is procedural: no veto applies."


def _silence(silence: Silence) -> str:
    more = "more than " if silence.strict else ""
    return (
        f"Silence is consent: adopted after {length_in_words(silence.period)} unless {more}{silence.blocking} of those entitled object; "
        "then a vote of a full period is held."
    )


def _electorate(electorate: Electorate, *, contested: bool) -> str:
    who = electorate.members if isinstance(electorate.members, str) else _listed(list(electorate.members), "and")
    subject = f"In the contested vote, the {who}" if contested else f"The {who}"
    return f"{subject}: {_threshold(electorate.threshold)}{_quorum(electorate)}."


def _threshold(threshold: Threshold) -> str:
    if threshold.absolute is not None:
        return f"{'more than' if threshold.strict else 'at least'} {threshold.absolute} must consent"
    return f"{'more than' if threshold.strict else 'at least'} {threshold.share} of the {BASES[threshold.base]} must consent"


def _quorum(electorate: Electorate) -> str:
    if electorate.quorum is None and electorate.quorum_absolute is None:
        return ""
    amount = (
        f"{electorate.quorum} of those entitled" if electorate.quorum is not None else f"{electorate.quorum_absolute}"
    )
    counted = "" if electorate.abstention_counts_for_quorum else ", abstentions not counted"
    return f", and {'more than' if electorate.quorum_strict else 'at least'} {amount} must take part{counted}"


def _when(profile: VoteProfile) -> Iterator[str]:
    if profile.notice.amount:
        yield f"It is announced {length_in_words(profile.notice)} before it opens."
    yield f"It is open for {length_in_words(profile.period)}."
    if profile.minimum_open is not None:
        after = (
            f"once {length_in_words(profile.minimum_open)} have passed"
            if profile.minimum_open.amount
            else "as soon as that is so"
        )
        yield f"It closes early when no ballot still to come can change the result, {after}."
    if profile.extension:
        reasons = {"quorum": "the quorum is first met", "swing": "the result turns"}
        why = _listed([reasons[reason] for reason in profile.extension.on], "or")
        only = "; then only objections count" if profile.extension.objections_only else ""
        yield (
            f"If {why} in the last {length_in_words(profile.extension.window)}, it is extended once, by "
            f"{length_in_words(profile.extension.by)}{only}."
        )
    if profile.sealed:
        yield "Ballots are sealed until the close."


def _what_time_does(profile: VoteProfile) -> Iterator[str]:
    yield f"When time runs out without a result it is {profile.default.value}; a tie is {profile.tie.value}."


def _effect(profile: VoteProfile) -> Iterator[str]:
    if profile.timelock.amount:
        yield f"An adopted decision takes effect {length_in_words(profile.timelock)} later."
    else:
        yield "An adopted decision takes effect at once."
    if profile.grace is not None:
        yield f"It expires if it has not taken effect {length_in_words(profile.grace)} after that."
    if profile.emergency:
        yield (
            f"It lapses after {length_in_words(profile.emergency.lapses)} unless the decision "
            f"{profile.emergency.ratified_by.replace('_', ' ')} is adopted before."
        )


def _who_may_not(profile: VoteProfile) -> Iterator[str]:
    if profile.recuse:
        yield f"Recused: {_listed([RECUSED[who] for who in profile.recuse], 'and')}."


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
