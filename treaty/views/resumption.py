from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.truth import Truth
from treaty.actions.resumption import open_resumption_vote
from treaty.forms.pauses import OrganisationForm
from treaty.models import Pause, Vote
from treaty.permissions import can_ask_to_resume
from treaty.queries.resumption import criteria, determinable
from treaty.queries.texts import rules_of
from treaty.rules.evaluation import Owed
from treaty.rules.resumption import CriterionStanding
from treaty.rules.words_conditions import evaluation_in_words, owed_in_words
from treaty.views.acts import ActPage, pause_crumbs
from treaty.views.words import voice, written

TRUTHS = {Truth.TRUE: "met", Truth.FALSE: "not_met", Truth.UNKNOWN: "unknown"}


def criterion_row(one: CriterionStanding, pause: Pause) -> dict[str, object]:
    """Return a criterion with its finding, what is owed, and which determinations a body can make."""
    names = titles(pause)
    return {
        "key": one.key,
        "title": one.title,
        "truth": TRUTHS[one.truth],
        "words": evaluation_in_words(one.evaluation, names, voice()),
        "owed": owed_rows(one.owed, names),
        "until": one.evaluation.holds_until,
        "determinable": [key for key, title in determinable(pause).items() if title == one.title],
    }


def titles(pause: Pause) -> dict[str, str]:
    """Return what indicators, criteria and labs are called."""
    indicators = {key: rule.title for key, rule in rules_of(pause.text).indicators.items()}
    labs = {one.organisation.key: one.organisation.name for one in pause.commitments.all()}
    return {**indicators, **determinable(pause), **labs}


def owed_rows(owed: Sequence[Owed], names: Mapping[str, str]) -> list[str]:
    """Say who owes what, in one sentence for each datum however many labs owe it."""
    groups: dict[tuple[str, str], list[Owed]] = {}
    for one in owed:
        groups.setdefault((one.what, one.by), []).append(one)
    return [_owed_group(group, names) for group in groups.values()]


def _owed_group(group: Sequence[Owed], names: Mapping[str, str]) -> str:
    labs = [names.get(one.lab, one.lab) for one in group if one.lab and one.by == "labs"]
    if len(labs) < 2:
        return owed_in_words(group[0], names, voice())
    since = min((one.due_at for one in group if one.due_at), default=None)
    values = {
        "labs": ", ".join(labs),
        "count": len(labs),
        "what": names.get(group[0].what, group[0].what),
        "since": written(since),
    }
    if since is None:
        return _("“%(what)s”, never received from %(count)s laboratories: %(labs)s") % values
    return _("“%(what)s”, due since %(since)s at the earliest from %(count)s laboratories: %(labs)s") % values


class AskToResume(ActPage):
    """Somebody entitled asks for the vote on resuming."""

    form_class = OrganisationForm
    template_name = "treaty/resumption_act.html"
    title = gettext_lazy("Ask for the vote on resuming")
    lede = gettext_lazy(
        "The vote opens only if every criterion is met at this instant; they are checked again when it takes effect."
    )
    submit = gettext_lazy("Open the vote")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the pause up."""
        super().setup(request, *args, **kwargs)
        self.pause = get_object_or_404(Pause.objects.with_rows().select_related("text"), key=kwargs["key"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisations that the person may ask for."""
        return super().get_form_kwargs() | {"organisations": can_ask_to_resume(self.person(), at=timezone.now())}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return every criterion, so that a refusal explains itself before it happens."""
        at = timezone.now()
        return super().get_context_data(
            pause=self.pause,
            criteria=[criterion_row(one, self.pause) for one in criteria(self.pause, at)],
            **context,
        )

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way to the pause."""
        return pause_crumbs(self.pause)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Open the vote."""
        return open_resumption_vote(
            pause=self.pause, organisation=form.cleaned_data["organisation"], by=self.person(), at=at
        )

    def get_success_url(self) -> str:
        """Go to the vote."""
        assert isinstance(self.result, Vote)
        return reverse("treaty:vote", args=[self.result.key])
