import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from inspections.rules.scenarios import Scenario, read_scenario
from inspections.rules.simulated import Gap, Hidden, Report
from inspections.rules.simulation import simulate
from treaty.rules.reading import TextInvalid, json_schema, read_text
from treaty.rules.text import Text
from web.templatetags.fermata import span

MODEL: Final = Path(__file__).resolve().parents[3] / "treaty" / "texts" / "model-treaty.yaml"
UNDETECTED: Final = 1
REFUSED: Final = 65  # EX_DATAERR, as of `fermata evaluate`
GAPS: Final = {
    Gap.UNKNOWN: "nothing fired: on record it is unknown",
    Gap.UNSEEN: "nothing fired: on record it is not so",
    Gap.DECIDING: "vote or activation under way",
    Gap.NOT_ADOPTED: "vote rejected, or the pause over too soon",
    Gap.NOT_BOUND: "a pause that does not bind everybody",
    Gap.STANDING_DOWN: "somebody has still to halt",
    Gap.CHEATING: "somebody says that it halted and goes on",
    Gap.RESUMING: "work resumed too soon",
}


class Command(BaseCommand):
    """Plays a scenario and reports; exit code 1 where some cheating was never detected, 65 where a file cannot be read."""

    help = "Play years of a treaty on a virtual clock: what was detected, when, and how long the world was unprotected."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which scenario, under which text, and in which form the answer comes."""
        parser.add_argument("scenario", type=Path, nargs="?", help="a scenario (docs/simulate.md)")
        parser.add_argument("--text", type=Path, default=MODEL, help="a treaty text (default: the model treaty)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--schema", action="store_true", help="print the JSON Schema of scenarios, and play nothing"
        )

    def handle(self, *, scenario: Path | None, text: Path, schema: bool, **options: Any) -> None:
        """Read, play, report."""
        if schema:
            self.stdout.write(json.dumps(json_schema(Scenario), indent=2))
            return
        if scenario is None:
            raise CommandError("Say which scenario, or --schema.", returncode=2)
        rules = self._read(text, read_text)
        played = self._read(scenario, lambda source: read_scenario(source, rules))
        report = self._play(played, rules)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(played, rules, report)))
        else:
            self.stdout.write("\n".join(as_lines(played, rules, report)))
        if report.undetected:
            sys.exit(UNDETECTED)

    def _read[Shape](self, path: Path, reader: Callable[[bytes], Shape]) -> Shape:
        try:
            return reader(path.read_bytes())
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=REFUSED) from None
        except TextInvalid as error:
            raise CommandError(f"{path}:\n{error.detail}", returncode=REFUSED) from None

    def _play(self, scenario: Scenario, text: Text) -> Report:
        days = (scenario.end - scenario.start).days
        with tqdm(total=days, unit=" days", desc="Playing", leave=False, disable=None) as progress:
            return simulate(scenario, text, told=lambda at: progress.update((at - scenario.start).days - progress.n))


def as_json(scenario: Scenario, text: Text, report: Report) -> dict[str, object]:
    """Return the report with what it is a report of."""
    return {
        "title": scenario.title,
        "seed": scenario.seed,
        "starts": scenario.starts,
        "years": scenario.years,
        "text": {"title": text.title, "version": text.version},
        **report.to_json(),
    }


def as_lines(scenario: Scenario, text: Text, report: Report) -> list[str]:
    """Return the report for people."""
    gaps = [f"  {span(length):>9}  {GAPS[gap]}" for gap, length in sorted(report.gaps.items())]
    unknown = [f"  {span(length):>9}  {trigger}" for trigger, length in sorted(report.unknown.items())]
    return [
        f"{scenario.title}: {scenario.years} years from {scenario.starts}, {len(scenario.labs)} laboratories, seed {scenario.seed}",
        f"{text.title}, version {text.version}",
        "",
        f"A trigger was true in reality for {span(report.danger)}; unprotected for {span(report.unprotected)} of it:",
        *(gaps or ["  never"]),
        "Triggers that could not be judged:",
        *(unknown or ["  none"]),
        f"Stand-downs were late by {span(report.late)} in all.",
        "",
        "Cheating:",
        *([_about(one) for one in report.hidden] or ["  none"]),
        "",
        "What happened:",
        *(f"  {one.at:%Y-%m-%d %H:%M}  {one.what:<24}{one.about}" for one in report.told),
    ]


def _about(one: Hidden) -> str:
    what = f"  {one.lab} {one.cheat.kind}{' ' + one.cheat.indicator if one.cheat.indicator else ''}: "
    if one.begun_at is None:
        return f"{what}no occasion"
    since = f"from {one.begun_at:%Y-%m-%d}"
    if one.detected_at is None:
        return f"{what}{since}, NEVER DETECTED"
    return f"{what}{since}, detected {one.detected_at:%Y-%m-%d}, after {span(one.detected_at - one.begun_at)}"
