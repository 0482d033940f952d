"""Treaty-years a second that the simulator plays: the example scenarios, and a hundred laboratories."""

import time
from pathlib import Path
from typing import Any

from benchmarks.table import Row, show
from inspections.rules.scenarios import Scenario, read_scenario
from inspections.rules.simulation import simulate
from treaty.rules.reading import read_text

TREATY = Path(__file__).resolve().parent.parent / "treaty"
LABS, YEARS = 100, 10


def main() -> None:
    text = read_text((TREATY / "texts" / "model-treaty.yaml").read_bytes())
    examples = {
        path.stem: read_scenario(path.read_bytes(), text) for path in sorted((TREATY / "scenarios").glob("*.yaml"))
    }
    played = {f"{name}, 5 laboratories": one for name, one in examples.items()}
    played[f"late, {LABS} laboratories"] = crowded(examples["late"])
    rows = [measured(what, one, text) for what, one in played.items()]
    show("Treaty-years played a second", rows)


def crowded(scenario: Scenario) -> Scenario:
    """Return the scenario with its habits spread over LABS laboratories and YEARS years."""
    habits = list(scenario.labs.values())
    labs = {f"lab-{number:03}": habits[number % len(habits)] for number in range(LABS)}
    return scenario.model_copy(update={"labs": labs, "years": YEARS})


def measured(what: str, scenario: Scenario, text: Any) -> Row:
    start = time.perf_counter()
    rounds = 0
    while time.perf_counter() - start < 3:
        report = simulate(scenario, text)
        rounds += 1
    took = time.perf_counter() - start
    note = f"{report.looks} looks and {len(report.told)} events a run"
    return Row(what, rounds * scenario.years / took, None, "treaty-years/s", None, note)
