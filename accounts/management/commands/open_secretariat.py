from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts.actions.organisations import found_organisation
from accounts.actions.people import invite
from accounts.links import invitation_link
from accounts.rules.organisations import Kind, Role


class Command(BaseCommand):
    """Enter the secretariat and print the link that its first depositary accepts."""

    help = "Enter the secretariat and print the invitation of its first depositary: the one thing that nobody inside can do."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address and the name."""
        parser.add_argument("email", help="address of the first depositary")
        parser.add_argument("--name", default="Secretariat", help="name of the secretariat")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; a second depositary is refused: the first one invites."""
        del args
        now = timezone.now()
        secretariat = found_organisation(
            key="secretariat", name=options["name"], kind=Kind.SECRETARIAT, jurisdiction="", by=None, at=now
        )
        invitation = invite(email=options["email"], organisation=secretariat, role=Role.DEPOSITARY, by=None, at=now)
        self.stdout.write(invitation_link(invitation))
