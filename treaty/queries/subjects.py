"""What a vote is about, in words: each plain value of its subject under the name that people use, with its page."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation
from core.durations import Duration
from labs.models import TrainingRun
from treaty.models import Vote
from treaty.models.standdowns import STAGE_LABELS
from treaty.queries.texts import rules_of
from treaty.queries.triggers import voice
from treaty.rules.standdowns import StageKey
from treaty.rules.text import Text
from treaty.rules.words_conditions import length_in_words


@dataclass(frozen=True)
class Fact:
    """One line of the list under a vote's question."""

    name: str
    value: str
    url: str = ""


def facts_about(vote: Vote) -> list[Fact]:
    """Return what the vote would decide on; the whole subject is in the API. At most one query."""
    rules = rules_of(vote.text)
    decided = rules.profiles.get(vote.profile_key)
    found = [Fact(_("Decision"), decided.title if decided else vote.decision)]
    for key, value in vote.subject.items():
        say = SAYINGS.get(key)
        if say and isinstance(value, str):
            found += say(vote, rules, value)
    return found


def _organisation(vote: Vote, _rules: Text, key: str) -> list[Fact]:
    if vote.subject_organisation and vote.subject_organisation.key == key:
        return []  # the page says already whom it is about
    known = Organisation.objects.filter(key=key).first()
    return [Fact(_("Organisation"), known.name if known else key)]


def _into(_vote: Vote, _rules: Text, key: str) -> list[Fact]:
    known = Organisation.objects.filter(key=key).first()
    return [Fact(_("Merged into"), known.name if known else key)]


def _level(_vote: Vote, rules: Text, key: str) -> list[Fact]:
    return [Fact(_("Level"), rules.levels[key].title if key in rules.levels else key)]


def _trigger(_vote: Vote, rules: Text, key: str) -> list[Fact]:
    if key not in rules.triggers:
        return [Fact(_("Trigger"), key)]
    return [Fact(_("Trigger"), rules.triggers[key].title, reverse("treaty:trigger", args=[key]))]


def _case(_vote: Vote, _rules: Text, key: str) -> list[Fact]:
    return [Fact(_("Case"), key, reverse("treaty:case", args=[key]))]


def _stage(_vote: Vote, _rules: Text, key: str) -> list[Fact]:
    return [Fact(_("Stage"), str(STAGE_LABELS[StageKey(key)]) if key in StageKey else key)]


def _by(_vote: Vote, _rules: Text, length: str) -> list[Fact]:
    return [Fact(_("Longer by"), length_in_words(Duration.parse(length), voice()))]


def _run(_vote: Vote, _rules: Text, key: str) -> list[Fact]:
    known = TrainingRun.objects.filter(key=key).first()
    return [Fact(_("Run"), known.name if known else key)]


def _purpose(_vote: Vote, rules: Text, key: str) -> list[Fact]:
    return [Fact(_("Purpose"), rules.exemptions.purposes.get(key, key))]


def _lasts(_vote: Vote, _rules: Text, length: str) -> list[Fact]:
    return [Fact(_("For"), length_in_words(Duration.parse(length), voice()))]


def _amendment(_vote: Vote, _rules: Text, key: str) -> list[Fact]:
    return [Fact(_("Amendment"), key, reverse("treaty:amendment", args=[key]))]


def _challenge(_vote: Vote, _rules: Text, key: str) -> list[Fact]:
    return [Fact(_("Challenge"), key, reverse("inspections:challenge", args=[key]))]


SAYINGS: dict[str, Callable[[Vote, Text, str], list[Fact]]] = {
    "lab": _organisation,
    "organisation": _organisation,
    "into": _into,
    "level": _level,
    "trigger": _trigger,
    "case": _case,
    "stage": _stage,
    "by": _by,
    "run": _run,
    "purpose": _purpose,
    "lasts": _lasts,
    "amendment": _amendment,
    "challenge": _challenge,
}
