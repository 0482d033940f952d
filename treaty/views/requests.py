from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from core.errors import require
from treaty.actions.requests import request_vote
from treaty.forms.votes import FORMS, DrillForm, RequestForm
from treaty.models import Vote
from treaty.permissions import may_request_for
from treaty.queries.requests import requestable
from treaty.rules.profiles import VoteProfile
from treaty.rules.requests import Requestable
from treaty.rules.words import profile_in_words
from treaty.views.acts import PersonAction
from treaty.views.words import voice

LEDES = {
    Requestable.ADVISORY: gettext_lazy(
        "A recommendation: it shows where the parties stand and changes nothing by itself."
    ),
    Requestable.PROCEDURAL: gettext_lazy("A question of how the parties work together."),
    Requestable.EXTEND_DEADLINE: gettext_lazy(
        "More time for one stage of one stand-down: once, for a stated reason, asked for before the deadline passes."
    ),
    Requestable.DETERMINE_NON_COMPLIANCE: gettext_lazy(
        "Whether a laboratory is in breach, in a case that is open. Nobody else may determine it."
    ),
    Requestable.GRANT_EXEMPTION: gettext_lazy(
        "A run that a pause halts may go on: for a purpose of the text, below its cap on compute, described and published."
    ),
    Requestable.ESCALATE: gettext_lazy(
        "A pause in force moves to a higher level: more stops, and every bound laboratory stands down anew."
    ),
    Requestable.RELAX: gettext_lazy(
        "A pause in force moves to a lower level, by the majority that a resumption needs. What was done counts."
    ),
    Requestable.ORDER_DRILL: gettext_lazy(
        "The parties exercise a pause, announced ahead and marked as a drill everywhere. Nothing is halted."
    ),
    Requestable.ADMIT: gettext_lazy(
        "A laboratory joins Annex 1, so that it may sign and ratify. The secretariat enters it in the record first."
    ),
    Requestable.ACCREDIT: gettext_lazy(
        "A monitoring body joins Annex 2 or has its mandate renewed, or an observer is accredited."
    ),
    Requestable.SUSPEND: gettext_lazy(
        "A party that is determined to be in breach loses its vote. It keeps every obligation."
    ),
    Requestable.REINSTATE: gettext_lazy("A suspended party is given its vote back."),
    Requestable.MERGE: gettext_lazy(
        "A party that has merged into another one has no vote of its own from then on. It keeps every obligation."
    ),
}
PRESET = ("stage", "by", "run", "purpose", "lasts", "case", "level", "lab", "into", "title", "organisation")


class RequestVote(PersonAction):
    """Ask for a vote: choose the decision, see its rule, then write the question."""

    template_name = "treaty/vote_request.html"
    success_message = gettext_lazy("The vote is noticed. Its text, rule and roll are frozen.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the decision that the address names, and refuse those who may ask for none."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        if isinstance(request.user, User):
            require(
                bool(self.organisations),
                _("A vote is requested by a bound laboratory, an accredited body or the secretariat."),
            )

    @cached_property
    def organisations(self) -> list[Organisation]:
        """In whose name the person may ask."""
        return may_request_for(self.person(), at=self.at)

    @cached_property
    def rules(self) -> dict[Requestable, VoteProfile]:
        """The decisions that the text lets people ask for, each with its rule."""
        return requestable(self.at)

    @cached_property
    def decision(self) -> Requestable | None:
        """The decision that the address names; None while none is chosen."""
        wanted = self.request.GET.get("decision", "")
        found = next((one for one in self.rules if one.value == wanted), None)
        if found is None and (wanted or self.request.method == "POST"):
            raise Http404
        return found

    def get_form_class(self) -> type[forms.Form]:
        """Return the form of the decision."""
        return FORMS.get(self.decision, RequestForm) if self.decision else RequestForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the organisations and the instant that its choices hold for."""
        return super().get_form_kwargs() | {"organisations": self.organisations, "at": self.at}

    def get_initial(self) -> dict[str, Any]:
        """Return what the link that led here has chosen already."""
        return {name: self.request.GET[name] for name in PRESET if name in self.request.GET}

    def act(self, form: forms.Form, *, at: datetime) -> Vote:
        """Ask for it."""
        assert isinstance(form, RequestForm)
        assert self.decision
        data = form.cleaned_data
        return request_vote(
            decision=self.decision,
            title=data["title"],
            question=data["question"],
            subject=form.subject(),
            requester=data["organisation"],
            by=self.person(),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go to the vote."""
        assert isinstance(self.result, Vote)
        return reverse("treaty:vote", args=[self.result.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the decisions with their rules in words, and when a vote asked for now would open and close."""
        profile = self.rules[self.decision] if self.decision else None
        opens_at = profile.notice.after(self.at) if profile else None
        found = super().get_context_data(
            decision=self.decision,
            lede=LEDES[self.decision] if self.decision else "",
            choices=[
                {"key": one.value, "title": rule.title, "lede": LEDES[one], "rule": profile_in_words(rule, voice())}
                for one, rule in self.rules.items()
            ],
            profile=profile,
            rule=profile_in_words(profile, voice()) if profile else [],
            opens_at=opens_at,
            closes_at=_closes_at(profile, opens_at) if profile and opens_at else None,
            crumbs=[(reverse("treaty:votes"), _("Votes"))],
            **context,
        )
        return found | {"empty": _nothing_to_choose(found["form"])}


def _nothing_to_choose(form: forms.Form) -> str:
    names = {
        "stage": _("No deadline can be moved now."),
        "case": _("No case can be determined now."),
        "run": _("No run of yours is halted by a pause and stays below the cap for exemptions."),
        "level": _("No drill can be ordered now: a pause is in force, or another drill is not over.")
        if isinstance(form, DrillForm)
        else _("No pause in force can be moved to such a level now."),
        "lab": _("There is nobody whom this decision could be about now."),
    }
    empty = (name for name in names if name in form.fields and not getattr(form.fields[name], "choices", ()))
    return names.get(next(empty, ""), "")


def _closes_at(profile: VoteProfile, opens_at: datetime) -> datetime:
    return (profile.silence.period if profile.silence else profile.period).after(opens_at)
