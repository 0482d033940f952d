"""Asking for a vote by hand: about a deadline, a case, a level, a drill, who belongs, a question of procedure, or for advice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.organisations import Kind
from core.errors import DomainError, require
from treaty.actions.exemptions import NotExemptible
from treaty.actions.votes import notice_vote
from treaty.models import Case, Pause, StandDown, TreatyText, Vote
from treaty.permissions import may_request_for
from treaty.queries.drills import is_prevented
from treaty.queries.exemptions import exemptible
from treaty.queries.pauses import state
from treaty.queries.requests import candidates, movable_levels, pending, stage_of
from treaty.queries.texts import required_text, rules_at
from treaty.rules.cases import CaseEvent, CaseState, can
from treaty.rules.drills import DrillRefused
from treaty.rules.exemptions import ExemptionRefused, term
from treaty.rules.pauses import BINDING, LevelNotMoved
from treaty.rules.requests import NotExtendable, Requestable, extension, is_extendable

ASKERS = "A vote is requested by a bound laboratory, an accredited body or the secretariat."


class NotDeterminable(DomainError):
    """There is no such case, or it is determined or closed already."""

    code = "not_determinable"


class NotACandidate(DomainError):
    """This decision cannot be about that organisation now."""

    code = "not_a_candidate"


class AlreadyAsked(DomainError):
    """A vote on the same is under way."""

    code = "already_asked"


@dataclass(frozen=True)
class Matter:
    """What a vote is about: what is frozen as its subject, whom that concerns, and which part of it allows one vote at a time."""

    subject: dict[str, str]
    lab: Organisation | None = None
    pause: Pause | None = None
    one: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def request_vote(
    *,
    decision: Requestable,
    title: str,
    question: str,
    subject: Mapping[str, str],
    requester: Organisation,
    by: User,
    at: datetime,
) -> Vote:
    """Notice the vote that a party, a body or the secretariat asks for; its notice is the one entry.

    `subject` names pause, lab, stage and `by` ("7 d") of a deadline; the `case`; pause, `run`, `purpose` and
    how long it `lasts` of an exemption; pause and `level`; the `level` of a drill; the `lab` or `organisation`; the `lab` and `into` which
    other it merged. The same request sent again returns its vote;
    while one on the same is undecided, another is refused.
    """
    TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=required_text(at).pk)
    require(
        requester in may_request_for(by, at=at),
        ASKERS,
    )
    matter = _matter(decision, subject, requester, at)
    words = _plain(title), _plain(question)
    again = _pending(decision, matter, (*words, in_the_name_of(requester)), at)
    if again:
        return again
    return notice_vote(
        decision=decision.value,
        title=title,
        question=question,
        subject=matter.subject,
        requester=in_the_name_of(requester),
        subject_organisation=matter.lab,
        pause=matter.pause,
        by=by,
        at=at,
    )


def in_the_name_of(requester: Organisation) -> Organisation | None:
    """Return who is entered as the requester: the secretariat serves the parties and asks for nothing itself."""
    return None if requester.kind == Kind.SECRETARIAT else requester


def _matter(decision: Requestable, subject: Mapping[str, str], requester: Organisation, at: datetime) -> Matter:
    match decision:
        case Requestable.EXTEND_DEADLINE:
            found = _deadline(subject, at)
        case Requestable.DETERMINE_NON_COMPLIANCE:
            found = _case(subject)
        case Requestable.GRANT_EXEMPTION:
            found = _exemption(subject, requester, at)
        case Requestable.ESCALATE | Requestable.RELAX:
            found = _level(decision, subject, at)
        case Requestable.ORDER_DRILL:
            found = _drill(subject, at)
        case Requestable.ADVISORY | Requestable.PROCEDURAL:
            found = Matter({"effect": decision.value})
        case _:
            found = _member(decision, subject, at)
    return found


def _deadline(subject: Mapping[str, str], at: datetime) -> Matter:
    found = StandDown.objects.select_related("organisation", "pause").prefetch_related("extensions")
    stand_down = found.filter(pause__key=subject["pause"], organisation__key=subject["lab"]).first()
    stage = None
    if stand_down and state(stand_down.pause, at) in BINDING:
        stage = stage_of(stand_down, subject["stage"], at)
    if stand_down is None or stage is None or not is_extendable(stage):
        raise NotExtendable(fields={"stage": NotExtendable().detail})
    one = {"pause": stand_down.pause.key, "lab": stand_down.organisation.key, "stage": stage.key.value}
    by = str(extension(subject["by"]))
    return Matter(
        {"effect": Requestable.EXTEND_DEADLINE.value, **one, "by": by}, stand_down.organisation, stand_down.pause, one
    )


def _case(subject: Mapping[str, str]) -> Matter:
    case = Case.objects.select_related("organisation", "pause").filter(key=subject["case"]).first()
    if case is None or not can(CaseState(case.state), CaseEvent.DETERMINE):
        raise NotDeterminable(fields={"case": NotDeterminable().detail})
    one = {"case": case.key}
    effect = Requestable.DETERMINE_NON_COMPLIANCE.value
    return Matter({"effect": effect, **one}, case.organisation, case.pause, one)


def _exemption(subject: Mapping[str, str], requester: Organisation, at: datetime) -> Matter:
    """A run of the requester's own, for a purpose of the text."""
    provisions = rules_at(at).exemptions
    pause, run = next(
        (
            (pause, run)
            for pause, run in exemptible(requester, provisions, at)
            if (pause.key, run.key) == (subject["pause"], subject["run"])
        ),
        (None, None),
    )
    if pause is None or run is None:
        raise NotExemptible(fields={"run": NotExemptible().detail})
    if subject["purpose"] not in provisions.purposes:
        raise ExemptionRefused(fields={"purpose": f"The text names: {', '.join(sorted(provisions.purposes))}."})
    lasts = str(term(subject["lasts"], provisions, at))
    one = {"pause": pause.key, "lab": requester.key, "run": run.key}
    effect = Requestable.GRANT_EXEMPTION.value
    return Matter({"effect": effect, **one, "purpose": subject["purpose"], "lasts": lasts}, requester, pause, one)


def _level(decision: Requestable, subject: Mapping[str, str], at: datetime) -> Matter:
    named = subject["pause"], subject["level"]
    pause = next((pause for pause, key, _level in movable_levels(decision, at) if (pause.key, key) == named), None)
    if pause is None:
        raise LevelNotMoved(fields={"level": LevelNotMoved().detail})
    one = {"pause": pause.key}
    return Matter({"effect": decision.value, **one, "level": subject["level"]}, None, pause, one)


def _drill(subject: Mapping[str, str], at: datetime) -> Matter:
    """One at a time, of a level of the text."""
    if subject["level"] not in rules_at(at).levels or is_prevented(at):
        raise DrillRefused(fields={"level": DrillRefused().detail})
    one = {"effect": Requestable.ORDER_DRILL.value}
    return Matter({**one, "level": subject["level"]}, one=one)


def _member(decision: Requestable, subject: Mapping[str, str], at: datetime) -> Matter:
    name = "organisation" if decision is Requestable.ACCREDIT else "lab"
    found = _candidate(decision, subject, name, at)
    one, into = {name: found.key}, {}
    if decision is Requestable.MERGE:
        into = {"into": _candidate(decision, subject, "into", at).key}
    if found.key in into.values():
        raise NotACandidate("A party merges into another one.", fields={"into": "Choose another party."})
    return Matter({"effect": decision.value, **one, **into}, found, None, one)


def _candidate(decision: Requestable, subject: Mapping[str, str], name: str, at: datetime) -> Organisation:
    found = next((one for one in candidates(decision, at) if one.key == subject[name]), None)
    if found is None:
        raise NotACandidate(fields={name: NotACandidate().detail})
    return found


def _pending(
    decision: Requestable, matter: Matter, asked: tuple[str, str, Organisation | None], at: datetime
) -> Vote | None:
    """Return the vote that this very request opened before; raise AlreadyAsked where another one is about the same."""
    found = pending(decision.value, matter.one, at)
    for vote in found:
        if vote.subject == matter.subject and (vote.title, vote.question, vote.requester) == asked:
            return vote
    if found and matter.one:
        raise AlreadyAsked(f"Vote {found[0].key} on the same is under way.")
    return None


def _plain(words: str) -> str:
    return words.replace("\r\n", "\n").strip()
