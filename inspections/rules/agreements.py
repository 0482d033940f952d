"""Facility agreements: how inspectors enter a site, who goes with them, what is shrouded. A version is proposed, then agreed or replaced."""

from dataclasses import dataclass

from core.canonical import Json
from core.errors import DomainError

PARTS = ("entry", "escorts", "shrouding")


class AgreementMoved(DomainError):
    """A newer version of this agreement was proposed: read that one."""

    code = "agreement_moved"


class AgreesWithItself(DomainError):
    """A body affiliated with the laboratory does not agree on its behalf with the others: another body does."""

    code = "agrees_with_itself"


@dataclass(frozen=True)
class AgreementText:
    """What a version says: points of entry, escorts, what is shrouded and how."""

    entry: str
    escorts: str
    shrouding: str

    def value(self) -> Json:
        """Return what the record holds a commitment to."""
        return {part: getattr(self, part) for part in PARTS}
