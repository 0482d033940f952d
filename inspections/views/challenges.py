from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.challenges import ASKERS, find_frivolous, request_challenge
from inspections.forms.challenges import ChallengeForm, FrivolousForm
from inspections.models import Challenge
from inspections.models.challenges import STANDING_LABELS
from inspections.models.visits import STATE_LABELS
from inspections.queries.challenges import (
    ChallengeRow,
    challengeable,
    challenges,
    clock_of,
    hindrances,
    may_find_frivolous,
    row_of,
    terms_of,
)
from inspections.rules.visits import VisitState
from inspections.views.words import CHALLENGE_EVENTS, CHALLENGE_LEDES, PROVISION_LABELS, STANDING_SIGNS, STEP_LABELS
from labs.models import Facility
from ledger.queries import position
from treaty.permissions import bodies_acting, can_ask_to_resume
from treaty.queries.texts import rules_at
from treaty.queries.timeline import story
from treaty.queries.vote_pages import vote_row
from treaty.rules.text import Challenge as Clock
from treaty.rules.words import profile_in_words
from treaty.rules.words_conditions import length_in_words
from treaty.views.words import voice
from web.caching import cached_by
from web.views import ActionView


def challenge_row(row: ChallengeRow) -> dict[str, Any]:
    """Return a challenge with its words."""
    return {
        "row": row,
        "challenge": row.challenge,
        "label": STANDING_LABELS[row.standing],
        "sign": STANDING_SIGNS[row.standing],
        "visit": row.visit,
        "visit_label": STATE_LABELS[VisitState(row.visit.state)] if row.visit else "",
    }


@method_decorator(cached_by(position), name="dispatch")
class ChallengePage(TemplateView):
    """One challenge: who asked and why, the vote that may stop it, its clock, its visit, its story."""

    template_name = "inspections/challenge_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the challenge as it stands now."""
        at = timezone.now()
        row = row_of(get_object_or_404(challenges(), key=self.kwargs["key"], requested_at__lte=at), at)
        return super().get_context_data(
            at=at,
            position=position(),
            lede=CHALLENGE_LEDES[row.standing],
            vote=vote_row(row.challenge.vote, at),
            clock=[(step, STEP_LABELS[step.key]) for step in clock_of(row, at)],
            terms=clock_words(terms_of(row)),
            hindrances=[(PROVISION_LABELS.get(key, key), key, words) for key, words in hindrances(row, at)],
            events=events(row),
            judges=may_find_frivolous(row, bodies_acting(reader(self.request), at=at), at),
            crumbs=_crumbs(),
            **challenge_row(row),
            **context,
        )


def clock_words(clock: Clock) -> list[str]:
    """Return the text's clock of a challenge inspection, a sentence a provision."""
    say = {
        name: length_in_words(getattr(clock, name), voice())
        for name in ("stop_within", "arrival_after_notice", "on_site_within", "longest")
    }
    return [
        _("A vote may stop it within %(stop_within)s.") % say,
        _("Inspectors arrive no sooner than %(arrival_after_notice)s after the notice.") % say,
        _("They are on site within %(on_site_within)s of their arrival.") % say,
        _("They stay for %(longest)s at most.") % say,
    ]


def events(row: ChallengeRow) -> list[dict[str, object]]:
    """Return the story of the challenge, its vote and its visit for `components/timeline.html`, the newest first."""
    subjects = [f"challenge:{row.challenge.key}", f"vote:{row.challenge.vote.key}"]
    subjects += [f"visit:{row.visit.key}"] if row.visit else []
    told = {one.entry: one for subject in subjects for one in story(subject) if one.kind in CHALLENGE_EVENTS}
    return [
        {
            "at": one.at,
            "title": CHALLENGE_EVENTS[one.kind][1],
            "sign": CHALLENGE_EVENTS[one.kind][0],
            "entry": one.entry,
            "url": reverse("ledger:entry", args=[one.entry]) if one.entry is not None else "",
        }
        for one in sorted(told.values(), key=lambda one: (one.at, one.entry or 0), reverse=True)
    ]


def _crumbs() -> list[tuple[str, str]]:
    return [(reverse("inspections:list"), _("Inspections"))]


class RequestChallenge(ActionView):
    """Ask for a challenge inspection of another laboratory's facility."""

    form_class = ChallengeForm
    template_name = "inspections/challenge_request.html"
    success_message = gettext_lazy("The challenge is on record, and the vote that may stop it is noticed.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse those who may ask for none."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        if isinstance(request.user, User):
            require(bool(self.organisations), _(ASKERS))

    @cached_property
    def organisations(self) -> list[Organisation]:
        """In whose name the person may ask."""
        return can_ask_to_resume(person(self.request), at=self.at)

    @cached_property
    def facilities(self) -> list[Facility]:
        """Which facilities may be chosen."""
        return challengeable(self.organisations, self.at)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form what may be chosen."""
        return super().get_form_kwargs() | {"organisations": self.organisations, "facilities": self.facilities}

    def act(self, form: forms.Form, *, at: datetime) -> Challenge:
        """Ask for it."""
        data = form.cleaned_data
        return request_challenge(
            facility=data["facility"],
            ground=data["ground"],
            requester=data["organisation"],
            by=person(self.request),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go to the challenge."""
        assert isinstance(self.result, Challenge)
        return reverse("inspections:challenge", args=[self.result.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the rule of the vote and the clock, in words of the text in force."""
        rules = rules_at(self.at)
        challenge = rules.monitoring.challenge
        profile = rules.profiles[rules.decisions[challenge.decision]]
        return super().get_context_data(
            terms=clock_words(challenge),
            rule=profile_in_words(profile, voice()),
            facilities=self.facilities,
            crumbs=_crumbs(),
            **context,
        )


class FindFrivolous(ActionView):
    """A body's officer publishes that the body finds the request frivolous, with its reasons."""

    form_class = FrivolousForm
    template_name = "inspections/challenge_frivolous.html"
    success_message = gettext_lazy("The finding is on record, and published with its reasons.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the challenge up."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        self.row = row_of(get_object_or_404(challenges(), key=kwargs["key"]), self.at)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies that the reader may speak for."""
        bodies = may_find_frivolous(self.row, bodies_acting(reader(self.request), at=self.at), self.at)
        return super().get_form_kwargs() | {"organisations": bodies}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Publish it."""
        data = form.cleaned_data
        return find_frivolous(
            challenge=self.row.challenge,
            body=data["organisation"],
            reasons=data["reasons"],
            by=person(self.request),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go back to the challenge."""
        return reverse("inspections:challenge", args=[self.row.challenge.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Say which challenge it is."""
        challenge = self.row.challenge
        here = (self.get_success_url(), challenge.key)
        return super().get_context_data(challenge=challenge, crumbs=[*_crumbs(), here], **context)
