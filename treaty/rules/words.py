"""A vote profile and the numbers of a text in words: what a page prints beside them and the verifier repeats."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from core.durations import Duration
from treaty.rules.profiles import Base, Default, Electorate, Extension, Silence, Threshold, Veto, VoteProfile
from treaty.rules.words_conditions import ENGLISH, Voice, gettext_noop, length_in_words

MEMBERS = {
    "labs": gettext_noop("the laboratories"),
    "bodies": gettext_noop("the monitoring bodies"),
    "roll": gettext_noop("everybody on the roll"),
}
BASES = {
    Base.CAST: gettext_noop("the ballots cast, abstentions included"),
    Base.VALID: gettext_noop("the valid votes (consent and object)"),
    Base.ENTITLED: gettext_noop("the votes of all who are entitled"),
    Base.PRESENT: gettext_noop("the votes of those present"),
}
KEYS = {
    "passkey": gettext_noop("a passkey"),
    "ssh": gettext_noop("an SSH key"),
    "ed25519": gettext_noop("a machine's Ed25519 key"),
    "software": gettext_noop("a software key"),
    "session": gettext_noop("a signed-in session"),
}
RECUSED = {
    "subject": gettext_noop("whoever the vote is about"),
    "requester": gettext_noop("whoever asked for it"),
    "affiliates": gettext_noop("their affiliates"),
}
OUTCOMES = {Default.ADOPTED: gettext_noop("adopted"), Default.REJECTED: gettext_noop("rejected")}
MOST_NAMED = 12
REASONS = {"quorum": gettext_noop("the quorum is first met"), "swing": gettext_noop("the result turns")}


def value_in_words(value: object, voice: Voice = ENGLISH) -> str:
    """Return a number of the text for people: "45 days", "2/3", "1,280", "1e24"."""
    match value:
        case Duration(amount=0):
            return voice(gettext_noop("no time"))
        case Duration():
            return length_in_words(value, voice)
        case Decimal() if abs(value.adjusted()) < 6:
            return f"{value.normalize():,f}"
        case Decimal():
            return f"{value.normalize():e}".replace("e+", "e")
        case _:
            return str(value)


def profile_in_words(profile: VoteProfile, voice: Voice = ENGLISH) -> list[str]:
    """Return the rule of decision as sentences: who votes, what adopts, when, and what silence and time mean."""
    return [
        *_who_and_what(profile, voice),
        *_when(profile, voice),
        voice(
            gettext_noop("When time runs out without a result it is {default}; a tie is {tie}."),
            default=voice(OUTCOMES[profile.default]),
            tie=voice(OUTCOMES[profile.tie]),
        ),
        *_effect(profile, voice),
        *_who_may_not(profile, voice),
        *_who_leaves(profile, voice),
        voice(
            gettext_noop("A ballot is given with {keys}."),
            keys=_either([voice(KEYS[key]) for key in profile.keys], voice),
        ),
    ]


def _who_and_what(profile: VoteProfile, voice: Voice) -> Iterator[str]:
    if profile.silence:
        yield _silence(profile.silence, voice)
    for electorate in profile.electorates:
        alone = sum(one.members == electorate.members for one in profile.electorates) == 1
        yield _electorate(electorate, _class(electorate, voice, alone=alone), voice, contested=bool(profile.silence))
        yield from _weights(electorate, voice)
    if len(profile.electorates) > 1:
        yield voice(gettext_noop("Each class must reach its own threshold."))
    yield from (_veto(veto, voice) for veto in profile.vetoes)
    if profile.blocking_minority:
        yield voice(
            gettext_noop("Fewer than {count} members who withhold their consent cannot block it."),
            count=profile.blocking_minority,
        )
    if profile.procedural:
        yield voice(gettext_noop("It is procedural: no veto applies."))


def _silence(silence: Silence, voice: Voice) -> str:
    message = (
        gettext_noop(
            "Silence is consent: adopted after {period} unless more than {share} of those entitled object; then a vote of a full period is held."
        )
        if silence.strict
        else gettext_noop(
            "Silence is consent: adopted after {period} unless {share} or more of those entitled object; then a vote of a full period is held."
        )
    )
    return voice(message, period=length_in_words(silence.period, voice), share=silence.blocking)


def _class(electorate: Electorate, voice: Voice, *, alone: bool) -> str:
    """Name who votes; where another class has the same members, or a class has many, by its own name."""
    if not isinstance(electorate.members, str):
        return electorate.name if len(electorate.members) > MOST_NAMED else _all(list(electorate.members), voice)
    return voice(MEMBERS[electorate.members]) if alone else electorate.name


def _weights(electorate: Electorate, voice: Voice) -> Iterator[str]:
    if electorate.counted:
        yield voice(
            gettext_noop("The ballots of {electorate} are given as numbers of voters."), electorate=electorate.name
        )
    elif electorate.weight == "roll":
        yield voice(gettext_noop("In {electorate} a member weighs what the roll states."), electorate=electorate.name)
    elif electorate.weight != "equal":
        weights = ", ".join(f"{key} {weight}" for key, weight in electorate.weight.items())
        message = gettext_noop("In {electorate} these do not weigh one: {weights}.")
        yield voice(message, electorate=electorate.name, weights=weights)
    if electorate.seats:
        message = gettext_noop("{electorate} has {seats} seats; one that is empty counts as silent.")
        yield voice(message, electorate=electorate.name, seats=electorate.seats)


def _electorate(electorate: Electorate, who: str, voice: Voice, *, contested: bool) -> str:
    sentence = f"{_threshold(electorate.threshold, who, voice)}{_quorum(electorate, voice)}."
    if contested:
        return voice(gettext_noop("In the contested vote, {sentence}"), sentence=sentence)
    return sentence[0].upper() + sentence[1:]


def _threshold(threshold: Threshold, who: str, voice: Voice) -> str:
    amount = threshold.share if threshold.absolute is None else threshold.absolute
    if threshold.absolute is not None:
        message = (
            gettext_noop("{who}: more than {amount} must consent")
            if threshold.strict
            else gettext_noop("{who}: at least {amount} must consent")
        )
        return voice(message, who=who, amount=amount)
    message = (
        gettext_noop("{who}: more than {amount} of {base} must consent")
        if threshold.strict
        else gettext_noop("{who}: at least {amount} of {base} must consent")
    )
    return voice(message, who=who, amount=amount, base=voice(BASES[threshold.base]))


def _quorum(electorate: Electorate, voice: Voice) -> str:
    amount = electorate.quorum if electorate.quorum is not None else electorate.quorum_absolute
    if amount is None:
        return ""
    message = (
        gettext_noop(", and more than {amount} of those entitled must take part")
        if electorate.quorum_strict
        else gettext_noop(", and at least {amount} of those entitled must take part")
    )
    return voice(message, amount=amount) + _not_counted(electorate, voice)


def _not_counted(electorate: Electorate, voice: Voice) -> str:
    match electorate.abstention_counts_for_quorum, electorate.objection_counts_for_quorum:
        case True, True:
            return ""
        case False, True:
            return voice(gettext_noop(" (abstentions are not counted)"))
        case True, False:
            return voice(gettext_noop(" (objections are not counted)"))
        case _:
            return voice(gettext_noop(" (only consents are counted)"))


def _veto(veto: Veto, voice: Voice) -> str:
    grounds = "; ".join(veto.grounds.values())
    if veto.members:
        message = (
            gettext_noop("An objection of {members} defeats it, if it is on one of these grounds: {grounds}")
            if grounds
            else gettext_noop("An objection of {members} defeats it.")
        )
        return voice(message, members=_either(list(veto.members), voice), grounds=grounds)
    message = (
        gettext_noop(
            "Objections of more than {share} of the class {electorate} defeat it, if they are on one of these grounds: {grounds}"
        )
        if grounds
        else gettext_noop("Objections of more than {share} of the class {electorate} defeat it.")
    )
    return voice(message, share=veto.share, electorate=veto.electorate, grounds=grounds)


def _when(profile: VoteProfile, voice: Voice) -> Iterator[str]:
    if profile.notice.amount:
        yield voice(
            gettext_noop("It is announced {notice} before it opens."), notice=length_in_words(profile.notice, voice)
        )
    yield voice(gettext_noop("It is open for {period}."), period=length_in_words(profile.period, voice))
    if profile.minimum_open is not None and profile.minimum_open.amount:
        yield voice(
            gettext_noop("After {minimum} it closes as soon as no ballot still to come can change the result."),
            minimum=length_in_words(profile.minimum_open, voice),
        )
    elif profile.minimum_open is not None:
        yield voice(gettext_noop("It closes as soon as no ballot still to come can change the result."))
    if profile.extension:
        yield _extension(profile.extension, voice)
    if profile.sealed:
        yield voice(gettext_noop("Ballots are sealed until the close."))


def _extension(extension: Extension, voice: Voice) -> str:
    message = (
        gettext_noop("If {reason} in the last {window}, it is extended once, by {by}.")
        if extension.counted_from == "close"
        else gettext_noop("If {reason} in the last {window}, it is extended once, until {by} after that moment.")
    )
    sentences = [
        voice(
            message,
            reason=_either([voice(REASONS[reason]) for reason in extension.on], voice),
            window=length_in_words(extension.window, voice),
            by=length_in_words(extension.by, voice),
        )
    ]
    if extension.objections_only:
        sentences.append(voice(gettext_noop("Then only objections count.")))
    if extension.longest:
        longest = length_in_words(extension.longest, voice)
        sentences.append(
            voice(gettext_noop("It never closes later than {longest} after its opening."), longest=longest)
        )
    return " ".join(sentences)


def _effect(profile: VoteProfile, voice: Voice) -> Iterator[str]:
    if profile.timelock.amount:
        yield voice(
            gettext_noop("An adopted decision takes effect {timelock} later."),
            timelock=length_in_words(profile.timelock, voice),
        )
    else:
        yield voice(gettext_noop("An adopted decision takes effect at once."))
    if profile.grace is not None:
        yield voice(
            gettext_noop("It expires if it has not taken effect {grace} after that."),
            grace=length_in_words(profile.grace, voice),
        )
    if profile.emergency:
        yield voice(
            gettext_noop("It lapses after {lapses} unless it is ratified before."),
            lapses=length_in_words(profile.emergency.lapses, voice),
        )


def _who_may_not(profile: VoteProfile, voice: Voice) -> Iterator[str]:
    if profile.recuse:
        yield voice(gettext_noop("Recused: {who}."), who=_all([voice(RECUSED[who]) for who in profile.recuse], voice))


def _who_leaves(profile: VoteProfile, voice: Voice) -> Iterator[str]:
    rule = profile.roll_changes
    reasons = [
        voice(words)
        for words, policy in (
            (gettext_noop("withdraws"), rule.withdrawn),
            (gettext_noop("is suspended"), rule.suspended),
            (gettext_noop("merges into another party"), rule.merged),
        )
        if policy != "keep"
    ]
    if reasons:
        yield voice(
            gettext_noop(
                "Who {reasons} in mid-vote leaves the roll, with its ballot; who accedes votes from the next notice on."
            ),
            reasons=_either(reasons, voice),
        )
    if profile.referred_to:
        yield voice(
            gettext_noop("Where nobody is left who may vote, it is never adopted and goes to: {organ}."),
            organ=profile.referred_to,
        )


def _either(words: Sequence[str], voice: Voice) -> str:
    return _listed(words, gettext_noop("{some} or {last}"), voice)


def _all(words: Sequence[str], voice: Voice) -> str:
    return _listed(words, gettext_noop("{some} and {last}"), voice)


def _listed(words: Sequence[str], message: str, voice: Voice) -> str:
    return words[0] if len(words) == 1 else voice(message, some=", ".join(words[:-1]), last=words[-1])
