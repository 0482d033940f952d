from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from core.errors import DomainError
from treaty.actions.texts import publish_text
from treaty.rules.reading import read_text


class Command(BaseCommand):
    """Publishes a treaty text, or only checks it. A problem is named with its line and its field."""

    help = "Publish a treaty text (YAML) on behalf of the depositary, or check it without publishing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which file, on whose behalf."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", default="", help="e-mail address of the depositary who publishes it")
        parser.add_argument("--check", action="store_true", help="only say whether the text is valid")

    def handle(self, *, file: Path, email: str, check: bool, **_: Any) -> None:
        """Check, then publish."""
        try:
            source = file.read_bytes()
            if check:
                text = read_text(source)
                self.stdout.write(f"{file}: valid, version {text.version}, {len(text.articles)} articles")
                return
            made = publish_text(source=source, by=User.objects.filter(email=email.lower()).first(), at=timezone.now())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except DomainError as error:
            raise CommandError(f"{file}:\n{error.detail}") from None
        self.stdout.write(f"{file}: published as version {made.version}, SHA-256 {made.sha256}")
