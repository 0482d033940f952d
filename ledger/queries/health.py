from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from ledger import published
from ledger.models import Checkpoint, Cosignature, Publisher
from ledger.queries.entries import position
from ledger.rules.checkpoints import Head
from web.prepared import prepared


@dataclass(frozen=True)
class WitnessStanding:
    """A witness and the newest checkpoint that it cosigned."""

    name: str
    size: int | None
    at: datetime | None
    cosigned_newest: bool


@dataclass(frozen=True)
class Health:
    """How far the record is published, by whom it is seen, and what stops it, if anything does."""

    size: int
    head: Head | None
    signed_at: datetime | None
    published_at: datetime | None
    witnesses: tuple[WitnessStanding, ...]
    refusal: str
    refused_at: datetime | None

    @property
    def published_size(self) -> int:
        """How many entries the checkpoint in place covers."""
        return self.head.size if self.head else 0

    @property
    def waiting(self) -> int:
        """How many entries no published checkpoint covers yet."""
        return self.size - self.published_size

    @property
    def cosigned(self) -> int:
        """How many witnesses cosigned the checkpoint in place."""
        return sum(witness.cosigned_newest for witness in self.witnesses)

    @property
    def state(self) -> str:
        """A word for the whole: refused, empty, waiting or published."""
        if self.refusal:
            return "refused"
        if not self.head:
            return "none"
        return "waiting" if self.waiting else "confirmed"


def health() -> Health:
    """Return how the record stands."""
    head, publisher = published.head(), next(iter(_publishers()), None)
    checkpoint = next(iter(_checkpoints(head.size)), None) if head else None
    return Health(
        size=position(),
        head=head,
        signed_at=checkpoint.signed_at if checkpoint else None,
        # A head that is in place is public, though its row may say so only in a moment.
        published_at=checkpoint.published_at or checkpoint.signed_at if checkpoint else None,
        witnesses=_witnesses(head.size if head else 0),
        refusal=publisher.refusal if publisher else "",
        refused_at=publisher.refused_at if publisher else None,
    )


def _witnesses(size: int) -> tuple[WitnessStanding, ...]:
    return tuple(
        WitnessStanding(
            cosignature.witness, cosignature.checkpoint_id, cosignature.at, cosignature.checkpoint_id == size
        )
        for cosignature in _newest_cosignatures()
    )


@prepared
def _publishers() -> QuerySet[Publisher]:
    return Publisher.objects.filter(pk=1)


@prepared
def _checkpoints(size: int) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(size=size)


@prepared
def _newest_cosignatures() -> QuerySet[Cosignature]:
    return Cosignature.objects.order_by("witness", "-checkpoint_id").distinct("witness")
