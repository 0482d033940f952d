from http import HTTPStatus
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from treaty.queries.tryouts import Trial, example, ready_profiles, treaty_profiles, try_profile, try_vote
from treaty.rules.words import profile_in_words
from treaty.rules.words_votes import silence_in_words
from treaty.views.votes import vote_or_404
from treaty.views.words import voice


class TryPage(TemplateView):
    """Ballots that anybody changes, counted by a rule; all of it is in the address. Without a rule: which there are, in words."""

    template_name = "treaty/tryout.html"
    index_template = "treaty/tryout_list.html"

    def get_template_names(self) -> list[str]:
        """Return the list of rules where none is chosen."""
        return [str(self.template_name) if "profile" in self.request.GET else self.index_template]

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> Any:
        """Answer 422 where something in the address cannot be counted."""
        trial = context.get("trial")
        status = HTTPStatus.UNPROCESSABLE_ENTITY if trial and trial.problems else HTTPStatus.OK
        return super().render_to_response(context, status=status, **response_kwargs)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the rule with its members, or the list of rules."""
        at, name = timezone.now(), self.request.GET.get("profile")
        ready, treaty = ready_profiles(), treaty_profiles(at)
        crumbs = [(reverse("treaty:votes"), _("Votes"))]
        if name is None:
            known = [(_("The treaty's rules"), treaty), (_("Rules of other bodies, and plain ones"), ready)]
            groups = [(title, [_in_words(key, rule) for key, rule in rules.items()]) for title, rules in known if rules]
            return super().get_context_data(**context, groups=groups, crumbs=crumbs)
        profile = treaty.get(name) or ready.get(name)
        if profile is None:
            raise Http404
        listed = self.request.GET.get("list")
        chosen = {} if self.request.GET.get("use") == "list" else self.request.GET.dict()
        trial = try_profile(profile, example(name, profile, at) if listed is None else listed, chosen)
        crumbs.append((reverse("treaty:try_profile"), _("Try a rule")))
        return super().get_context_data(
            **context, **_shown(trial), name=name, ready=name in ready and name not in treaty, crumbs=crumbs
        )


class TryVotePage(TryPage):
    """The same for a vote, under its frozen rule, with its frozen roll, beginning with the ballots that stand."""

    def get_template_names(self) -> list[str]:
        """Return the page of a try-out."""
        return [str(self.template_name)]

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the vote with the ballots of the address."""
        vote = vote_or_404(self.kwargs["key"])
        trial = try_vote(vote, self.request.GET.dict(), timezone.now())
        crumbs = [(reverse("treaty:votes"), _("Votes")), (reverse("treaty:vote", args=[vote.key]), vote.title)]
        return super(TryPage, self).get_context_data(**context, **_shown(trial), vote=vote, crumbs=crumbs)


def _shown(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial,
        "rule": profile_in_words(trial.profile, voice()),
        "silence": silence_in_words(trial.profile, voice()),
    }


def _in_words(key: str, rule: Any) -> dict[str, object]:
    return {"key": key, "title": rule.title, "rule": profile_in_words(rule, voice()), "source": rule.source}
