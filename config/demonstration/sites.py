"""What the laboratories of the story hold and run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from config.demonstration.cast import Cast
from labs.actions.deployments import register_deployment
from labs.actions.facilities import register_facility
from labs.actions.inventories import declare_inventory, list_accelerator
from labs.actions.runs import register_run
from labs.models import Facility
from labs.rules.accelerators import CATALOGUE

REGISTERED = timedelta(days=290)  # before the story's present: within 45 days of entry into force


@dataclass(frozen=True)
class Site:
    """A facility, its chips, and a run that it works on."""

    lab: str
    name: str
    country: str
    chips: dict[str, int]
    run: tuple[str, str, int] | None = None  # name, planned FLOP, days before the present at which it began


SITES = (
    Site("aster", "Thunder Bay", "CA", {"h100": 24_576}, ("Aster-6 pre-training", "2.4e26", 61)),
    Site("borealis", "Narvik", "NO", {"gb200": 12_288}, ("Boreal-4", "1.1e26", 40)),
    Site("cobalt", "Mesa 4", "US", {"gb200": 48_000, "h100": 4_096}, ("Cobalt-9", "8.0e26", 75)),
    Site("cobalt", "Abilene North", "US", {"b200": 20_000}, ("Cobalt-9 reasoning stage", "6.5e25", 22)),
    Site("daxing", "Ulanqab", "CN", {"ascend-910b2": 60_000}, ("Yanqing-3", "9.0e25", 52)),
    Site("elbe", "Magdeburg II", "DE", {"h200": 9_216}, ("Elbe-L", "3.2e25", 35)),
    Site("fjord", "Teesside", "GB", {"mi300x": 16_384}, ("Skerry-2", "7.5e25", 48)),
    Site("ganges", "Navi Mumbai", "IN", {"h100": 12_000}, ("Ganga-70", "2.8e25", 30)),
    Site("hanbit", "Sejong", "KR", {"h200": 14_336}, ("Hanbit-X", "5.1e25", 44)),
    Site("hanbit", "Busan test hall", "KR", {"a100-80": 256}),
)
DEPLOYMENTS = (
    ("aster", "Aster assistant", "Aster-5", "9.1e25"),
    ("cobalt", "Cobalt agent platform", "Cobalt-8", "4.4e26"),
    ("daxing", "Daxing cloud API", "Yanqing-2", "3.9e25"),
    ("fjord", "Skerry coding agent", "Skerry-1", "2.6e25"),
)
STEPS = (
    "Freeze the release channel and page the on-call owner.",
    "Route traffic to the previous version, one region after another.",
    "Verify refusals and error rates on the previous version.",
    "Revoke the weights' decryption keys on the serving clusters.",
)
GATES = ("Head of deployment", "Head of safety", "Representative under the treaty")


def register(cast: Cast, now: datetime) -> dict[str, Facility]:
    """Register facilities and inventories as of the initial declarations; return facilities by name."""
    at = now - REGISTERED
    for accelerator in CATALOGUE:
        list_accelerator(accelerator=accelerator, by=None, at=at)
    return {site.name: _register(site, cast, at) for site in SITES}


def works(cast: Cast, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], object]]]:
    """Yield what the laboratories do with their sites later, each event with its instant: deployments and runs."""
    for deployment in DEPLOYMENTS:
        yield now - timedelta(days=199), partial(_deploy, cast, deployment)
    for site in SITES:
        if site.run:
            yield now - timedelta(days=site.run[2]) + timedelta(hours=3), partial(_run, cast, site)


def _deploy(cast: Cast, deployment: tuple[str, str, str, str], at: datetime) -> None:
    lab, name, model, flop = deployment
    register_deployment(
        organisation=cast.labs[lab],
        name=name,
        model_name=model,
        flop=Decimal(flop),
        released_at=at - timedelta(days=1),
        steps=STEPS,
        gates=GATES,
        by=cast.representative(lab),
        at=at,
    )


def _run(cast: Cast, site: Site, at: datetime) -> None:
    assert site.run
    name, flop, _days = site.run
    register_run(
        organisation=cast.labs[site.lab],
        facility=Facility.objects.get(organisation=cast.labs[site.lab], name=site.name),
        name=name,
        planned_flop=Decimal(flop),
        started_at=at - timedelta(hours=3),
        by=cast.representative(site.lab),
        at=at,
    )


def declare_further_hall(cast: Cast, at: datetime) -> Facility:
    """Elbe Computing declares a hall that it had left out; the planner finds a day for it at once."""
    lab, by = cast.labs["elbe"], cast.representative("elbe")
    hall = register_facility(
        organisation=lab,
        name="Magdeburg III",
        jurisdiction="DE",
        location="Magdeburg III: the exact place is in the confidential annex.",
        opened_at=at - timedelta(days=4),
        by=by,
        at=at,
    )
    declare_inventory(facility=hall, quantities={"h200": 1_024}, as_of=at, by=by, at=at)
    return hall


def _register(site: Site, cast: Cast, at: datetime) -> Facility:
    lab, by = cast.labs[site.lab], cast.representative(site.lab)
    facility = register_facility(
        organisation=lab,
        name=site.name,
        jurisdiction=site.country,
        location=f"{site.name}: the exact place is in the confidential annex.",
        opened_at=at - timedelta(days=200),
        by=by,
        at=at,
    )
    declare_inventory(facility=facility, quantities=site.chips, as_of=at - timedelta(days=2), by=by, at=at)
    return facility
