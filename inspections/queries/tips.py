"""Tips as pages show them: to whom they can be sealed, what came, and what became of it. No query opens one."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Organisation, User
from accounts.queries.organisations import affiliates
from accounts.queries.people import organisations_of
from inspections.models import Recipient, Tip, TipHandling
from inspections.models.tips import TIP_STATE_LABELS
from inspections.permissions import can_handle_tips
from inspections.rules.tips import TipState
from treaty.queries.parties import participating_bodies


@dataclass(frozen=True)
class Addressee:
    """A body that tips can be sealed to, and what its affiliations are."""

    body: Organisation
    key: Recipient
    affiliates: tuple[Organisation, ...]


@dataclass(frozen=True)
class TipRow:
    """A tip as one body sees it."""

    tip: Tip
    handling: TipHandling | None

    @property
    def state(self) -> TipState:
        """What the body has made of it."""
        return TipState(self.handling.state) if self.handling else TipState.RECEIVED

    @property
    def label(self) -> str:
        """The state in words."""
        return str(TIP_STATE_LABELS[self.state])

    @property
    def sign(self) -> str:
        """The state's sign."""
        return {TipState.RECEIVED: "on", TipState.OPENED: "ok", TipState.CLOSED: "na"}[self.state]


def addressees(at: datetime) -> list[Addressee]:
    """Return the bodies that take part and have a usable recipient, each with its newest one."""
    newest: dict[int, Recipient] = {}
    for one in Recipient.objects.usable(at).order_by("usable_at", "pk"):
        newest[one.body_id] = one
    return [
        Addressee(
            body, newest[body.pk], tuple(Organisation.objects.filter(pk__in=affiliates(body, at)).order_by("name"))
        )
        for body in participating_bodies(at)
        if body.pk in newest
    ]


def register() -> QuerySet[Tip]:
    """Return the tips on record with what each body said of them, for everybody."""
    return Tip.objects.recorded().defer("sealed").prefetch_related("handlings__body", "answers__body")


def tips_for(body: Organisation) -> list[TipRow]:
    """Return the tips on record as `body` sees them, the newest first."""
    mine = {one.tip_id: one for one in TipHandling.objects.filter(body=body)}
    return [TipRow(tip, mine.get(tip.pk)) for tip in Tip.objects.recorded().defer("sealed")]


def row_for(tip: Tip, body: Organisation) -> TipRow:
    """Return one tip as `body` sees it."""
    return TipRow(tip, TipHandling.objects.filter(tip=tip, body=body).first())


def unopened(body: Organisation) -> int:
    """Return how many tips on record the body has done nothing with yet."""
    return Tip.objects.recorded().exclude(handlings__body=body).count()


def handled_by(user: User, at: datetime) -> list[Organisation]:
    """Return the bodies for which `user` handles tips."""
    return [body for body in organisations_of(user, at) if can_handle_tips(user, body, at=at)]
