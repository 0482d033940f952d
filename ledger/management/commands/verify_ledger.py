import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from ledger.actions.opening import signer
from ledger.actions.publish import rebuild
from ledger.queries.audit import audit
from ledger.queries.entries import position

MOST_SHOWN = 20


class Command(BaseCommand):
    """Compare the record with itself; exit code 1 where something does not fit."""

    help = "Check every entry's bytes, positions, published tiles, and the newest checkpoint's root and signature."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to write lost files again."""
        parser.add_argument(
            "--rebuild", action="store_true", help="first write all published tiles again from the entries"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check, and name what does not fit."""
        if options["rebuild"]:
            self.stdout.write(f"Written again as of {rebuild()} checkpoints.")
        key = signer().key.verifier if signer().exists() else None
        count = 0
        with tqdm(
            total=position(), unit="entries", disable=None if options["verbosity"] else True, file=sys.stderr
        ) as bar:
            for count, problem in enumerate(audit(key, lambda done: bar.update(done - bar.n)), 1):
                if count <= MOST_SHOWN:
                    self.stderr.write(problem)
        if count:
            self.stderr.write(f"{count} things do not fit.")
            sys.exit(1)
        self.stdout.write(f"{position()} entries, all as recorded.")
