"""What the site's pages say of a past instant, and what follows from the entries up to it: the two are compared."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from accounts.rules.organisations import Kind
from core.errors import DomainError
from core.times import instant
from core.truth import Truth
from dashboard.views.figures import BY_KEY
from inspections.rules.evidence import Observation, cell
from inspections.rules.reports import Answer
from treaty.models import Pause
from treaty.queries.cases import as_known, known_cases
from treaty.queries.past import known_pauses
from treaty.queries.pauses import facts, summary, terms
from treaty.queries.resumption import criteria, stage_rows, under_way
from treaty.queries.standdowns import board
from treaty.rules.parties import Instruments
from treaty.rules.pauses import BINDING, PauseFacts, activation_outcome, is_provisional
from treaty.rules.standing import CaseValue, standing_of
from treaty.rules.text import Monitoring
from verifier.replay import Replay
from verifier.replay.cases import Cases
from verifier.replay.parties import Parties, annexed
from verifier.replay.pauses import PauseRecord, Pauses
from verifier.replay.resumption import criteria as criteria_of
from verifier.replay.sites import Sites
from verifier.replay.streams import Streams
from verifier.replay.texts import Texts
from verifier.replay.triggers import judged
from verifier.replay.votes import Votes, effect_of

DEPOSITED = ("signed_at", "ratified_at", "bound_at", "withdrawal_effective_at")
ABOUT = {"treaty", "withdrawal", "pause", "commitment", "standdown", "resumption", "case"}


def instants(entries: list[dict]) -> list[datetime]:
    """The instants that are compared: just before the first entry of each kind about parties, pauses and cases, and at the last."""
    about = [entry for entry in entries if entry["kind"].split(".")[0] in ABOUT]
    last = {entry["kind"]: instant(entry["at"]) for entry in about}
    first = {entry["kind"]: instant(entry["at"]) for entry in reversed(about)}
    return sorted({*last.values(), *(at - timedelta(microseconds=1) for at in first.values())})


def of_site(at: datetime) -> dict:
    """What the pages say."""
    evidence = defaultdict(dict)
    for row in rows("matrix", at):
        evidence[row["facility"]][row["layer"]] = row["state"]
    return {
        "parties": {row["lab"]: row["status"] for row in rows("parties", at) if row["status"]},
        "deposited": {row["lab"]: tuple(row[name] for name in DEPOSITED) for row in rows("annex", at)},
        "pauses": {pause.key: _shown(pause, at) for pause in known_pauses(at)},
        "triggers": {row["trigger"]: Truth(row["truth"]) for row in rows("triggers", at)},
        "evidence": evidence,
        "cases": {case.key: as_known(case, at).state for case in known_cases(at)},
    }


def rows(name: str, at: datetime) -> list[dict]:
    """The rows of the figure of that instant."""
    figure = BY_KEY[name]
    return [dict(zip(figure.names, row, strict=True)) for row in figure.rows(at, "")]


def _shown(pause: Pause, at: datetime) -> dict:
    found, resumption = summary(pause, at), under_way(pause)
    return {
        "state": found.state,
        "provisional": found.provisional,
        "bound": found.bound,
        "criteria": {one.key: one.truth for one in criteria(pause, at)} if found.state in BINDING else {},
        "stages": sum(1 for one in stage_rows(resumption) if one.reached_at) if resumption else 0,
        "pledges": pledges(facts(pause)),
        "reasons": activation_outcome(facts(pause), terms(pause)).bound.reasons,
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
    """The replay so far, and of cases the instants, which it has no need to keep."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self.replay = Replay()
        self.replay.of(Texts).fetch = fetch
        self.cases: dict[str, tuple[str, str | None, CaseValue]] = {}
        self.reports: dict[str, dict] = {}  # by visit, as it was submitted last

    def apply(self, index: int, entry: dict, line: bytes) -> None:
        """Take the next entry."""
        assert self.replay.apply(index, line) == []
        payload, at = entry["payload"], instant(entry["at"])
        match entry["kind"]:
            case "report.submitted" | "report.amended":
                self.reports[payload["visit"]] = payload
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
            rules = self.replay.of(Texts).at(at).rules
        except DomainError:
            return {"parties": {}, "deposited": {}, "pauses": {}, "triggers": {}, "evidence": {}, "cases": {}}
        return {
            "parties": {lab: parties.status(lab, at) for lab in labs},
            "deposited": {lab: self._deposited(lab) for lab in labs},
            "pauses": {key: self._pause(pause, at) for key, pause in self.replay.of(Pauses).known.items()},
            "triggers": {
                key: next(judged(self.replay, rule.condition, rules, at)).truth for key, rule in rules.triggers.items()
            },
            "evidence": {
                site: self._evidence(site, rules.monitoring, at)
                for lab in parties.bound(at)
                for site in self.replay.of(Sites).of(lab, at)
            },
            "cases": {key: case.state for key, case in self.replay.of(Cases).known.items()},
        }

    def _deposited(self, lab: str) -> tuple:
        parties = self.replay.of(Parties)
        held = parties.instruments.get(lab, Instruments(lab))
        return held.signed_at, held.ratified_at, parties.bound_at.get(lab), held.withdrawal_effective_at

    def _evidence(self, site: str, monitoring: Monitoring, at: datetime) -> dict:
        reports = [one for one in self.reports.values() if one["facility"] == site]
        return {
            layer: cell(
                [
                    Observation(Answer(one["answers"][layer]), instant(one["collected_at"]), one["report"])
                    for one in reports
                    if one["answers"].get(layer)
                ],
                monitoring.evidence_validity.get(layer),
                at,
                stream=self.replay.of(Streams).known.get((site, layer), ()),
                continuity=monitoring.continuity.get(layer),
            ).state
            for layer in monitoring.layers
        }

    def _pause(self, pause: PauseRecord, at: datetime) -> dict:
        return {
            "state": pause.state(at),
            "provisional": is_provisional(pause.facts(), pause.terms, at),
            "bound": len(pause.stand_downs),
            "criteria": {one.key: one.truth for one in next(criteria_of(self.replay, pause, at))}
            if pause.state(at) in BINDING
            else {},
            "stages": sum(len(one.reached) for one in pause.resumptions if one.snapped_back_at is None),
            "pledges": pledges(pause.facts()),
            "reasons": activation_outcome(pause.facts(), pause.terms).bound.reasons,
            "labs": {lab: self._lab(pause, lab, at) for lab in {*pause.pledges, *pause.joined}},
        }

    def _lab(self, pause: PauseRecord, lab: str, at: datetime) -> dict:
        stages = pause.stages(lab, at) if lab in pause.stand_downs else ()
        cases = [case for whose, under, case in self.cases.values() if (whose, under) == (lab, pause.key)]
        told = pause.stand_downs[lab].concluded if lab in pause.stand_downs else []
        answer = standing_of(bound=lab in pause.stand_downs, stages=stages, verifications=told, cases=cases, at=at)
        open_cases = sorted(case.key for case in cases if case.closed_at is None)
        return {"stages": stages, "standing": answer, "cases": open_cases}


def pledges(found: PauseFacts) -> dict:
    """The pledges that stand: when each was given, on what condition."""
    return {one.lab: (one.confirmed_at, one.condition, one.compute) for one in found.pledges if one.is_confirmed}


def differences(said: object, follows: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Name each place where the two differ."""
    if isinstance(said, dict) and isinstance(follows, dict):
        for key in sorted({*said, *follows}):
            yield from differences(said.get(key), follows.get(key), (*path, key))
    elif said != follows:
        yield f"{' '.join(path)}: the site says {said}; it follows {follows}"
