"""What happened, from the record: its newest public events as sentences with the names of those whom they concern."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from core.canonical import Json
from labs.models import Facility
from ledger.queries.entries import Recorded, newest_of
from ledger.words import text_of
from treaty.models import Vote
from treaty.queries.triggers import titles_of
from treaty.rules.conditions import Determined, walk
from treaty.rules.text import Text
from web.prepared import prepared

# Kind of entry → sign, sentence, and the address of its subject as (name, member of the payload).
TOLD: Final[Mapping[str, tuple[str, str | Promise, tuple[str, ...]]]] = {
    "text.published": ("on", _("Version %(text)s of the treaty was published"), ("treaty:text",)),
    "treaty.signed": ("on", _("%(lab)s signed the treaty"), ("treaty:parties",)),
    "treaty.ratified": ("ok", _("%(lab)s ratified the treaty"), ("treaty:parties",)),
    "treaty.entered_into_force": ("ok", _("The treaty entered into force"), ("treaty:text",)),
    "mandate.accepted": ("ok", _("%(body)s accepted its mandate"), ("treaty:parties",)),
    "withdrawal.noticed": ("br", _("%(lab)s gave notice of withdrawal"), ("treaty:parties",)),
    "withdrawal.revoked": ("ok", _("%(lab)s revoked its notice of withdrawal"), ("treaty:parties",)),
    "trigger.fired": (
        "br",
        _("Trigger “%(trigger)s” came true and opened vote %(vote)s"),
        ("treaty:trigger", "trigger"),
    ),
    "trigger.reset": ("ok", _("Trigger “%(trigger)s” was reset"), ("treaty:trigger", "trigger")),
    "vote.noticed": ("on", _("Vote %(vote)s was announced"), ("treaty:vote", "vote")),
    "vote.contested": ("br", _("Vote %(vote)s is contested: a full vote opened"), ("treaty:vote", "vote")),
    "vote.extended": ("on", _("Vote %(vote)s was extended"), ("treaty:vote", "vote")),
    "vote.closed": ("on", _("Vote %(vote)s closed: %(outcome)s"), ("treaty:vote", "vote")),
    "vote.withdrawn": ("", _("Vote %(vote)s was withdrawn"), ("treaty:vote", "vote")),
    "pause.adopted": ("br", _("Pause %(pause)s was adopted"), ("treaty:pause", "pause")),
    "pause.entered_into_force": ("br", _("Pause %(pause)s entered into force"), ("treaty:pause", "pause")),
    "pause.ratified": ("ok", _("Emergency pause %(pause)s was ratified"), ("treaty:pause", "pause")),
    "pause.lapsed": ("", _("Pause %(pause)s lapsed"), ("treaty:pause", "pause")),
    "pause.ended": ("ok", _("Pause %(pause)s ended"), ("treaty:pause", "pause")),
    "commitment.withdrawn": ("br", _("%(lab)s took back its commitment to pause %(pause)s"), ("treaty:pause", "pause")),
    "standdown.acknowledged": ("ok", _("%(lab)s acknowledged the pause"), ("treaty:pause", "pause")),
    "standdown.declared": ("ok", _("%(lab)s declared its stand-down"), ("treaty:pause", "pause")),
    "standdown.verified": (
        "ok",
        _("%(body)s concluded on the stand-down of %(lab)s: %(conclusion)s"),
        ("treaty:pause", "pause"),
    ),
    "standdown.extended": ("on", _("A deadline of %(lab)s was moved by vote %(vote)s"), ("treaty:vote", "vote")),
    "case.opened": ("br", _("Compliance case %(case)s about %(lab)s was opened"), ("treaty:case", "case")),
    "case.answered": ("on", _("Compliance case %(case)s was answered"), ("treaty:case", "case")),
    "case.determined": ("bad", _("Non-compliance was determined in case %(case)s"), ("treaty:case", "case")),
    "case.closed": ("ok", _("Compliance case %(case)s was closed"), ("treaty:case", "case")),
    "criterion.determined": ("on", _("%(body)s determined “%(criterion)s”: %(met)s"), ("treaty:pause", "pause")),
    "resumption.begun": ("on", _("Work began to resume under pause %(pause)s"), ("treaty:pause", "pause")),
    "resumption.refused": ("br", _("Resumption was refused: a criterion did not hold"), ("treaty:pause", "pause")),
    "resumption.stage_reached": ("on", _("Stage %(stage)s of resumption was reached"), ("treaty:pause", "pause")),
    "resumption.snapped_back": ("br", _("Resumption snapped back to the pause"), ("treaty:pause", "pause")),
    "ballot.repudiated": ("br", _("%(organisation)s repudiated a ballot in its name"), ("treaty:vote", "vote")),
    "challenge.requested": (
        "br",
        _("%(organisation)s asked for a challenge inspection of %(lab)s"),
        ("inspections:challenge", "challenge"),
    ),
    "challenge.stopped": (
        "on",
        _("The challenge inspection of %(lab)s was stopped by vote %(vote)s"),
        ("inspections:challenge", "challenge"),
    ),
    "special.requested": (
        "br",
        _("%(body)s asked for a special visit to %(lab)s"),
        ("inspections:special", "special"),
    ),
    "special.answered": (
        "on",
        _("%(lab)s answered about special visit %(special)s"),
        ("inspections:special", "special"),
    ),
    "draw.opened": ("on", _("Draw %(draw)s of visits at short notice was opened"), ("inspections:draw", "draw")),
    "draw.carried_out": ("ok", _("Draw %(draw)s was carried out"), ("inspections:draw", "draw")),
    "visit.notified": ("on", _("A visit to %(lab)s was announced"), ("inspections:visit", "visit")),
    "visit.access_refused": ("br", _("%(lab)s refused access to inspectors"), ("inspections:visit", "visit")),
    "visit.access_delayed": ("br", _("%(lab)s delayed the access of inspectors"), ("inspections:visit", "visit")),
    "visit.begun": ("on", _("Inspectors are on site at %(lab)s"), ("inspections:visit", "visit")),
    "report.submitted": (
        "on",
        _("The report on visit %(visit)s was submitted: %(conclusion)s"),
        ("inspections:visit", "visit"),
    ),
    "declaration.overdue": ("br", _("A declaration of %(lab)s is overdue"), ("labs:lab", "lab")),
}
# What those who act for an organisation are told besides: what its keys did. Its ballots are listed by their receipts.
OWN: Final[Mapping[str, tuple[str, str | Promise, tuple[str, ...]]]] = {
    "ballot.signed": (
        "on",
        _("A key of %(organisation)s signed a ballot in vote %(vote)s that needs more signatures"),
        ("treaty:vote", "vote"),
    ),
    "key.root_declared": ("on", _("A root key of %(organisation)s was declared"), ("treaty:keys",)),
    "key.enrolled": ("on", _("A key that signs ballots of %(organisation)s was enrolled"), ("treaty:keys",)),
    "key.revoked": ("br", _("A key that signed ballots of %(organisation)s was revoked"), ("treaty:keys",)),
    "signing.required": ("on", _("%(organisation)s asked for %(signers)s signatures on its ballots"), ("treaty:keys",)),
}
CONCERNED: Final = (("lab", "body", "organisation"), ("vote",), ("facility",))  # members of payloads with keys of each
VALUES: Final[Mapping[Json, str | Promise]] = {
    "adopted": _("adopted"),
    "rejected": _("rejected"),
    "undecided": _("undecided"),
    "consistent": _("consistent"),
    "discrepancy": _("a discrepancy"),
    "inconclusive": _("inconclusive"),
    True: _("met"),
    False: _("not met"),
}


@dataclass(frozen=True)
class Event:
    """One event, as `components/timeline.html` takes it."""

    at: datetime
    title: str
    sign: str
    url: str
    entry: int | None
    entry_url: str
    detail: str = ""


def newest_events(
    limit: int = 8, titles: Mapping[str, str] | None = None, until: datetime | None = None
) -> list[Event]:
    """Return the newest events, up to `until` where it is given, the newest first, in four queries. `titles` names triggers and criteria."""
    return events(newest_of(TOLD.keys(), limit, until), titles)


def titles(rules: Text) -> dict[str, str]:
    """Return what triggers, indicators, criteria and determinations are called, by their keys."""
    criteria = rules.resumption.criteria.values()
    determined = {
        part.criterion: one.title for one in criteria for part in walk(one.condition) if isinstance(part, Determined)
    }
    return {**{key: one.title for key, one in rules.triggers.items()}, **titles_of(rules), **determined}


def events(found: Iterable[Recorded], titles: Mapping[str, str] | None = None, *, own: bool = False) -> list[Event]:
    """Return those of the entries that are told to the public, in their order; three queries for names.

    With `own`, what those who act for an organisation are told besides.
    """
    told = [one for one in found if one.value.kind in TOLD or (own and one.value.kind in OWN)]
    concerned, votes, sites = (_keys(told, *members) for members in CONCERNED)
    names = {**(titles or {}), **(dict(_organisations(concerned)) if concerned else {})}
    details = dict([*(_votes(votes) if votes else ()), *(_sites(sites) if sites else ())])
    return [_event(one, names, details) for one in told]


@prepared
def _organisations(keys: list[str]) -> QuerySet[Organisation, tuple[str, str]]:
    return Organisation.objects.filter(key__among=keys).order_by().values_list("key", "name")


@prepared
def _votes(keys: list[str]) -> QuerySet[Vote, tuple[str, str]]:
    return Vote.objects.filter(key__among=keys).order_by().values_list("key", "title")


@prepared
def _sites(keys: list[str]) -> QuerySet[Facility, tuple[str, str]]:
    return Facility.objects.filter(key__among=keys).order_by().values_list("key", "name")


def _keys(told: Iterable[Recorded], *members: str) -> list[str]:
    values = (one.value.payload.get(member) for one in told for member in members)
    return sorted({value for value in values if isinstance(value, str)})


def _event(one: Recorded, names: Mapping[str, str], details: Mapping[str, str]) -> Event:
    sign, sentence, address = TOLD.get(one.value.kind) or OWN[one.value.kind]
    entry_url = reverse("ledger:entry", args=[one.index]) if one.index is not None else ""
    detail = one.value.payload.get("vote" if one.value.kind.startswith(("vote.", "ballot.")) else "facility")
    return Event(
        at=one.value.at,
        title=str(sentence) % _Words(one, names),
        sign=_sign(one, sign),
        url=_address(one, address) or entry_url,
        entry=one.index,
        entry_url=entry_url,
        detail=details.get(detail, "") if isinstance(detail, str) else "",
    )


class _Words(dict[str, str]):
    """The payload as words for a sentence: keys of organisations and triggers as names, a member that is not there as a dash."""

    def __init__(self, one: Recorded, names: Mapping[str, str]) -> None:
        super().__init__()
        self.one, self.names = one, names

    def __missing__(self, member: str) -> str:
        value = self.one.value.payload.get(member)
        if isinstance(value, str | bool) and value in VALUES:
            return str(VALUES[value])
        return self.names.get(value, value) if isinstance(value, str) else text_of(value)


def _sign(one: Recorded, sign: str) -> str:
    """Let the outcome speak where the kind alone does not."""
    match one.value.payload:
        case {"outcome": "adopted"} | {"conclusion": "consistent"} | {"met": True}:
            return "ok"
        case {"outcome": "rejected"}:
            return "bad"
        case {"conclusion": "discrepancy"}:
            return "br"
        case {"conclusion": "inconclusive"}:
            return "un"
        case _:
            return sign


def _address(one: Recorded, address: tuple[str, ...]) -> str:
    """Return the page of what the entry is about; empty where the entry does not name it."""
    values = [one.value.payload.get(member) for member in address[1:]]
    if not all(isinstance(value, str) and value for value in values):
        return ""
    return reverse(address[0], args=values)
