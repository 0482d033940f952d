from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.bundle import write_bundle


class Command(BaseCommand):
    """Write the whole log as one file, which `fermata verify FILE` checks without a network."""

    help = "Write the published log as one ZIP archive."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file's name."""
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write it."""
        with options["file"].open("wb") as target:
            size = write_bundle(target)
        self.stdout.write(f"{options['file']}: {size} bytes")
