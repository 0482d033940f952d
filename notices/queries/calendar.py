"""Every deadline that the public can know of, as a calendar holds it: a stable name, an instant, how often it has moved, whether it is off."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation
from labs.models import Declaration
from labs.models.declarations import KIND_LABELS as DECLARATION_LABELS
from labs.rules.declarations import DeclarationKind
from treaty.models import Pause, Vote
from treaty.models.standdowns import STAGE_LABELS
from treaty.queries.drills import summaries as drills
from treaty.queries.pauses import summaries as pauses
from treaty.queries.standdowns import board
from treaty.rules.drills import DrillState
from treaty.rules.pauses import OVER

PAST: Final = timedelta(days=90)


@dataclass(frozen=True)
class Deadline:
    """An instant by which, or at which, something happens. `moved` counts how often it was moved or called off."""

    uid: str
    at: datetime
    title: str
    url: str
    moved: int = 0
    cancelled: bool = False


def deadlines(at: datetime, lab: Organisation | None = None) -> list[Deadline]:
    """Return the deadlines since ninety days ago, in order; those of one laboratory, or everybody's."""
    found = [*_declarations(at, lab), *_stages(at, lab)]
    if lab is None:
        found += [*_votes(at), *_pauses(at), *_drills(at)]
    return sorted((one for one in found if one.at >= at - PAST), key=lambda one: (one.at, one.uid))


def _votes(at: datetime) -> Iterator[Deadline]:
    for vote in Vote.objects.filter(noticed_at__lte=at, closes_at__gte=at - PAST):
        moved = sum(1 for one in (vote.contested_at, vote.extended_at, vote.withdrawn_at) if one)
        off = vote.withdrawn_at is not None
        url, names = reverse("treaty:vote", args=[vote.key]), {"key": vote.key, "title": vote.title}
        yield Deadline(f"vote-{vote.key}-opens", vote.opens_at, _("Vote %(key)s opens: %(title)s") % names, url)
        closes = _("Vote %(key)s closes: %(title)s") % names
        yield Deadline(f"vote-{vote.key}-closes", vote.closed_at or vote.closes_at, closes, url, moved, off)
        if vote.effective_at:
            effect = _("Vote %(key)s takes effect: %(title)s") % names
            yield Deadline(f"vote-{vote.key}-effect", vote.effective_at, effect, url)


def _pauses(at: datetime) -> Iterator[Deadline]:
    for one in pauses(at):
        url, names = reverse("treaty:pause", args=[one.pause.key]), {"key": one.pause.key}
        over = one.state in OVER
        told = [
            ("confirm", one.confirm_by, _("Pause %(key)s: commitments are confirmed until now")),
            ("lapses", one.lapses_at, _("Pause %(key)s lapses unless it has been ratified")),
            ("sunset", one.sunset_at, _("Pause %(key)s ends unless it has been renewed")),
        ]
        for name, when, words in told:
            if when is not None:
                off = over and name != "confirm" and (one.pause.ended_at or one.pause.lapsed_at or at) < when
                yield Deadline(f"pause-{one.pause.key}-{name}", when, words % names, url, int(off), off)


def _stages(at: datetime, lab: Organisation | None) -> Iterator[Deadline]:
    for pause in Pause.objects.filter(in_force_at__gte=at - 4 * PAST, in_force_at__lte=at).with_rows():
        over = pause.ended_at or pause.lapsed_at
        for row in board(pause, at).rows:
            if lab is not None and row.organisation != lab:
                continue
            url = reverse("treaty:stand_down", args=[pause.key, row.organisation.key])
            for stage in row.stages:
                off = over is not None and stage.done_at is None and over < stage.due_at
                names = {"pause": pause.key, "lab": row.organisation.name, "stage": STAGE_LABELS[stage.key]}
                yield Deadline(
                    f"pause-{pause.key}-{row.organisation.key}-{stage.key}",
                    stage.due_at,
                    _("Pause %(pause)s, %(lab)s: %(stage)s") % names,
                    url,
                    int(stage.extended) + int(off),
                    off,
                )


def _declarations(at: datetime, lab: Organisation | None) -> Iterator[Deadline]:
    rows = Declaration.objects.filter(asked_at__lte=at, due_at__gte=at - PAST).select_related("organisation")
    for one in rows.filter(organisation=lab) if lab else rows:
        names = {"lab": one.organisation.name, "kind": DECLARATION_LABELS[DeclarationKind(one.kind)]}
        yield Deadline(
            f"declaration-{one.organisation.key}-{one.kind}-{one.due_at:%Y%m%d}",
            one.due_at,
            _("%(lab)s declares: %(kind)s") % names,
            reverse("labs:lab", args=[one.organisation.key]),
        )


def _drills(at: datetime) -> Iterator[Deadline]:
    for one in drills(at):
        key, url = one.drill.key, reverse("treaty:drill", args=[one.drill.key])
        off = one.state is DrillState.CALLED_OFF
        begins, ends = _("Drill %(key)s begins") % {"key": key}, _("Drill %(key)s ends at the latest") % {"key": key}
        yield Deadline(f"drill-{key}-begins", one.drill.starts_at, begins, url, int(off), off)
        yield Deadline(f"drill-{key}-ends", one.drill.ends_by, ends, url, int(off), off)
