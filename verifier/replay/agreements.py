"""Facility agreements: versions in order by the laboratory, the newest one agreed to once by an independent body."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.rules.organisations import Role
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_representative, by_role
from verifier.replay.parties import Parties
from verifier.replay.payloads import number, text
from verifier.replay.sites import Sites


@dataclass
class Agreements:
    """How many versions each facility has, and which were agreed to."""

    versions: dict[str, int] = field(default_factory=dict)
    agreed: set[tuple[str, int]] = field(default_factory=set)


@replays("agreement.proposed")
def propose(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The laboratory proposes the next version for a site that it has in use."""
    payload, known = entry.payload, replay.of(Agreements).versions
    lab, facility = text(payload, "lab"), text(payload, "facility")
    yield from by_representative(replay, entry, lab)
    if facility not in replay.of(Sites).of(lab, entry.at):
        yield Finding("unknown", f"{lab} has no facility {facility} in use")
    yield from differs("version", "the version", number(payload, "version"), known.get(facility, 0) + 1)
    known[facility] = number(payload, "version")


@replays("agreement.agreed")
def agree(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of an accredited, independent body agrees once to the newest version."""
    payload, known = entry.payload, replay.of(Agreements)
    lab, facility, version, body = (
        text(payload, "lab"), text(payload, "facility"), number(payload, "version"), text(payload, "body"),
    )  # fmt: skip
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in replay.of(Organisations).affiliates(lab, entry.at):
        yield Finding("conflict", f"{body} is affiliated with {lab}")
    yield from differs("version", "the newest version", version, known.versions.get(facility))
    if (facility, version) in known.agreed:
        yield Finding("repeated", "it was agreed to before")
    known.agreed.add((facility, version))
