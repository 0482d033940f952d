"""Records made by the site's own actions in real transactions, to be replayed, and altered as somebody who holds the database could."""

import copy
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from django.db import connection
from django.test import override_settings

from config.demonstration import chapters, sites, visits
from config.demonstration.cast import FOUNDED, assemble
from config.demonstration.story import Story
from core.canonical import canonical, digest
from core.times import instant, stamp
from labs.actions.readings import review_quarantine
from labs.models import Deployment, Quarantine, TrainingRun
from ledger.actions import open_log
from ledger.actions.publish import publish
from ledger.bundle import write_bundle
from ledger.models import Entry
from ledger.rules.merkle import leaf_hash
from tests.databases import empty
from tests.verifier import past
from treaty.actions.ballots import cast_ballot
from treaty.actions.cases import answer_case, close_case, open_case, report_remedy
from treaty.actions.determinations import determine_criterion
from treaty.actions.parties import give_withdrawal_notice, revoke_withdrawal_notice
from treaty.actions.pauses import confirm_commitment, withdraw_commitment
from treaty.actions.readings import submit
from treaty.actions.resumption import open_resumption_vote
from treaty.actions.standdowns import (
    acknowledge,
    declare_stand_down,
    record_halt,
    record_roll_back,
    state_nothing_deployed,
    state_nothing_runs,
    verify_stand_down,
)
from treaty.actions.votes import notice_vote, withdraw_vote
from treaty.models import Case, Party, Pause, StandDown, Vote
from treaty.queries.pauses import terms
from treaty.queries.standdowns import deployments_in_scope, runs_in_scope
from treaty.rules.profiles import Choice
from verifier.replay import Problem, Replay
from verifier.replay.texts import Texts

NOW = datetime.fromisoformat("2026-11-22T12:00:00Z")
TEXT = (Path(__file__).resolve().parents[2] / "treaty" / "texts" / "model-treaty.yaml").read_bytes()


@dataclass
class Record:
    """Entries as they were parsed, so that they can be altered; `lines` makes their bytes anew."""

    entries: list[dict]
    fetch: Callable[[str], bytes] = field(default=lambda _sha256: TEXT)

    @classmethod
    def of(cls, lines: list[bytes]) -> "Record":
        return cls([json.loads(line) for line in lines])

    def copy(self) -> "Record":
        return Record(copy.deepcopy(self.entries), self.fetch)

    @property
    def lines(self) -> list[bytes]:
        return [canonical(entry) for entry in self.entries]

    def replay(self) -> tuple[Replay, list[Problem]]:
        replay = Replay()
        replay.of(Texts).fetch = self.fetch
        return replay, [problem for index, line in enumerate(self.lines) for problem in replay.apply(index, line)]

    def problems(self) -> list[Problem]:
        return self.replay()[1]

    def find(self, kind: str, /, *, last: bool = False, **members) -> int:
        """The index of the first (or last) entry of this kind whose payload has these members."""
        found = [
            index
            for index, entry in enumerate(self.entries)
            if entry["kind"] == kind and all(entry["payload"].get(name) == value for name, value in members.items())
        ]
        assert found, f"no {kind} with {members}"
        return found[-1 if last else 0]

    def payload(self, kind: str, /, **members) -> dict:
        return self.entries[self.find(kind, **members)]["payload"]

    def drop(self, kind: str, /, **members) -> int:
        index = self.find(kind, **members)
        del self.entries[index]
        return index

    def add(self, index: int, like: dict, *, at: str | None = None, by: str | None = None, **changes) -> int:
        """Insert an entry after `like` with other members."""
        entry = copy.deepcopy(like)
        entry["payload"] |= changes
        entry |= {"at": at or entry["at"], "by": by or entry["by"]}
        self.entries.insert(index, entry)
        return index

    def move(self, index: int, at: str) -> int:
        """Date an entry to another instant and put it where that belongs."""
        entry = self.entries.pop(index)
        entry["at"] = at
        place = next(number for number, other in enumerate(self.entries) if number and other["at"] > at)
        self.entries.insert(place, entry)
        return place

    def replace_everywhere(self, old: str, new: str) -> None:
        self.entries = [json.loads(json.dumps(entry).replace(old, new)) for entry in self.entries]


def rehash_votes(record: Record) -> None:
    """Make every hash of ballots, rolls and closings fit what the entries now say, as a forger would."""
    rolls, ballots, sealed = {}, {}, {}
    for entry in record.entries:
        payload = entry["payload"]
        match entry["kind"]:
            case "vote.noticed":
                payload["roll_hash"] = rolls[payload["vote"]] = digest(payload["roll"])
            case "ballot.cast":
                own = ballots.setdefault(payload["vote"], {})
                ballot = payload["ballot"]
                ballot["roll"] = rolls[payload["vote"]]
                earlier = own.get(payload["organisation"])
                ballot["supersedes"] = earlier[2] if earlier else None
                payload["hash"] = ballot_hash(ballot)
                own[payload["organisation"]] = [
                    payload["organisation"], ballot["sequence"], payload["hash"], leaf_hash(canonical(entry)).hex(),
                ]  # fmt: skip
            case "ballot.sealed":
                sealed[payload["vote"], payload["organisation"], payload["sequence"]] = leaf_hash(
                    canonical(entry)
                ).hex()
            case "ballot.opened":
                name, sequence = payload["organisation"], payload["sequence"]
                ballots.setdefault(payload["vote"], {})[name] = [
                    name, sequence, payload["hash"], sealed[payload["vote"], name, sequence],
                ]  # fmt: skip
            case "vote.closed":
                standing = [line for _, line in sorted(ballots.get(payload["vote"], {}).items())]
                payload["ballots"], payload["ballots_hash"] = standing, digest(standing)


def ballot_hash(ballot: dict) -> str:
    from treaty.rules.ballots import read_ballot

    return read_ballot(canonical(ballot)).hash


def later(text: str, **lengths) -> str:
    return stamp(instant(text) + timedelta(**lengths))


@contextmanager
def empty_site(folder: Path):
    """Real tables, a log and files of its own; everything is emptied afterwards."""
    places = {"tlog": "ledger.storage.DurableFiles", "evidence": "django.core.files.storage.FileSystemStorage"}
    from django.conf import settings

    storages = {
        **settings.STORAGES,
        **{name: {"BACKEND": kind, "OPTIONS": {"location": folder / name}} for name, kind in places.items()},
    }
    ledger = {**settings.LEDGER, "SIGNER_DIR": folder / "signer", "WITNESSES": [], "QUORUM": 0}
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(folder)}}
    with override_settings(LEDGER=ledger, STORAGES=storages, CACHES=caches, DEMO=True):
        try:
            yield
        finally:
            empty(connection)
            connection.close()


def entries_on_record() -> list[bytes]:
    return [bytes(data) for data in Entry.objects.order_by("leaf__index").values_list("data", flat=True)]


LOOKS = ((timedelta(days=110), timedelta(0), timedelta(days=5)),)
DAYS = 100  # from the treaty's first vote to the end of the story


@dataclass
class WholeStory:
    """What the demonstration has not come to yet: objections, too few pledges, an emergency, ratification, roll-backs, breach, an end."""

    story: Story

    def on(self, day: float, event: Callable, *arguments) -> None:
        self.story.before(lambda at: event(*arguments, at), days=DAYS - day)

    def lab(self, key):
        return self.story.lab(key)

    def ask(self, decision, subject, requester, at, concerned=None):
        organisation, by = (self.lab if requester in self.story.cast.labs else self.story.body)(requester)
        notice_vote(
            decision=decision, title=f"A vote: {decision}", question="Shall it be so?", subject=subject,
            requester=organisation, subject_organisation=self.lab(concerned)[0] if concerned else None,
            pause=Pause.objects.filter(key=subject.get("pause", "")).first(), by=by, at=at,
        )  # fmt: skip

    def cast(self, decision, key, choice, at):
        organisation, by = (self.lab if key in self.story.cast.labs else self.story.body)(key)
        vote = Vote.objects.filter(decision=decision).latest("noticed_at")
        reason = "It goes too far." if choice == "object" else ""
        cast_ballot(vote=vote, organisation=organisation, choice=Choice(choice), reason=reason, by=by, at=at)

    def all_cast(self, day, decision, keys, choice="consent"):
        for number, key in enumerate(keys):
            self.on(day + 0.01 * number, self.cast, decision, key, choice)

    def declare(self, key, indicator, value, unit, at):
        lab, by = self.lab(key)
        submit(
            indicator=indicator, organisation=lab, value=Decimal(value), unit=unit, observed_at=at - timedelta(hours=1),
            source="declared", provider=lab.name, series=f"{key}:{indicator}:{at:%Y-%m-%d}", by=by, at=at,
        )  # fmt: skip

    def objected_pause(self):
        """Silence, enough objections, a full period, minds changed; then too few pledges, one of them taken back."""
        self.on(0, self.ask, "start_pause_ordinary", {"level": "slowdown"}, "borealis")
        self.all_cast(0.5, "start_pause_ordinary", ("cobalt", "daxing", "hanbit"), "object")
        self.all_cast(1.5, "start_pause_ordinary", ("aster", "borealis", "elbe", "cobalt", "ganges"))
        for number, (key, condition) in enumerate(
            {
                "aster": {"kind": "unconditional"},
                "borealis": {"kind": "named", "labs": ["cobalt"]},
                "cobalt": {"kind": "all_of", "of": [{"kind": "at_least", "n": 2}, {"kind": "share", "share": "1/3"}]},
                "elbe": {"kind": "at_least", "n": 6},
                "fjord": {"kind": "named", "labs": ["elbe"]},
                "ganges": {"kind": "unconditional"},
            }.items()
        ):
            self.on(1.75 + 0.01 * number, self.pledge, key, condition)
        self.on(1.9, self.take_back, "ganges")

    def pledge(self, key, condition, at):
        lab, by = self.lab(key)
        confirm_commitment(
            pause=Pause.objects.latest("adopted_at"), organisation=lab, condition=condition, by=by, at=at
        )

    def take_back(self, key, at):
        lab, by = self.lab(key)
        withdraw_commitment(pause=Pause.objects.latest("adopted_at"), organisation=lab, by=by, at=at)

    def pause_for_some(self):
        """At the end: a pause by silence that comes into force for those who pledged, and not for those whose conditions fail."""
        self.on(92, self.ask, "start_pause_ordinary", {"level": "slowdown"}, "aster")
        for number, (key, condition) in enumerate(
            {
                "aster": {"kind": "unconditional"},
                "borealis": {"kind": "named", "labs": ["cobalt"]},
                "cobalt": {"kind": "any_of", "of": [{"kind": "at_least", "n": 2}, {"kind": "share", "share": "1"}]},
                "daxing": {"kind": "unconditional"},
                "elbe": {"kind": "at_least", "n": 7},
                "fjord": {"kind": "named", "labs": ["elbe"]},
                "ganges": {"kind": "unconditional"},
            }.items()
        ):
            self.on(94.2 + 0.01 * number, self.pledge, key, condition)

    def emergency(self):
        """Bodies halt everything at once; the laboratories ratify; some stand down, one is late and found in breach."""
        self.on(10, self.ask, "start_pause_emergency", {"level": "halt"}, "ivb")
        self.all_cast(10.1, "start_pause_emergency", ("ivb", "nordic"))
        self.all_cast(11, "ratify_emergency", ("aster", "borealis", "cobalt", "daxing", "elbe", "hanbit"))
        for number, key in enumerate(("aster", "borealis", "cobalt", "daxing", "elbe", "ganges", "hanbit")):
            self.on(10.3 + 0.01 * number, self.stand_down, key)
        self.on(
            12, self.ask, "extend_deadline", {"pause": "2026-02", "lab": "elbe", "stage": "verify", "by": "7 d"}, "elbe"
        )
        self.all_cast(12.2, "extend_deadline", ("aster", "borealis", "cobalt"))
        self.on(14.5, self.answer)
        self.on(15, self.refer)
        self.on(15.5, self.determine_breach)
        self.all_cast(
            17,
            "determine_non_compliance",
            ("aster", "borealis", "cobalt", "daxing", "elbe", "hanbit", "nordic", "pacific"),
        )
        for half_days in range(22, 34):
            self.on(half_days / 2 + 0.1, visits._work, self.story)
        self.on(30, self.verify, "ganges", "consistent")
        self.on(30.1, self.verify, "cobalt", "discrepancy")

    def stand_down(self, key, at):
        by, it = self.story.cast.representative(key), self.of(key)
        acknowledge(stand_down=it, by=by, at=at)
        runs = list(runs_in_scope(it.pause, [it.organisation], at).get(it.organisation_id, []))
        for run in runs:
            record_halt(
                stand_down=it, run=TrainingRun.objects.get(pk=run.pk), checkpoint_commitment="5e" * 32, by=by, at=at
            )
        if not runs:
            state_nothing_runs(stand_down=it, by=by, at=at)
        found = deployments_in_scope(terms(it.pause), it.organisation)
        for one in found:
            record_roll_back(
                stand_down=it, deployment=Deployment.objects.get(pk=one.pk), approved=sites.GATES, by=by, at=at
            )
        if not found:
            state_nothing_deployed(stand_down=it, by=by, at=at)
        declare_stand_down(stand_down=it, site_mode="inference_only", by=by, at=at)

    def of(self, key):
        return StandDown.objects.select_related("pause", "organisation").get(
            organisation__key=key, pause__key="2026-02"
        )

    def late_case(self):
        return Case.objects.filter(organisation__key="fjord").order_by("pk").first()

    def answer(self, at):
        by = self.story.cast.representative("fjord")
        answer_case(case=self.late_case(), words="The site was flooded.", by=by, at=at)
        second = Case.objects.filter(organisation__key="fjord").order_by("pk")[1]
        report_remedy(case=second, words="All runs are halted now.", by=by, at=at)
        close_case(
            case=second,
            body=self.story.cast.bodies["pacific"],
            words="Seen on site.",
            by=self.story.body("pacific")[1],
            at=at,
        )

    def refer(self, at):
        lab, by = self.lab("aster")
        open_case(
            pause=Pause.objects.get(key="2026-02"),
            lab=self.lab("hanbit")[0],
            organisation=lab,
            reason="A hall hums.",
            by=by,
            at=at,
        )

    def determine_breach(self, at):
        self.ask("determine_non_compliance", {"case": self.late_case().key}, "ivb", at, "fjord")

    def verify(self, key, conclusion, at):
        body, by = self.story.body("pacific")
        verify_stand_down(
            stand_down=self.of(key), visit_key="", conclusion=conclusion, by=by, at=at, body=body, basis="Seen."
        )

    def others(self):
        """A vote withdrawn, a notice of withdrawal revoked, a reading in quarantine that two people release."""
        self.on(20, self.ask, "procedural", {}, "cobalt")
        self.on(20.2, self.drop_vote)
        self.on(26, self.ask, "advisory", {}, "cobalt")
        self.all_cast(26.5, "advisory", ("aster", "borealis"))
        self.all_cast(27, "advisory", ("cobalt", "aster"), "object")
        self.on(21, self.leave)
        self.on(22, self.stay)
        self.on(23, self.declare, "daxing", "largest_run", "1e24", "FLOP")
        self.on(24, self.declare, "daxing", "largest_run", "9e28", "FLOP")
        for number, key in enumerate(("ivb", "pacific")):
            self.on(25 + number, self.release, key)

    def drop_vote(self, at):
        withdraw_vote(
            vote=Vote.objects.get(decision="procedural"),
            reason="Settled.",
            by=self.story.cast.representative("secretariat"),
            at=at,
        )

    def leave(self, at):
        party = Party.objects.get(organisation__key="ganges")
        give_withdrawal_notice(party=party, events="A law at home.", by=self.story.cast.representative("ganges"), at=at)

    def stay(self, at):
        party = Party.objects.get(organisation__key="ganges")
        revoke_withdrawal_notice(party=party, by=self.story.cast.representative("ganges"), at=at)

    def release(self, key, at):
        review_quarantine(quarantine=Quarantine.objects.get(), by=self.story.body(key)[1], at=at)

    def resumption(self):
        """Every criterion is met; labs and bodies decide; timelock; three stages; the end."""
        for day in (60, 75):
            for number, key in enumerate(self.story.cast.labs):
                self.on(day + 0.01 * number, self.declare, key, "ai_research_share", "0.4", "share")
                self.on(day + 0.01 * number, self.declare, key, "security_incident_open", "0", "count")
        for number, criterion in enumerate(("stand_downs_verified", "safety_case_reviewed", "security_review")):
            self.on(61 + 0.1 * number, self.determine, criterion)
        self.on(62, self.ask_to_resume)
        self.all_cast(62.2, "resume", ("aster", "borealis", "cobalt", "daxing", "elbe", "hanbit", "nordic", "pacific"))

    def determine(self, criterion, at):
        body, by = self.story.body("pacific")
        determine_criterion(
            pause=Pause.objects.get(key="2026-02"),
            criterion=criterion,
            body=body,
            met=True,
            basis="Seen.",
            by=by,
            at=at,
        )

    def ask_to_resume(self, at):
        lab, by = self.lab("borealis")
        open_resumption_vote(pause=Pause.objects.get(key="2026-02"), organisation=lab, by=by, at=at)


def tell_the_whole_story(folder: Path) -> tuple[list[bytes], Path, dict[datetime, dict]]:
    """The record, the bundle that the site offers of it, and what its pages then say of past instants."""
    with empty_site(folder), patch("config.demonstration.story.JUDGED", LOOKS):
        open_log(at=NOW - FOUNDED)
        story = Story(assemble(NOW), NOW)
        chapters.treaty(story)
        story.before(lambda _: story.facilities.update(sites.register(story.cast, NOW)), days=290)
        for at, event in sites.works(story.cast, NOW - timedelta(days=110)):
            story.before(event, days=(NOW - at) / timedelta(days=1))
        whole = WholeStory(story)
        for chapter in (whole.objected_pause, whole.emergency, whole.others, whole.resumption, whole.pause_for_some):
            chapter()
        for day in (1.7, 4, 6, 13, 14, 16, 26, 40, 58, 66, 67, 70, 74, 81, 90, 94.1, 97):
            whole.on(day, lambda _at: None)
        story.run()
        publish(at=NOW)
        with (folder / "log.zip").open("wb") as file:
            write_bundle(file)
        lines = entries_on_record()
        return lines, folder / "log.zip", {at: past.of_site(at) for at in past.instants(list(map(json.loads, lines)))}
