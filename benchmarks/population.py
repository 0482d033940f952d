"""The rows of a site with any number of laboratories, made in bulk in a benchmark's own database.

Every laboratory is bound, has two facilities, a run, a service and monthly readings; a pause is in force and its stand-downs are
at every stage; visits are reported, announced and planned; three votes are open and four are closed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Organisation, User
from accounts.rules.names import skeleton
from accounts.rules.organisations import Kind, Role
from benchmarks.ledger import fill_log
from core.canonical import canonical, digest
from inspections.models import Designation, Finding, Report, Visit, VisitInspector
from inspections.rules.findings import Severity
from inspections.rules.reports import Answer, Conclusion, ReportState
from inspections.rules.visits import VisitKind, VisitState
from labs.models import (
    AcceleratorModel,
    Deployment,
    Facility,
    Inventory,
    InventoryLine,
    Reading,
    RollbackProcedure,
    TrainingRun,
)
from labs.rules.readings import Source
from labs.rules.runs import RunStatus
from ledger.actions import open_log, record
from ledger.actions.publish import publish
from treaty.actions.advance import advance_pause
from treaty.actions.pauses import start_pause
from treaty.actions.readings import batches, import_batch
from treaty.actions.triggers import evaluate_triggers
from treaty.actions.votes import advance_vote, notice_vote
from treaty.importers import SOURCES
from treaty.models import Accreditation, Ballot, Party, Pause, TreatyText, Vote
from treaty.queries.texts import rules_of
from treaty.rules.profiles import Choice
from treaty.rules.reading import read_text
from treaty.rules.readings import ReadingRow
from treaty.rules.rolls import Roll
from treaty.rules.standdowns import SiteMode

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "treaty" / "texts" / "model-treaty.yaml"
WORLD = ROOT / "config" / "demonstration" / "readings.csv"
BODIES = {"ivb": "International Verification Body", "nordic": "Nordic Inspectorate", "pacific": "Pacific Assurance"}
DAY = timedelta(days=1)
STOOD_DOWN = 0.75  # of the laboratories have declared
VERIFIED = 0.4  # of them were verified on site
VOTED = 0.6  # of them have voted in the open votes


@dataclass
class Site:
    """What was made, and when it is there."""

    now: datetime
    text: TreatyText
    labs: list[Organisation]
    bodies: list[Organisation]
    people: list[User]  # one representative a laboratory, in the same order
    facilities: list[Facility]

    @property
    def long_ago(self) -> datetime:
        """When everything began."""
        return self.now - 300 * DAY


def populate(labs: int, entries: int = 0) -> Site:
    """Make the rows; a pause and votes come about through their actions, all else directly. `entries` that mean nothing are on record before them."""
    now = timezone.now()
    open_log(at=now - 301 * DAY)
    fill_log(entries)
    site = _parties(now, labs)
    _facilities(site)
    _readings(site)
    pause = _pause(site)
    _stand_downs(pause)
    _visits(site, pause)
    for number in range(4):
        _vote(site, f"Closed question {number + 1}", now - (40 + number) * DAY, share=1.0)
    for number in range(3):
        _vote(site, f"Open question {number + 1}", now - timedelta(hours=2 + number), share=VOTED)
    evaluate_triggers(at=now)
    publish(at=now)
    return site


def _text(labs: int) -> bytes:
    """Return the model treaty with `labs` laboratories in Annex 1."""
    source = MODEL.read_text()
    added = "".join(
        f"  - {{key: lab-{number:03}, name: Laboratory {number:03}, jurisdiction: CH}}\n"
        for number in range(9, labs + 1)
    )
    return re.sub(r"(?m)^(  - \{key: hanbit, .*\n)", lambda found: found[0] + added, source, count=1).encode()


def _parties(now: datetime, count: int) -> Site:
    source, long_ago = _text(count), now - 300 * DAY
    rules = read_text(source)
    text = TreatyText.objects.create(
        version=rules.version, title=rules.title, source=source, sha256=sha256(source).hexdigest(),
        published_at=long_ago, in_force_at=long_ago, entry_recorded_at=long_ago,
    )  # fmt: skip
    labs = _organisations({lab.key: lab.name for lab in rules.labs}, Kind.LABORATORY, long_ago)
    bodies = _organisations(BODIES, Kind.BODY, long_ago)
    Party.objects.bulk_create(
        Party(organisation=lab, text=text, signed_at=long_ago, ratified_at=long_ago, bound_at=long_ago) for lab in labs
    )
    Accreditation.objects.bulk_create(
        Accreditation(organisation=body, text=text, accepted_at=long_ago) for body in bodies
    )
    people = _people(labs, Role.REPRESENTATIVE, long_ago)
    return Site(now, text, labs, bodies, people, [])


def _organisations(names: dict[str, str], kind: Kind, at: datetime) -> list[Organisation]:
    return Organisation.objects.bulk_create(
        Organisation(
            key=key,
            name=name,
            skeleton=skeleton(name),
            kind=kind,
            jurisdiction="CH" if kind == Kind.LABORATORY else "",
            joined_at=at,
        )
        for key, name in names.items()
    )


def _people(organisations: Iterable[Organisation], role: Role, at: datetime, each: int = 1) -> list[User]:
    """Return `each` people for every organisation, who hold `role` in it and have no password."""
    pairs = [(one, number) for one in organisations for number in range(each)]
    people = User.objects.bulk_create(
        User(email=f"{role.value}.{number}@{one.key}.example", name=f"{role.value.title()} {number} of {one.name}")
        for one, number in pairs
    )
    Membership.objects.bulk_create(
        Membership(user=person, organisation=one, role=role, from_at=at)
        for person, (one, _) in zip(people, pairs, strict=True)
    )
    return people


def _facilities(site: Site) -> None:
    at = site.long_ago
    h100 = AcceleratorModel.objects.create(
        key="h100",
        name="H100 SXM",
        memory_gb=80,
        ops_8bit=Decimal(1_979_000_000_000_000),
        tdp_w=700,
        source="Benchmark",
    )
    site.facilities = Facility.objects.bulk_create(
        Facility(
            organisation=lab, key=f"{lab.key}-site-{number}", name=f"{lab.name} site {number}", jurisdiction="CH",
            opened_at=at, registered_at=at,
        )
        for lab in site.labs
        for number in (1, 2)
    )  # fmt: skip
    inventories = Inventory.objects.bulk_create(
        Inventory(facility=facility, version=1, as_of=at, declared_at=at) for facility in site.facilities
    )
    InventoryLine.objects.bulk_create(
        InventoryLine(inventory=inventory, accelerator=h100, quantity=4096) for inventory in inventories
    )
    TrainingRun.objects.bulk_create(
        TrainingRun(
            organisation=lab, facility=facility, key=f"{lab.key}-run", name="A large run", planned_flop=Decimal("1e25"),
            status=RunStatus.RUNNING, registered_at=at, started_at=at,
        )
        for lab, facility in zip(site.labs, site.facilities[::2], strict=True)
    )  # fmt: skip
    services = Deployment.objects.bulk_create(
        Deployment(
            organisation=lab, key=f"{lab.key}-service", name="Assistant service", model_name="Model One",
            flop=Decimal("1e25"), released_at=at, registered_at=at,
        )
        for lab in site.labs
    )  # fmt: skip
    RollbackProcedure.objects.bulk_create(
        RollbackProcedure(
            deployment=service, version=1, steps=["Route traffic away"], gates=["Safety"], registered_at=at
        )
        for service in services
    )


def _readings(site: Site) -> None:
    data = WORLD.read_bytes()
    for batch in batches([row for row in SOURCES["csv"](data) if isinstance(row, ReadingRow)]):
        import_batch(rows=batch, file_sha256=sha256(data).hexdigest(), by=None, at=site.now - 90 * DAY)
    Reading.objects.bulk_create(
        Reading(
            indicator=indicator, organisation=lab, value=Decimal(value), unit=unit, observed_at=at, received_at=at,
            source=Source.DECLARED, provider=lab.name, series=f"{lab.key}:{indicator}:{month}", version=1,
        )
        for lab in site.labs
        for indicator, value, unit in (
            ("ai_research_share", "0.55", "share"),
            ("security_incident_open", "0", "count"),
        )
        for month, at in enumerate(site.now - days * DAY for days in (100, 70, 40, 10))
    )  # fmt: skip


def _pause(site: Site) -> Pause:
    """Return a pause that everybody confirmed, in force for 11 days."""
    effect = site.now - 12 * DAY
    profile = rules_of(site.text).profiles["ordinary_pause"]
    vote = Vote.objects.create(
        key="started", decision="start_pause_ordinary", profile_key="ordinary_pause", title=profile.title,
        question="Shall a pause start?", subject={"effect": "start_pause", "level": "pause"},
        profile=profile.model_dump(mode="json", exclude_defaults=True), profile_hash="0" * 64, roll_hash=Roll(()).hash,
        text=site.text, noticed_at=effect - 3 * DAY, opens_at=effect - 3 * DAY, closes_at=effect, closed_at=effect,
        outcome="adopted", reason="silence", effective_at=effect, effect_applied_at=effect,
    )  # fmt: skip
    pause = start_pause(vote=vote, at=effect)
    pause.commitments.update(condition={"kind": "unconditional"}, confirmed_at=effect + DAY / 2)
    return advance_pause(pause=pause, at=site.now)


def _stand_downs(pause: Pause) -> None:
    start = pause.in_force_at
    rows = list(pause.stand_downs.order_by("pk"))
    for number, row in enumerate(rows):
        place = number / len(rows)
        row.acknowledged_at = start + timedelta(hours=2)
        if place < STOOD_DOWN:
            row.halted_at, row.declared_at = start + timedelta(hours=20), start + timedelta(hours=40)
            row.site_mode = SiteMode.INFERENCE_ONLY
        if place < VERIFIED:
            row.verified_at = start + 6 * DAY
    type(rows[0]).objects.bulk_update(rows, ["acknowledged_at", "halted_at", "declared_at", "site_mode", "verified_at"])
    TrainingRun.objects.filter(organisation__in=[row.organisation_id for row in rows if row.halted_at]).update(
        status=RunStatus.HALTED, halted_at=start + timedelta(hours=20), checkpoint_commitment="0" * 64
    )


def _visits(site: Site, pause: Pause) -> None:
    """Make one visit a laboratory: reported, announced or still sealed."""
    first, last = int(len(site.labs) * VERIFIED), int(len(site.labs) * STOOD_DOWN)
    states = [
        VisitState.PRELIMINARY if number < first else VisitState.NOTIFIED if number < last else VisitState.PLANNED
        for number in range(len(site.labs))
    ]
    at = {VisitState.PRELIMINARY: site.now - 5 * DAY, VisitState.NOTIFIED: site.now + DAY}
    visits = Visit.objects.bulk_create(
        _visit(site, pause, number, state, at.get(state, site.now + 9 * DAY)) for number, state in enumerate(states)
    )
    _teams(site, visits)
    _reports(site, visits[:first])


def _visit(site: Site, pause: Pause, number: int, state: VisitState, start: datetime) -> Visit:
    key = f"{start.year}-{number:04}"
    reported = state == VisitState.PRELIMINARY
    return Visit(
        key=key, facility=site.facilities[2 * number], pause=pause, text=site.text, kind=VisitKind.PAUSE_VERIFICATION,
        state=state, planned_at=site.now - 10 * DAY, planned_from=start, planned_until=start + timedelta(hours=10),
        notice_due_at=start - 2 * DAY, notified_at=None if state == VisitState.PLANNED else start - 2 * DAY,
        access_at=start if reported else None, began_at=start if reported else None,
        reported_at=start + DAY if reported else None, salt="5a" * 32, commitment=sha256(key.encode()).hexdigest(),
    )  # fmt: skip


def _teams(site: Site, visits: list[Visit]) -> None:
    """Send two inspectors to each visit; nobody is in two places at once."""
    inspectors = _people(site.bodies[:2], Role.INSPECTOR, site.long_ago, each=len(visits))
    designations = Designation.objects.bulk_create(
        Designation(
            user=person,
            body=site.bodies[number // len(visits)],
            designated_at=site.long_ago,
            valid_until=site.now + 400 * DAY,
        )
        for number, person in enumerate(inspectors)
    )
    VisitInspector.objects.bulk_create(
        VisitInspector(visit=visit, designation=one, period=(visit.planned_from, visit.planned_until))
        for number, visit in enumerate(visits)
        for one in (designations[number], designations[len(visits) + number])
    )


def _reports(site: Site, visits: list[Visit]) -> None:
    layers = list(rules_of(site.text).monitoring.layers)
    sections = {layer: {"answer": Answer.VERIFIED.value, "notes": "As declared."} for layer in layers}
    reports = Report.objects.bulk_create(
        Report(
            visit=visit, sections=sections, conclusion=Conclusion.CONSISTENT,
            collected_at=visit.planned_until, opened_at=visit.planned_until, received_at=visit.reported_at,
            salt="5a" * 32, commitment=sha256(visit.key.encode()).hexdigest(), submission_key=visit.key,
        )
        for visit in visits
    )  # fmt: skip
    Finding.objects.bulk_create(
        Finding(
            report=report, number=1, layer=layers[0], article="4", severity=Severity.ANOMALY, state=Severity.ANOMALY,
            text="One seal was replaced without a note in the register.",
        )
        for report in reports[::4]
    )  # fmt: skip
    Report.objects.filter(pk__in=[report.pk for report in reports]).update(state=ReportState.SUBMITTED)


def _vote(site: Site, title: str, noticed_at: datetime, *, share: float) -> Vote:
    """Notice a vote on procedure, put ballots of a share of the laboratories in, and let time do the rest."""
    vote = open_vote(title, noticed_at)
    cast(vote, site.labs[: int(len(site.labs) * share)], noticed_at + timedelta(hours=1))
    return advance_vote(vote=vote, at=site.now)


def open_vote(title: str, at: datetime, decision: str = "procedural") -> Vote:
    """Notice a vote of all laboratories."""
    return notice_vote(
        decision=decision,
        title=title,
        question="Shall it be so?",
        subject={"level": "pause"} if decision.startswith("start_pause") else {},
        requester=None,
        subject_organisation=None,
        by=None,
        at=at,
    )


@transaction.atomic
def cast(vote: Vote, labs: list[Organisation], at: datetime) -> None:
    """Put one ballot of each of `labs` on record, two consents for each objection."""
    ballots = []
    for number, lab in enumerate(labs):
        choice = Choice.OBJECT if number % 3 == 2 else Choice.CONSENT
        content = {"vote": vote.key, "organisation": lab.key, "choice": choice.value}
        payload = {"vote": vote.key, "organisation": lab.key, "ballot": content, "hash": digest(content)}
        entry = record(kind="ballot.cast", payload=payload, by=None, at=at)
        ballots.append(
            Ballot(
                vote=vote,
                organisation=lab,
                choice=choice,
                reason="Too early." if choice is Choice.OBJECT else "",
                content=canonical(content),
                sequence=1,
                received_at=at,
                hash=digest(content),
                entry_hash=entry.hash,
            )
        )
    Ballot.objects.bulk_create(ballots)
