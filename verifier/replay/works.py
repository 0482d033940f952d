"""Training runs and deployments: what a pause halts and rolls back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from labs.rules.deployments import DeploymentEvent, DeploymentStatus
from labs.rules.deployments import next_state as next_deployment
from labs.rules.runs import RunEvent, RunStatus
from labs.rules.runs import next_state as next_run
from ledger.rules.entries import EntryValue
from treaty.rules.text import Level
from verifier.replay.frame import Finding, Replay, replays
from verifier.replay.organisations import by_representative
from verifier.replay.payloads import decimal, maybe_moment, text
from verifier.replay.sites import Sites

RUN_EVENTS: Final[Mapping[str, RunEvent]] = {
    "run.started": RunEvent.START,
    "run.halted": RunEvent.HALT,
    "run.finished": RunEvent.FINISH,
}
DEPLOYMENT_EVENTS: Final[Mapping[str, DeploymentEvent]] = {
    "deployment.rolled_back": DeploymentEvent.ROLL_BACK,
    "deployment.restored": DeploymentEvent.RESTORE,
}


@dataclass
class Run:
    """A training run and where it stands."""

    lab: str
    facility: str
    planned_flop: Decimal
    status: RunStatus


@dataclass
class Deployment:
    """A deployed model and where it stands."""

    lab: str
    flop: Decimal
    status: DeploymentStatus = DeploymentStatus.LIVE


@dataclass
class Works:
    """Every run and deployment by key."""

    runs: dict[str, Run] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)

    def to_halt(self, lab: str, level: Level) -> set[str]:
        """Return the laboratory's runs above the level's threshold that can still go on."""
        limit = level.training_above_flop
        if limit is None:
            return set()
        going = {RunStatus.PLANNED, RunStatus.RUNNING}
        return {
            key for key, it in self.runs.items() if it.lab == lab and it.planned_flop > limit and it.status in going
        }

    def to_roll_back(self, lab: str, level: Level) -> set[str]:
        """Return the laboratory's live deployments that the level asks to be rolled back."""
        limit = level.release_above_flop
        if limit is None or not level.roll_back_deployments:
            return set()
        live = DeploymentStatus.LIVE
        return {key for key, it in self.deployments.items() if it.lab == lab and it.flop > limit and it.status is live}


@replays("run.registered")
def register_run(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory declares a run at a site of its own, planned or under way."""
    payload, works, lab = entry.payload, replay.of(Works), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    site = replay.of(Sites).known.get(text(payload, "facility"))
    if site is None or site.lab != lab:
        yield Finding("unknown", f"{lab} has no site {text(payload, 'facility')}")
    started_at = maybe_moment(payload, "started_at")
    if started_at and started_at > entry.at:
        yield Finding("instant", "the start of a run that is under way does not lie ahead")
    if text(payload, "run") in works.runs:
        yield Finding("repeated", f"{text(payload, 'run')} was registered before")
    status = RunStatus.RUNNING if started_at else RunStatus.PLANNED
    works.runs[text(payload, "run")] = Run(
        lab, text(payload, "facility"), decimal(payload["planned_flop"], "planned_flop"), status
    )


@replays(*RUN_EVENTS)
def move_run(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A run starts, halts or finishes, as its table of states allows."""
    key, lab = text(entry.payload, "run"), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    run = replay.of(Works).runs.get(key)
    if run is None or run.lab != lab:
        yield Finding("unknown", f"{lab} has no run {key}")
        return
    run.status = next_run(run.status, RUN_EVENTS[entry.kind])


@replays("deployment.registered")
def register_deployment(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory declares a model in use."""
    payload, works, lab = entry.payload, replay.of(Works), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    if text(payload, "deployment") in works.deployments:
        yield Finding("repeated", f"{text(payload, 'deployment')} was registered before")
    works.deployments[text(payload, "deployment")] = Deployment(lab, decimal(payload["flop"], "flop"))


@replays(*DEPLOYMENT_EVENTS)
def move_deployment(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A deployment is rolled back or restored, as its table of states allows."""
    key, lab = text(entry.payload, "deployment"), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    deployment = replay.of(Works).deployments.get(key)
    if deployment is None or deployment.lab != lab:
        yield Finding("unknown", f"{lab} has no deployment {key}")
        return
    deployment.status = next_deployment(deployment.status, DEPLOYMENT_EVENTS[entry.kind])


@replays("procedure.amended")
def amend(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The laboratory amends the procedure of a deployment of its own."""
    yield from by_representative(replay, entry, text(entry.payload, "lab"))
    if text(entry.payload, "deployment") not in replay.of(Works).deployments:
        yield Finding("unknown", f"there is no deployment {text(entry.payload, 'deployment')}")
