"""Votes in words: the formula with its numbers, why it came out so, and what would change it. A `Voice` translates."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from treaty.rules.changes import Change
from treaty.rules.profiles import Base, Choice, VoteProfile
from treaty.rules.rolls import Roll
from treaty.rules.vote_states import State
from treaty.rules.votes import Decision, Outcome, Reason, Step, StepKind
from treaty.rules.words_conditions import ENGLISH, Voice, gettext_noop

MOST_NAMES = 8
CLASSES = {"labs": gettext_noop("laboratories"), "bodies": gettext_noop("monitoring bodies")}
NAMES = {
    StepKind.QUORUM: gettext_noop("Quorum, {electorate}"),
    StepKind.THRESHOLD: gettext_noop("Threshold, {electorate}"),
    StepKind.BLOCKING: gettext_noop("Blocking minority"),
    StepKind.VETO: gettext_noop("Veto"),
    StepKind.SILENCE: gettext_noop("Objections, {electorate}"),
}
BASES = {
    Base.CAST: gettext_noop("cast"),
    Base.VALID: gettext_noop("valid"),
    Base.ENTITLED: gettext_noop("entitled"),
    Base.PRESENT: gettext_noop("present"),
}
STATES = {
    State.DRAFT: gettext_noop("Draft"),
    State.NOTICED: gettext_noop("Noticed, not yet open"),
    State.OPEN: gettext_noop("Open"),
    State.SILENCE: gettext_noop("Silence procedure"),
    State.CONTESTED: gettext_noop("Contested: a full vote is open"),
    State.EXTENDED: gettext_noop("Open, extended once"),
    State.ADOPTED: gettext_noop("Adopted"),
    State.REJECTED: gettext_noop("Rejected"),
    State.REFERRED: gettext_noop("Referred outward: nobody is entitled"),
    State.WITHDRAWN: gettext_noop("Withdrawn"),
    State.WAITING: gettext_noop("Adopted, waiting for its timelock"),
    State.READY: gettext_noop("Adopted, ready to take effect"),
    State.IN_EFFECT: gettext_noop("Adopted, in effect"),
    State.EXPIRED: gettext_noop("Adopted, expired without effect"),
    State.PROVISIONAL: gettext_noop("Provisionally in effect"),
    State.RATIFIED: gettext_noop("Ratified"),
    State.LAPSED: gettext_noop("Lapsed: not ratified in time"),
}
REASONS = {
    Reason.THRESHOLD_MET: gettext_noop("every threshold is met"),
    Reason.SILENCE: gettext_noop("silence is consent, and too few objected"),
    Reason.NO_BLOCKING_MINORITY: gettext_noop("too few withheld their consent to block it"),
    Reason.DEFAULT: gettext_noop("the count does not decide, and the rule then says adopted"),
    Reason.NO_QUORUM: gettext_noop("there is no quorum"),
    Reason.THRESHOLD: gettext_noop("the threshold is not met"),
    Reason.CLASS: gettext_noop("one class does not concur"),
    Reason.TIE: gettext_noop("it is a tie"),
    Reason.VETO: gettext_noop("there is a veto"),
    Reason.ALL_RECUSED: gettext_noop("everybody is recused, so the matter is referred outward"),
    Reason.NOBODY_ENTITLED: gettext_noop("nobody is entitled, so the matter is referred outward"),
    Reason.OPEN: gettext_noop("it has not closed yet"),
}


def weight_in_words(weight: Fraction) -> str:
    """Write 12, 15.5 or 31/3."""
    if weight.denominator == 1:
        return f"{weight.numerator:,}"
    if 10**6 % weight.denominator == 0:
        return f"{(Decimal(weight.numerator) / weight.denominator).normalize():,f}"
    return str(weight)


def class_in_words(name: str, voice: Voice = ENGLISH) -> str:
    """Name a class of voters."""
    return voice(CLASSES[name]) if name in CLASSES else name.replace("-", " ").replace("_", " ")


def step_name(step: Step, voice: Voice = ENGLISH) -> str:
    """Name a step of the formula."""
    return voice(NAMES[step.kind], electorate=class_in_words(step.electorate, voice))


def step_sum(step: Step, voice: Voice = ENGLISH) -> str:
    """Write the comparison with its numbers filled in: "4 ≥ 1/2 × 8 entitled = 4"."""
    if step.kind is StepKind.VETO:
        return voice(gettext_noop("objection of {members}"), members=", ".join(step.members))
    sign = _sign(step)
    have, need = weight_in_words(step.have), weight_in_words(step.need)
    if step.kind is StepKind.BLOCKING:
        message = (
            gettext_noop("{have} withhold consent {sign} {need} needed to block")
            if step.met
            else gettext_noop("{have} withhold consent {sign} {need} needed to block: thresholds are deemed met")
        )
        return voice(message, have=have, sign=sign, need=need)
    if step.of is None or step.share is None:
        return f"{have} {sign} {need}"
    base = voice(BASES[step.base or Base.ENTITLED])
    return f"{have} {sign} {step.share} × {weight_in_words(step.of)} {base} = {need}"


def _sign(step: Step) -> str:
    holds = {True: ">", False: "≥"}[step.strict]
    fails = {True: "≤", False: "<"}[step.strict]
    if step.kind is StepKind.THRESHOLD and step.met and step.tie:
        return "="
    if step.kind is StepKind.THRESHOLD and not step.met and not step.have:
        return fails if step.need else "="
    return holds if step.met else fails


def step_answer(step: Step, voice: Voice = ENGLISH) -> str:
    """Say whether the comparison holds."""
    match step.kind:
        case StepKind.SILENCE:
            return voice(gettext_noop("contested") if step.met else gettext_noop("not contested"))
        case StepKind.BLOCKING:
            return voice(gettext_noop("enough to block") if step.met else gettext_noop("too few to block"))
        case StepKind.VETO:
            return voice(gettext_noop("vetoed"))
        case _:
            return voice(gettext_noop("met") if step.met else gettext_noop("not met"))


def decision_in_words(decision: Decision, voice: Voice = ENGLISH, *, closed: bool) -> str:
    """Write the outcome with its reason; before the close, what it would be."""
    message = {
        (Outcome.ADOPTED, True): gettext_noop("Adopted: {reason}."),
        (Outcome.REJECTED, True): gettext_noop("Rejected: {reason}."),
        (Outcome.ADOPTED, False): gettext_noop("If it closed now it would be adopted: {reason}."),
        (Outcome.REJECTED, False): gettext_noop("If it closed now it would be rejected: {reason}."),
    }.get((decision.outcome, closed), gettext_noop("Undecided: {reason}."))
    return voice(message, reason=voice(REASONS[decision.reason]))


def to_come_in_words(change: Change, roll: Roll, voice: Voice = ENGLISH) -> str:
    """Say what the ballots still to come would have to be for another result (`smallest_change(…, silent_only=True)`)."""
    if not change.possible:
        return voice(
            gettext_noop("No ballot still to come can defeat it.")
            if change.to is Outcome.REJECTED
            else gettext_noop("No ballot still to come can adopt it: only ballots that are changed could.")
        )
    message = (
        gettext_noop("It is adopted if these consent as well: {members}.")
        if change.to is Outcome.ADOPTED
        else gettext_noop("It is defeated if these object on a ground of their veto: {members}.")
        if change.grounds
        else gettext_noop("It is defeated if these object as well: {members}.")
    )
    classes = Counter(roll.lines(member)[0].electorate for member, _ in change.moves)
    parts = [
        voice(gettext_noop("{count} more of the {electorate}"), count=count, electorate=class_in_words(name, voice))
        for name, count in classes.items()
    ]
    return voice(message, members=", ".join(parts))


CHANGES = {
    (Outcome.ADOPTED, Choice.CONSENT, False): (
        gettext_noop("One ballot would adopt it: if {members} consented."),
        gettext_noop("No fewer than {count} ballots would adopt it, such as if these consented: {members}."),
    ),
    (Outcome.REJECTED, Choice.OBJECT, False): (
        gettext_noop("One ballot would defeat it: if {members} objected."),
        gettext_noop("No fewer than {count} ballots would defeat it, such as if these objected: {members}."),
    ),
    (Outcome.REJECTED, Choice.OBJECT, True): (
        gettext_noop("One ballot would defeat it: if {members} objected on a ground of its veto."),
        gettext_noop(
            "No fewer than {count} ballots would defeat it, such as if these objected on a ground of their veto: {members}."
        ),
    ),
    (Outcome.REJECTED, Choice.ABSTAIN, False): (
        gettext_noop("One ballot would defeat it: if {members} abstained."),
        gettext_noop("No fewer than {count} ballots would defeat it, such as if these abstained: {members}."),
    ),
}


def change_in_words(change: Change, names: Mapping[str, str], voice: Voice = ENGLISH) -> str:
    """Say what the smallest change of ballots is that would turn the result, with members by whom it would be made."""
    if not change.possible:
        return voice(gettext_noop("No change of ballots would turn the result."))
    one, many = CHANGES[change.to, change.moves[0][1], change.grounds]
    if not change.exact:
        many = gettext_noop("{count} other ballots would turn the result; whether fewer would was not worked out.")
    shown = [names.get(member, member) for member, _ in change.moves[:MOST_NAMES]]
    if more := len(change.moves) - len(shown):
        shown.append(voice(gettext_noop("{count} more"), count=more))
    return voice(one if len(change.moves) == 1 else many, count=len(change.moves), members=", ".join(shown))


def silence_in_words(profile: VoteProfile, voice: Voice = ENGLISH) -> str:
    """Say what it means not to vote."""
    if profile.silence:
        return voice(
            gettext_noop(
                "In the silence procedure, not voting is consent. Once the vote is contested, whoever does not vote is counted as silent: towards no side, and not towards the quorum."
            )
        )
    if any(
        electorate.threshold.base is Base.ENTITLED or electorate.threshold.absolute
        for electorate in profile.electorates
    ):
        return voice(
            gettext_noop(
                "Not voting is not consent: the share is of all who are entitled, so silence has the effect of an objection."
            )
        )
    return voice(gettext_noop("Not voting counts for neither side, and not towards the quorum."))
