"""What the site's pages say of a past instant, and what follows from the entries up to it: the two are compared."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from accounts.rules.organisations import Kind
from core.errors import DomainError
from core.times import instant
from dashboard.views.parties import all_parties
from treaty.models import Pause
from treaty.queries.past import NotShown, known_pauses, require_rows
from treaty.queries.pauses import summary
from treaty.queries.standdowns import board
from treaty.rules.pauses import is_provisional
from treaty.rules.standdowns import Conclusion
from treaty.rules.standing import CaseValue, VerificationValue, standing_of
from verifier.replay import Replay
from verifier.replay.parties import Parties, annexed
from verifier.replay.pauses import PauseRecord, Pauses
from verifier.replay.votes import Votes, effect_of

ABOUT = {"treaty", "withdrawal", "pause", "commitment", "standdown", "resumption", "case"}


def instants(entries: list[dict]) -> list[datetime]:
    """The instants that are compared: at the first and the last entry of each kind about parties, pauses and cases, and just before."""
    about = [entry for entry in entries if entry["kind"].split(".")[0] in ABOUT]
    last = {entry["kind"]: instant(entry["at"]) for entry in about}
    first = {entry["kind"]: instant(entry["at"]) for entry in reversed(about)}
    at = {*last.values(), *first.values()}
    return sorted(at | {one - timedelta(microseconds=1) for one in at})


def of_site(at: datetime) -> dict:
    """What the pages say."""
    try:
        require_rows(at)
    except NotShown:
        return {}
    _pause, parties = all_parties(at)
    return {
        "parties": {one.key: one.status for one in parties if one.status},
        "pauses": {pause.key: _shown(pause, at) for pause in known_pauses(at)},
    }


def _shown(pause: Pause, at: datetime) -> dict:
    found = summary(pause, at)
    return {
        "state": found.state,
        "provisional": found.provisional,
        "bound": found.bound,
        "confirmed": sorted(
            one.organisation.key for one in pause.commitments.all() if one.confirmed_at and not one.withdrawn_at
        ),
        "labs": {
            row.organisation.key: {
                "stages": row.stages,
                "standing": row.standing,
                "cases": sorted(one.key for one in row.open_cases),
            }
            for row in board(pause, at).rows
        },
    }


class Known:
    """The replay so far, and of verifications and cases the instants, which it has no need to keep."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.seen: dict[tuple[str, str], list[VerificationValue]] = defaultdict(list)
        self.cases: dict[str, tuple[str, str | None, CaseValue]] = {}

    def apply(self, index: int, entry: dict, line: bytes) -> None:
        """Take the next entry."""
        assert self.replay.apply(index, line) == []
        payload, at = entry["payload"], instant(entry["at"])
        match entry["kind"]:
            case "standdown.verified":
                expires_at = instant(payload["expires_at"]) if payload["expires_at"] else None
                self.seen[payload["pause"], payload["lab"]].append(
                    VerificationValue(Conclusion(payload["conclusion"]), at, expires_at, payload["visit"] or "")
                )
            case "case.opened":
                self.cases[payload["case"]] = payload["lab"], payload["pause"], CaseValue(payload["case"], at)
            case "case.determined":
                effect = effect_of(self.replay.of(Votes).of(payload["vote"]))
                lab, pause, case = self.cases[payload["case"]]
                self.cases[payload["case"]] = lab, pause, replace(case, determined_at=effect)
            case "case.closed":
                lab, pause, case = self.cases[payload["case"]]
                self.cases[payload["case"]] = lab, pause, replace(case, closed_at=at)

    def at(self, at: datetime) -> dict:
        """What follows."""
        parties = self.replay.of(Parties)
        try:
            labs = annexed(self.replay, Kind.LABORATORY, at)
        except DomainError:
            labs = frozenset()
        return {
            "parties": {lab: parties.status(lab, at) for lab in labs},
            "pauses": {key: self._pause(pause, at) for key, pause in self.replay.of(Pauses).known.items()},
        }

    def _pause(self, pause: PauseRecord, at: datetime) -> dict:
        return {
            "state": pause.state(at),
            "provisional": is_provisional(pause.facts(), pause.terms, at),
            "bound": len(pause.stand_downs),
            "confirmed": sorted(lab for lab, pledge in pause.pledges.items() if pledge.is_confirmed),
            "labs": {lab: self._lab(pause, lab, at) for lab in {*pause.pledges, *pause.joined}},
        }

    def _lab(self, pause: PauseRecord, lab: str, at: datetime) -> dict:
        stages = pause.stages(lab, at) if lab in pause.stand_downs else ()
        cases = [case for whose, under, case in self.cases.values() if (whose, under) == (lab, pause.key)]
        standing = standing_of(
            bound=lab in pause.stand_downs, stages=stages, verifications=self.seen[pause.key, lab], cases=cases, at=at
        )
        open_cases = sorted(case.key for case in cases if case.closed_at is None)
        return {"stages": stages, "standing": standing, "cases": open_cases}


def differences(said: object, follows: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Name each place where the two differ."""
    if isinstance(said, dict) and isinstance(follows, dict):
        for key in sorted({*said, *follows}):
            yield from differences(said.get(key), follows.get(key), (*path, key))
    elif said != follows:
        yield f"{' '.join(path)}: the site says {said}; it follows {follows}"
