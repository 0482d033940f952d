"""Public draws as pages, and the two acts of those who contribute a value."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View

from accounts.models import Organisation, User
from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.draws import CONTRIBUTORS, commit_value, reveal_value
from inspections.forms import CommitValueForm, RevealValueForm
from inspections.models import Draw
from inspections.models.draws import STAGE_LABELS
from inspections.queries.draws import (
    DrawRow,
    committers,
    draw_row,
    draws,
    due_at,
    revealers,
    rows,
    terms_at,
    transcript,
)
from inspections.rules.seeds import Stage
from inspections.views.words import DRAW_EVENTS, DRAW_LEDES, STAGE_SIGNS
from ledger.queries import entries_about, position
from treaty.permissions import can_ask_to_resume
from treaty.views.acts import ActPage
from treaty.views.words import written
from web.caching import cached_by
from web.exports import json_answer


def draw_words(row: DrawRow) -> dict[str, Any]:
    """Return a draw with its words."""
    return {"row": row, "draw": row.draw, "label": STAGE_LABELS[row.stage], "sign": STAGE_SIGNS[row.stage]}


@method_decorator(cached_by(position), name="dispatch")
class DrawsPage(TemplateView):
    """Every draw, the newest first; how a draw goes; when the next one is due."""

    template_name = "inspections/draw_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the draws as they stand now."""
        at = timezone.now()
        terms = terms_at(at)
        return super().get_context_data(
            draws=[draw_words(row) for row in rows(at)],
            terms=terms,
            due=due_at(terms, at) if terms else None,
            at=at,
            position=position(),
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class DrawPage(TemplateView):
    """One draw: its way, the list with its weights, the values, the seed, who was drawn, and how to repeat it."""

    template_name = "inspections/draw_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the draw as it stands now, and what the reader may do."""
        at, user = timezone.now(), reader(self.request)
        row = draw_row(_draw(self.kwargs["key"]), at)
        return super().get_context_data(
            lede=DRAW_LEDES[row.stage],
            way=way(row),
            may_commit=bool(user and committers(row.draw, user, at)),
            may_reveal=bool(user and revealers(row.draw, user, at)),
            events=_events(row.draw),
            at=at,
            position=position(),
            crumbs=_crumbs(),
            **draw_words(row),
            **context,
        )


@method_decorator(cached_by(position), name="dispatch")
class TranscriptView(View):
    """All that is public of a draw, as the file that `fermata draw` repeats."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG002 - the signature of a view
        """Answer with the file."""
        return json_answer(dict(transcript(_draw(key))))


def way(row: DrawRow) -> list[dict[str, Any]]:
    """Return the draw's stages for `components/way.html`."""
    draw, where = row.draw, row.stage
    order = list(Stage)
    steps = [
        (_("List frozen"), Stage.COMMITTING, draw.opened_at, ""),
        (_("Values committed to"), Stage.SEALING, draw.commit_by, _("until then")),
        (_("Commitments sealed"), Stage.REVEALING, draw.sealed_at, ""),
        (_("Values revealed"), Stage.DRAWING, draw.reveal_by, _("until then")),
        (_("Drawn"), Stage.DRAWN, draw.drawn_at, ""),
    ]
    reached = [order.index(where) >= order.index(begins) for _title, begins, _at, _detail in steps]
    here = reached.index(False) if False in reached else None
    return [
        {
            "title": title,
            "state": "done" if reached[number] else "here" if number == here else "",
            "when": written(when) if when else "",
            "detail": "" if reached[number] else detail,
        }
        for number, (title, _begins, when, detail) in enumerate(steps)
    ]


def _events(draw: Draw) -> list[dict[str, Any]]:
    """Return the draw's story for `components/timeline.html`, the newest first."""
    names = {one.organisation.key: one.organisation.name for one in draw.values.all()}
    return [
        {
            "at": one.value.at,
            "title": DRAW_EVENTS[one.value.kind][1],
            "detail": names.get(str(one.value.payload.get("organisation", "")), ""),
            "sign": DRAW_EVENTS[one.value.kind][0],
            "entry": one.index,
            "url": reverse("ledger:entry", args=[one.index]) if one.index is not None else "",
        }
        for one in entries_about(f"draw:{draw.key}")
        if one.value.kind in DRAW_EVENTS
    ]


def _draw(key: str) -> Draw:
    return get_object_or_404(draws(), key=key, opened_at__lte=timezone.now())


def _crumbs() -> list[tuple[str, str]]:
    return [(reverse("inspections:list"), _("Inspections")), (reverse("inspections:draws"), _("Draws"))]


class _ValueAct(ActPage):
    """An act about a value in a draw that the address names."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the draw up, and refuse those who have nothing to do here."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        self.draw = _draw(kwargs["key"])
        if isinstance(request.user, User):
            require(bool(can_ask_to_resume(request.user, at=self.at)), _(CONTRIBUTORS))

    @cached_property
    def organisations(self) -> list[Organisation]:
        """Whose value it can be."""
        raise NotImplementedError

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the draw."""
        return [*_crumbs(), (self.get_success_url(), _("Draw %(key)s") % {"key": self.draw.key})]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form who may be chosen."""
        return super().get_form_kwargs() | {"organisations": self.organisations}

    def get_success_url(self) -> str:
        """Go back to the draw."""
        return reverse("inspections:draw", args=[self.draw.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the draw, and whose value it can be."""
        return super().get_context_data(draw=self.draw, organisations=self.organisations, **context)


class CommitValue(_ValueAct):
    """Commit to a value."""

    template_name = "inspections/draw_commit.html"
    form_class = CommitValueForm
    title = gettext_lazy("Commit to a value")
    lede = gettext_lazy(
        "One honest value is enough to keep the draw out of everybody's hands. Keep yours secret until the commitments are sealed."
    )
    submit = gettext_lazy("Commit to it, for good")
    success_message = gettext_lazy(
        "The commitment is on record. Keep the value: it is asked for once all commitments are sealed."
    )

    @cached_property
    def organisations(self) -> list[Organisation]:
        """The reader's organisations that have not committed yet."""
        return committers(self.draw, person(self.request), self.at)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Record the commitment."""
        data = form.cleaned_data
        return commit_value(
            draw=self.draw,
            organisation=data["organisation"],
            commitment=data["commitment"],
            by=person(self.request),
            at=at,
        )


class RevealValue(_ValueAct):
    """Hand in a value that was committed to."""

    template_name = "inspections/draw_reveal.html"
    form_class = RevealValueForm
    title = gettext_lazy("Reveal a value")
    lede = gettext_lazy(
        "It is taken if it opens the commitment, whoever hands it in. One that is not revealed in time is named as withheld; the draw goes ahead without it."
    )
    submit = gettext_lazy("Reveal it")
    success_message = gettext_lazy("The value opens its commitment, and is on record.")

    @cached_property
    def organisations(self) -> list[Organisation]:
        """Those whose value is still to be revealed, the reader's own first."""
        return revealers(self.draw, person(self.request), self.at)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Record the value."""
        data = form.cleaned_data
        return reveal_value(
            draw=self.draw, organisation=data["organisation"], value=data["value"], by=person(self.request), at=at
        )
