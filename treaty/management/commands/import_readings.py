import csv
import hashlib
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import batched
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.models import User
from core.errors import DomainError
from labs.actions.releases import note_import
from treaty.actions.readings import Taken, batches, import_batch, import_releases
from treaty.importers import SOURCES
from treaty.rules.readings import ReadingRow, ReleaseRow, Row, RowRefused, RowSkipped

RELEASES_IN_A_BATCH = 300
SHOWN = 20


class Command(BaseCommand):
    """Takes in a file that others publish. What is wrong is refused row by row; the same file twice changes nothing."""

    help = "Take readings in from a file: epoch (models), metr (time horizons), commits (daily AI share), csv (plain)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which file of which source, on whose behalf, and where the refused rows are written."""
        parser.add_argument("source", choices=sorted(SOURCES))
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", help="e-mail address of the person who vouches for the rows")
        parser.add_argument("--report", type=Path, help="write every refused and skipped row to this CSV file")

    def handle(self, *, source: str, file: Path, email: str | None, report: Path | None, **_: Any) -> None:
        """Read, take in, report."""
        by, at = self._person(email), timezone.now()
        try:
            data = file.read_bytes()
            rows = list(SOURCES[source](data))
            readings, releases, aside = sorted_out(rows)
            sha256 = hashlib.sha256(data).hexdigest()
            taken = self._take_in(readings, releases, sha256, by, at)
            note_import(source=source, file_name=file.name, sha256=sha256, by=by, at=at, **taken.counts())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except DomainError as error:
            raise CommandError(error.detail) from None
        self._tell(taken, aside, report)

    def _person(self, email: str | None) -> User | None:
        person = User.objects.filter(email=email.lower()).first() if email else None
        if email and person is None:
            raise CommandError(f"Nobody has the address {email}.")
        return person

    def _take_in(
        self, readings: list[ReadingRow], releases: list[ReleaseRow], sha256: str, by: User | None, at: datetime
    ) -> Taken:
        taken = Taken()
        with tqdm(
            total=len(readings) + len(releases), unit=" rows", desc="Taking in", leave=False, disable=None
        ) as progress:
            for batch in batches(readings):
                taken.add(import_batch(rows=batch, file_sha256=sha256, by=by, at=at))
                progress.update(len(batch))
            for some in batched(releases, RELEASES_IN_A_BATCH, strict=False):
                taken.add(import_releases(rows=some, file_sha256=sha256, by=by, at=at))
                progress.update(len(some))
        return taken

    def _tell(self, taken: Taken, aside: list[RowRefused | RowSkipped], report: Path | None) -> None:
        refused = sorted(
            [*taken.refused, *(row for row in aside if isinstance(row, RowRefused))], key=lambda row: row.line
        )
        skipped = Counter(row.why for row in aside if isinstance(row, RowSkipped))
        self.stdout.write(
            f"{taken.accepted} new, {taken.restated} restated, {taken.unchanged} unchanged, {len(refused)} refused"
            f" ({taken.quarantined} of the new ones are in quarantine)."
        )
        for why, count in skipped.most_common():
            self.stdout.write(f"{count} skipped: {why}.")
        for row in refused[:SHOWN]:
            self.stderr.write(f"line {row.line}: {row.what}: {row.why}")
        if len(refused) > SHOWN:
            self.stderr.write(f"… and {len(refused) - SHOWN} more; --report FILE writes all of them.")
        if report:
            write_report(report, [*refused, *(row for row in aside if isinstance(row, RowSkipped))])


def sorted_out(rows: Iterable[Row]) -> tuple[list[ReadingRow], list[ReleaseRow], list[RowRefused | RowSkipped]]:
    """Return readings, releases and what is set aside. Of a datum that a file states twice the first counts."""
    seen: dict[tuple[object, ...], ReadingRow | ReleaseRow] = {}
    aside: list[RowRefused | RowSkipped] = []
    for row in rows:
        if isinstance(row, RowRefused | RowSkipped):
            aside.append(row)
        elif (first := seen.setdefault(_datum(row), row)) is not row:
            aside.append(_repeated(row, first))
    kept = list(seen.values())
    return (
        [row for row in kept if isinstance(row, ReadingRow)],
        [row for row in kept if isinstance(row, ReleaseRow)],
        aside,
    )


def _datum(row: ReadingRow | ReleaseRow) -> tuple[object, ...]:
    return (row.indicator, row.lab, row.series) if isinstance(row, ReadingRow) else (row.source, row.source_key)


def _repeated(row: ReadingRow | ReleaseRow, first: ReadingRow | ReleaseRow) -> RowRefused | RowSkipped:
    what = row.series if isinstance(row, ReadingRow) else row.name
    same = {**vars(row), "line": 0} == {**vars(first), "line": 0}
    if same:
        return RowSkipped(row.line, what, "the file states it twice")
    return RowRefused(row.line, what, f"line {first.line} states the same datum otherwise; that one counts")


def write_report(path: Path, rows: Iterable[RowRefused | RowSkipped]) -> None:
    """Write the rows that were not taken in, each with its line and the reason."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "row", "result", "why"])
        for row in rows:
            writer.writerow([row.line, row.what, "refused" if isinstance(row, RowRefused) else "skipped", row.why])
