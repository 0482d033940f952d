"""Facilities and what they hold: from the chips that were declared follows the compute that pledges are weighed by."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from accounts.rules.organisations import Role
from core.times import Period
from ledger.rules.entries import EntryValue
from treaty.rules.text import Covered
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_representative, by_role
from verifier.replay.payloads import decimal, moment, number, parts, text


@dataclass
class Site:
    """A facility: whose it is, when it was in use, and the operations per second that it held from which instant on."""

    lab: str
    used: Period
    registered_at: datetime
    held: list[tuple[datetime, Fraction]] = field(default_factory=list)
    jurisdiction: str = ""

    def operations(self, at: datetime) -> Fraction | None:
        """Return the operations per second declared by `at`; None where no inventory was."""
        return next((held for since, held in reversed(self.held) if since <= at), None)


@dataclass
class Sites:
    """Every facility, and the catalogue that inventories are written in."""

    known: dict[str, Site] = field(default_factory=dict)
    chips: dict[str, Fraction] = field(default_factory=dict)  # dense 8-bit operations per second of one

    def of(self, lab: str, at: datetime) -> list[str]:
        """Return the facilities that the laboratory uses at `at`."""
        return sorted(key for key, site in self.known.items() if site.lab == lab and at in site.used)

    def compute(self, lab: str, covered: Covered, at: datetime) -> Fraction | None:
        """Return the laboratory's compute in H100-equivalents as declared by `at`; None where it declared nothing."""
        held = [found for site in self.known.values() if site.lab == lab and (found := site.operations(at)) is not None]
        return sum(held, Fraction(0)) / Fraction(covered.h100_ops_per_second) if held else None


@replays("accelerator.listed")
def list_chip(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The catalogue is kept by the secretariat or the operator's command; a listed chip stays as it is."""
    sites, key = replay.of(Sites), text(entry.payload, "accelerator")
    if entry.by is not None:
        yield from by_role(replay, entry, {Role.DEPOSITARY})
    if key in sites.chips:
        yield Finding("repeated", f"{key} was listed before")
    sites.chips.setdefault(key, Fraction(decimal(entry.payload["ops_8bit"], "ops_8bit")))


@replays("facility.registered")
def register(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory registers a site that is in use."""
    sites, key, lab = replay.of(Sites), text(entry.payload, "facility"), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    opened_at = moment(entry.payload, "opened_at")
    if key in sites.known:
        yield Finding("repeated", f"{key} was registered before")
    if opened_at > entry.at:
        yield Finding("instant", "a site is registered once it is in use")
    sites.known[key] = Site(lab, Period(opened_at), entry.at)


@replays("facility.closed")
def close(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A site is closed once its newest inventory is empty."""
    sites, key, lab = replay.of(Sites), text(entry.payload, "facility"), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    site = sites.known[key]
    if site.used.end or site.operations(entry.at):
        yield Finding("state", f"{key} is closed, or still holds accelerators by its newest inventory")
    site.used = Period(site.used.start, entry.at)


@replays("inventory.declared")
def declare(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A site's chips, in the catalogue's words, as the next version."""
    payload, sites = entry.payload, replay.of(Sites)
    key, lab = text(payload, "facility"), text(payload, "lab")
    yield from by_representative(replay, entry, lab)
    site = sites.known.get(key)
    if site is None or site.lab != lab or entry.at not in site.used:
        yield Finding("unknown", f"{lab} uses no site {key}")
        return
    yield from differs("version", "the version of the inventory", number(payload, "version"), len(site.held) + 1)
    if moment(payload, "as_of") > entry.at:
        yield Finding("instant", "an inventory says what was there, not what will be")
    lines = [(text(line, "accelerator"), number(line, "quantity")) for line in parts(payload, "lines")]
    unknown = sorted({chip for chip, _ in lines} - set(sites.chips))
    if unknown:
        yield Finding("unknown", f"the catalogue has no accelerator {', '.join(unknown)}")
    held = sum((sites.chips[chip] * quantity for chip, quantity in lines if chip in sites.chips), Fraction(0))
    site.held.append((entry.at, held))
