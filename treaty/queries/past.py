"""Parties and pauses as the record had them at a past instant: what was entered later is taken out of the rows before anything reads them.

Rows say when each thing happened, so the present row without later instants is the row of then. Where a row is written over (a
notice that is revoked, a pledge given anew), and where it bears an instant of effect that the clock entered later, the record says
what was known. At present nothing is later, and the rows are read as they are (docs/decisions/0025-figures.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from core.errors import DomainError
from core.times import instant, known_at
from ledger.queries.entries import entries_of
from ledger.rules.entries import EntryValue
from treaty.models import Commitment, LevelChange, Party, Pause, Resumption, ResumptionStep
from treaty.queries.texts import rules_at
from treaty.rules.parties import withdrawal_effective
from web.prepared import at_hand, prepared

OF_PAUSE: Final = ("in_force_at", "ratified_at", "ratification_asked_at", "lapsed_at", "resuming_at", "ended_at")
ENTERED: Final = {"pause.entered_into_force": "in_force_at", "pause.ratified": "ratified_at", "pause.ended": "ended_at"}
JOINED: Final = "pause.joined"
PLEDGED, TAKEN_BACK = "commitment.confirmed", "commitment.withdrawn"
NOTICED, REVOKED = "withdrawal.noticed", "withdrawal.revoked"


class NotShown(DomainError):
    """Of this instant the site keeps no rows."""

    code = "instant_not_shown"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Pause {key} moved to another level after this instant, and its rows were written anew. The record has what was before."
        )


def known_pauses(at: datetime, **which: str) -> list[Pause]:
    """Return the pauses that were on record at `at`, the newest first, without what was entered later. They are to be read, never saved."""
    later: dict[str, list[EntryValue]] = defaultdict(list)
    for entry in entries_of((*ENTERED, JOINED, PLEDGED, TAKEN_BACK), after=at):
        later[str(entry.payload["pause"])].append(entry)
    pauses = _started(at, *which.values(), named=tuple(which))
    _fetch_rows({pause.pk: pause for pause in pauses}, later, at)
    return [_as_known(pause, later[pause.key], at) for pause in pauses]


@prepared
def _started(at: datetime, *names: str, named: tuple[str, ...]) -> QuerySet[Pause]:
    found = Pause.objects.started_by(at).exclude(vote__effect_applied_at__gt=at)
    return found.filter(**dict(zip(named, names, strict=True))).select_related("vote", "text").defer("text__source")


def _fetch_rows(pauses: Mapping[int, Pause], later: Mapping[str, Iterable[EntryValue]], at: datetime) -> None:
    """Give the pauses the commitments and resumptions of then, with the steps of each, in two queries; three once work resumes."""
    entered_later = {
        (str(entry.payload["pause"]), lab["lab"])  # type: ignore[index,call-overload] # docs/ledger-entries.md
        for told in later.values()
        for entry in told
        if entry.kind == JOINED
        for lab in entry.payload["labs"]  # type: ignore[union-attr] # as above
    }
    pledged, decided = _pledged(at, list(pauses)), _decided(at, list(pauses))
    pledged = [one for one in pledged if (pauses[one.pause_id].key, one.organisation.key) not in entered_later]
    steps = _reached(at, [one.pk for one in decided]) if decided else []
    at_hand({one.pk: one for one in decided}, "steps", steps, "resumption_id")
    at_hand(pauses, "commitments", pledged, "pause_id")
    at_hand(pauses, "resumptions", decided, "pause_id")


@prepared
def _pledged(at: datetime, pauses: list[int]) -> QuerySet[Commitment]:
    found = Commitment.objects.filter(Q(joined_at=None) | Q(joined_at__lte=at), pause__pk__among=pauses)
    return found.select_related("organisation")


@prepared
def _decided(at: datetime, pauses: list[int]) -> QuerySet[Resumption]:
    found = Resumption.objects.filter(Q(begun_at__lte=at) | Q(refused_at__lte=at), pause__pk__among=pauses)
    return found.exclude(vote__effect_applied_at__gt=at)


@prepared
def _reached(at: datetime, resumptions: list[int]) -> QuerySet[ResumptionStep]:
    return ResumptionStep.objects.filter(reached_at__lte=at, resumption__pk__among=resumptions)


def _as_known(pause: Pause, later: Iterable[EntryValue], at: datetime) -> Pause:
    for name in OF_PAUSE:
        setattr(pause, name, known_at(getattr(pause, name), at))
    kinds = {entry.kind for entry in later}
    for kind in kinds & ENTERED.keys():
        setattr(pause, ENTERED[kind], None)
    if kinds & {PLEDGED, TAKEN_BACK}:
        _as_pledged(pause, at)
    for one in pause.commitments.all():
        if pause.in_force_at is None and one.joined_at is None:
            one.bound = one.reason = None
    for resumption in pause.resumptions.all():
        resumption.snapped_back_at = known_at(resumption.snapped_back_at, at)
    return pause


def _as_pledged(pause: Pause, at: datetime) -> None:
    """Let each pledge be the one that was on record at `at`: whoever gives it anew writes over it."""
    told = entries_of((PLEDGED, TAKEN_BACK), until=at, about=f"pause:{pause.key}")
    newest = {str(entry.payload["lab"]): entry for entry in told}
    for one in pause.commitments.all():
        entry = newest.get(one.organisation.key)
        stands = entry is not None and entry.kind == PLEDGED
        one.confirmed_at, one.withdrawn_at = (entry.at if entry and stands else None), None
        one.condition = entry.payload["condition"] if entry and stands else {}


def take_back_notices(parties: Mapping[str, Party], at: datetime) -> None:
    """Give each party the notice of withdrawal that was on record at `at`: one that is revoked leaves no row."""
    for entry in reversed(entries_of((NOTICED, REVOKED), after=at)):
        party = parties.get(str(entry.payload["lab"]))
        if party is not None:
            revoked = entry.kind == REVOKED
            noticed_at = instant(str(entry.payload["noticed_at"])) if revoked else None
            party.withdrawal_noticed_at = noticed_at
            party.withdrawal_effective_at = (
                withdrawal_effective(rules_at(noticed_at).withdrawal, noticed_at) if noticed_at else None
            )


def require_rows(at: datetime) -> None:
    """Raise NotShown where a pause of then has moved to another level since."""
    for key in _moved_since(at):
        raise NotShown(key)


@prepared
def _moved_since(at: datetime) -> QuerySet[LevelChange, str]:
    return LevelChange.objects.filter(from_at__gt=at, pause__adopted_at__lte=at).values_list("pause__key", flat=True)[
        :1
    ]
