"""A try-out: ballots that anybody changes, counted by a rule as they would be. Nothing of it is kept, and nothing is a ballot."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from io import StringIO

from django.utils.translation import gettext as _

from treaty.models import Vote
from treaty.models.votes import CHOICE_LABELS
from treaty.queries.parties import entitled_labs, participating_bodies
from treaty.queries.texts import NoText, rules_at
from treaty.queries.triggers import voice
from treaty.queries.vote_pages import formula_lines, to_contest
from treaty.queries.votes import CELLS, is_sealed, profile_of, roll_of, standing_ballots
from treaty.rules.ballot_files import ABSENT, CHOICES, PRESENT, RECUSED, FilesInvalid, key_of, read_files
from treaty.rules.changes import smallest_change
from treaty.rules.courses import judge
from treaty.rules.profiles import Choice, VoteProfile
from treaty.rules.reading import read_model
from treaty.rules.rolls import Roll
from treaty.rules.votes import BallotValue, Counting, Outcome, Reason
from treaty.rules.words_votes import change_in_words, class_in_words, decision_in_words, weight_in_words

MOST_MEMBERS = 200
LONGEST_LIST = 6000  # characters: it travels in an address
GENERIC = 9  # members, where a rule says nothing of its members
TEXTS = files("treaty") / "texts"


@dataclass(frozen=True)
class TryRow:
    """A member whose ballot can be changed; `field` is the form's name for it, "" where it cannot (recused)."""

    field: str
    name: str
    detail: str
    choice: str
    fixed: str = ""


@dataclass(frozen=True)
class TryResult:
    """What comes out, with its reason and formula."""

    sign: str
    conclusion: str
    formula: list[dict[str, str]]
    change: str
    classes: list[dict[str, object]]


@dataclass(frozen=True)
class Trial:
    """All that the page of a try-out shows; `listed` is the list as text where members can be changed as well."""

    profile: VoteProfile
    rows: list[TryRow]
    options: list[tuple[str, str]]
    result: TryResult | None = None
    listed: str | None = None
    problems: list[str] = field(default_factory=list)


def ready_profiles() -> dict[str, VoteProfile]:
    """Return the rules that come with the program, by name."""
    names = sorted(path.name.removesuffix(".yaml") for path in (TEXTS / "profiles").iterdir())
    return {name: _ready(name) for name in names}


@lru_cache(maxsize=64)
def _ready(name: str) -> VoteProfile:
    return read_model((TEXTS / "profiles" / f"{name}.yaml").read_bytes(), VoteProfile)


def treaty_profiles(at: datetime) -> Mapping[str, VoteProfile]:
    """Return the rules of the treaty text at `at`, by key; none before there is one."""
    try:
        return rules_at(at).profiles
    except NoText:
        return {}


def try_vote(vote: Vote, chosen: Mapping[str, str], at: datetime) -> Trial:
    """Return the vote under its frozen rule, with the ballots that the address chooses in place of those that stand."""
    profile, roll = profile_of(vote), roll_of(vote)
    standing = {} if is_sealed(vote, at) else standing_ballots(vote, at)
    lines = {line.organisation.key: line for line in vote.roll.all()}
    rows, ballots, problems = [], [], []
    for number, (key, line) in enumerate(lines.items()):
        ballot, name = standing.get(key), line.organisation.name
        choice = chosen.get(f"b{number}", ballot.choice if ballot else ABSENT)
        if choice not in {*Choice, ABSENT}:
            problems.append(_("%(member)s: there is no such choice.") % {"member": name})
            choice = ABSENT
        fixed = line.get_recusal_reason_display() if line.recused else ""
        rows.append(TryRow(f"b{number}", name, _detail(roll, key), choice, fixed))
        if choice != ABSENT:
            ground = ballot.ground if ballot and ballot.choice == choice else _any_ground(profile)
            ballots.append(BallotValue(key, Choice(choice), ground=ground))
    names = {key: line.organisation.name for key, line in lines.items()}
    return Trial(profile, rows, _options(), _result(_counted(profile, roll, ballots), names), problems=problems)


def try_profile(profile: VoteProfile, listed: str, chosen: Mapping[str, str]) -> Trial:
    """Return the rule applied to a list of members and ballots (as for `fermata tally`), changed as the address chooses."""
    options = _options(words=True)
    try:
        table = _table(profile, listed)
        for number, row in enumerate(table):
            row["choice"] = chosen.get(f"b{number}", row["choice"])
        listed = _written(table)
        read = read_files(profile, listed.encode(), names=(_("The list"), ""))
    except FilesInvalid as error:
        return Trial(profile, [], options, listed=listed[:LONGEST_LIST], problems=error.detail.splitlines())
    rows = [TryRow(f"b{number}", row["member"], _said(row), _word(row["choice"])) for number, row in enumerate(table)]
    names = {key_of(row.name): row.name for row in rows}
    return Trial(
        profile, rows, options, _result(_counted(profile, read.roll, read.ballots, read.present), names), listed
    )


def example(name: str, profile: VoteProfile, at: datetime) -> str:
    """Return a list to begin with: the rule's own members where it has them, the parties for a rule of the treaty."""
    ready = TEXTS / "examples" / f"{name}.csv"
    if ready.is_file():
        return ready.read_text(encoding="utf-8")
    lines = ["member,choice,class"]
    for electorate in profile.electorates:
        match electorate.members:
            case "labs":
                members = [lab.name for lab in entitled_labs(at)]
            case "bodies":
                members = [body.name for body in participating_bodies(at)]
            case "roll":
                members = [f"{_('Member')} {number}" for number in range(1, (electorate.seats or GENERIC) + 1)]
            case named:
                members = list(named)
        lines += [f"{_quoted(member)},{_begin(number)},{electorate.name}" for number, member in enumerate(members)]
    return "\n".join(lines[: MOST_MEMBERS + 1]) + "\n"


def _begin(number: int) -> str:
    return ("yes", "yes", "no", "yes", "abstain")[number % 5]


def _quoted(member: str) -> str:
    return '"{}"'.format(member.replace('"', '""')) if set(member) & set(',"\n') else member


def _table(profile: VoteProfile, listed: str) -> list[dict[str, str]]:
    """Return the list as rows by column; raise FilesInvalid for what is too much, and for what contradicts itself."""
    if len(listed) > LONGEST_LIST or listed.count("\n") > MOST_MEMBERS + 1:
        problem = _("At most %(lines)d lines and %(length)d characters can be tried here: count more with the program.")
        raise FilesInvalid([problem % {"lines": MOST_MEMBERS + 1, "length": LONGEST_LIST}])
    read_files(profile, listed.encode(), names=(_("The list"), ""))
    header, *rows = [row for row in csv.reader(StringIO(listed)) if any(cell.strip() for cell in row)]
    columns = [name.strip().lower() for name in header]
    return [dict(zip(columns, map(str.strip, row), strict=True)) for row in rows]


def _written(table: list[dict[str, str]]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, list(table[0]) if table else ["member", "choice"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue()


def _options(*, words: bool = False) -> list[tuple[str, str]]:
    options = [*((one.value, str(label)) for one, label in CHOICE_LABELS.items()), (ABSENT, _("does not vote"))]
    return [*options, (PRESENT, _("present, does not vote")), (RECUSED, _("recused"))] if words else options


def _word(choice: str) -> str:
    """Return the option for what the list says: yes is consent."""
    said = choice.lower()
    return CHOICES[said].value if said in CHOICES else said


def _said(row: Mapping[str, str]) -> str:
    """Return what the list says of a member besides its choice."""
    weight = row.get("weight")
    return " · ".join(filter(None, [row.get("class"), _weighs(weight) if weight else "", row.get("ground")]))


def _detail(roll: Roll, key: str) -> str:
    """Return in which classes a member is, where there are several, and what it weighs there if not one."""
    several = len(roll.scaled) > 1
    parts = [
        part
        for line in roll.lines(key)
        for part in (
            class_in_words(line.electorate, voice()) if several else "",
            "" if line.weight == 1 else _weighs(weight_in_words(line.weight)),
        )
    ]
    return " · ".join(filter(None, parts))


def _weighs(weight: str) -> str:
    return _("weighs %(weight)s") % {"weight": weight}


def _any_ground(profile: VoteProfile) -> str:
    """Return the first ground of a veto: who objects in a try-out means it."""
    return next((ground for veto in profile.vetoes for ground in veto.grounds), "")


def _counted(
    profile: VoteProfile, roll: Roll, ballots: Iterable[BallotValue], present: frozenset[str] = frozenset()
) -> Counting:
    counting = Counting(profile, roll, present)
    counting.put_all(ballots)
    return counting


def _result(counting: Counting, names: Mapping[str, str]) -> TryResult:
    decision, speak = judge(counting.profile, counting), voice()
    anonymous = any(electorate.counted for electorate in counting.profile.electorates)
    if decision.reason is Reason.SILENCE:
        change = to_contest(counting)
    else:
        change = "" if anonymous else change_in_words(smallest_change(counting), names, speak)
    return TryResult(
        sign="ok" if decision.outcome is Outcome.ADOPTED else "bad",
        conclusion=decision_in_words(decision, speak, closed=True),
        formula=formula_lines(decision.steps),
        change=change,
        classes=[_class(counting, index) for index in range(len(counting.profile.electorates))],
    )


def _class(counting: Counting, index: int) -> dict[str, object]:
    scale, electorate = counting.scale(index), counting.profile.electorates[index]
    cells = [
        *(CELLS[counting.standing[key].choice] if key in counting.standing else "" for key in scale.weights),
        *("r" for _key in scale.recused),
    ]
    count = counting.figures().counts[index]
    words = _("%(class)s: %(consent)s consent, %(object)s object, %(abstain)s abstain, of %(entitled)s entitled") % {
        "class": class_in_words(electorate.name, voice()),
        "consent": weight_in_words(count.consent),
        "object": weight_in_words(count.object),
        "abstain": weight_in_words(count.abstain),
        "entitled": weight_in_words(count.entitled),
    }
    return {"words": words, "cells": [] if electorate.counted else cells}
