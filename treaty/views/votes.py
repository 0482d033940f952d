from datetime import datetime
from operator import itemgetter
from typing import Any, cast

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from accounts.queries.people import organisations_of
from accounts.views.readers import reader
from core.canonical import canonical
from core.errors import DomainError, NotAllowed
from ledger.queries import position
from treaty.actions.ballots import cast_ballot, clean_reason, next_ballot
from treaty.actions.votes import LONGEST_REASON
from treaty.handoffs import BallotHandoff
from treaty.models import Ballot, Vote
from treaty.models.votes import CHOICE_LABELS, OUTCOME_LABELS
from treaty.permissions import may_request_for
from treaty.queries.host import hand_offs_along, signs_on_host, takes_session
from treaty.queries.vote_pages import ballot_url, rows, vote_detail
from treaty.queries.votes import (
    counts_for,
    get_vote,
    is_sealed,
    may_vote,
    open_votes,
    profile_of,
    sealing_proof,
    standing_ballots,
    summary,
    with_rows,
)
from treaty.rules.ballots import SignedBallot, read_ballot
from treaty.rules.profiles import Choice
from treaty.views.acts import PersonAction
from web.caching import cached_by
from web.listings import SOUGHT, listing
from web.templatetags.fermata import utc

PER_PAGE = 20
ROLL_PER_PAGE = 50
ROLLS = tuple(
    f"roll-{number}" for number in range(1, 10)
)  # the page of each class's roll call; no text has more classes


class VoteFilter(forms.Form):
    """Which of the past votes are listed."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        required=False,
        choices=[("", _("any")), *((one.value, label) for one, label in OUTCOME_LABELS.items())],
    )
    q = forms.CharField(label=_("Words in the title"), required=False, max_length=100)


@method_decorator(cached_by(position, "page", "outcome", "q"), name="dispatch")
class VoteListPage(TemplateView):
    """Open votes first, then the past ones."""

    template_name = "treaty/vote_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return open votes, a page of past ones, and the filter."""
        at = timezone.now()
        found, chosen = open_votes(at), VoteFilter(self.request.GET)
        past = _past(found, chosen, at)
        page = Paginator(past, PER_PAGE).get_page(self.request.GET.get("page"))
        query = self.request.GET.copy()
        query.pop("page", None)
        return super().get_context_data(
            **context,
            open=rows(found, at),
            past=rows([summary(vote, at) for vote in page], at),
            page_obj=page,
            query=f"{query.urlencode()}&" if query else "",
            filter=chosen,
            filtering=chosen.is_valid() and any(chosen.cleaned_data.values()),
            at=at,
            position=position(),
            may_request=bool(may_request_for(reader(self.request), at=at)),
        )


def _past(found: list[Any], chosen: VoteFilter, at: datetime) -> QuerySet[Vote]:
    past = with_rows(
        Vote.objects.filter(noticed_at__lte=at)
        .exclude(pk__in=[one.vote.pk for one in found])
        .order_by("-noticed_at", "-pk")
    )
    if chosen.is_valid() and chosen.cleaned_data["outcome"]:
        past = past.filter(outcome=chosen.cleaned_data["outcome"])
    if chosen.is_valid() and chosen.cleaned_data["q"]:
        past = past.filter(title__icontains=chosen.cleaned_data["q"])
    return past


@method_decorator(cached_by(position, SOUGHT, *ROLLS), name="dispatch")
class VotePage(TemplateView):
    """One vote: question, rule, roll call, formula, what would change it, and its entries; a part of it refreshes itself."""

    template_name = "treaty/vote_detail.html"

    def get_template_names(self) -> list[str]:
        """Return the part that refreshes itself to htmx, the page to everybody else."""
        partial = getattr(self.request, "htmx", False)
        return [f"{self.template_name}#live"] if partial else [str(self.template_name)]

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the vote as it stands now."""
        at = timezone.now()
        vote = vote_or_404(self.kwargs["key"])
        detail = vote_detail(vote, reader(self.request), at)
        for stage in detail.stages:
            stage["when"] = utc(stage["at"], "short")  # type: ignore[arg-type] # the stage of an open close has no instant of another type
        for roll, one in zip(ROLLS, detail.classes, strict=False):
            calls = cast("list[dict[str, str]]", one["rows"])
            one["listing"] = listing(self.request.GET, calls, itemgetter("name"), name=roll, per_page=ROLL_PER_PAGE)
        crumbs = [(reverse("treaty:votes"), _("Votes"))]
        return super().get_context_data(
            **context, vote=vote, detail=detail, course=detail.row.course, at=at, position=position(), crumbs=crumbs
        )


def vote_or_404(key: str) -> Vote:
    """Return the vote with its rows, or answer 404."""
    try:
        return get_vote(key)
    except Vote.DoesNotExist:
        raise Http404 from None


class BallotForm(forms.Form):
    """A choice and its reason; `ballot` is the canonical ballot that was checked, `step` where the person is."""

    choice = forms.ChoiceField(
        label=_("Your choice"),
        choices=[(one.value, label) for one, label in CHOICE_LABELS.items()],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_(
            "An objection needs one; with consent or abstention it is optional. It is shown on the page of the vote. The record holds its hash."
        ),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    ballot = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)


class VetoForm(BallotForm):
    """Where the rule knows vetoes with grounds."""

    ground = forms.ChoiceField(label=_("Ground of a veto"), required=False)
    field_order = ["choice", "ground", "reason", "ballot"]


class BallotPage(PersonAction):
    """Three steps: choose, check, confirm. What was typed survives the end of a session.

    Whoever has a key checks and signs on the ballot host; a ballot without a signature is checked and confirmed here.
    """

    template_name = "treaty/ballot_choose.html"
    check_template = "treaty/ballot_check.html"
    result: Ballot

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the vote and for whom the person votes; without a session, keep what was typed and ask to sign in."""
        self.vote = vote_or_404(kwargs["key"])
        if not isinstance(request.user, User):
            if request.method == "POST":
                request.session[self._draft] = {
                    name: request.POST.get(name, "")[:LONGEST_REASON] for name in ("choice", "reason", "ground")
                }
            return redirect_to_login(request.get_full_path())
        self.organisation = self._organisation(request.user)
        return super().dispatch(request, *args, **kwargs)

    @property
    def _draft(self) -> str:
        return f"ballot-{self.vote.key}"

    def _organisation(self, user: User) -> Organisation:
        mine = may_vote(self.vote, organisations_of(user, timezone.now()))
        wanted = self.request.GET.get("organisation")
        found = next((one for one in mine if wanted in {None, one.key}), None)
        if found is None:
            raise NotAllowed(
                gettext("You act for nobody who is entitled in this vote. Its roll was frozen when it was noticed.")
            )
        return found

    def get_form_class(self) -> type[forms.Form]:
        """Return the form that the rule of this vote needs."""
        return VetoForm if self._grounds() else BallotForm

    def get_form(self, form_class: type[forms.Form] | None = None) -> forms.Form:
        """Return the form, with the grounds that the rule names."""
        form = super().get_form(form_class)
        if grounds := self._grounds():
            form.fields["ground"].choices = [("", _("none")), *grounds.items()]  # type: ignore[attr-defined] # it is a ChoiceField
        return form

    def _grounds(self) -> dict[str, str]:
        return {key: words for veto in profile_of(self.vote).vetoes for key, words in veto.grounds.items()}

    def get_initial(self) -> dict[str, Any]:
        """Return what was typed before the session ended, or what the address proposes."""
        kept = self.request.session.pop(self._draft, {})
        return {"choice": self.request.GET.get("choice", ""), **kept}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Cast on the last step; before it, show the exact text that would be cast."""
        match self.request.POST.get("step"):
            case "confirm":
                return super().form_valid(form)
            case "change":
                return self.render_to_response(
                    self.get_context_data(form=self.get_form_class()(initial=form.cleaned_data))
                )
            case _:
                return self._check(form)

    def _check(self, form: forms.Form) -> HttpResponse:
        try:
            ballot = next_ballot(
                vote=self.vote,
                organisation=self.organisation,
                ground=form.cleaned_data.get("ground", ""),
                at=timezone.now().replace(microsecond=0),
                **_chosen(form),
            )
        except DomainError as error:
            return self.refuse(form, error)
        return self.response_class(
            request=self.request,
            template=[self.check_template],
            context=self.get_context_data(
                form=form,
                ballot=ballot,
                text=_canonical_text(ballot),
                choice_word=CHOICE_LABELS[ballot.choice],
                sign_url=self._hand_off(form).link if self._signs() else "",
            ),
            using=self.template_engine,
        )

    def _signs(self) -> bool:
        return signs_on_host(self.vote, self.organisation, self.person())

    def _hand_off(self, form: forms.Form) -> BallotHandoff:
        chosen = _chosen(form)
        return BallotHandoff(
            user=self.person().pk,
            vote=self.vote.key,
            organisation=self.organisation.key,
            choice=chosen["choice"],
            reason=clean_reason(**chosen),
            ground=form.cleaned_data.get("ground", ""),
        )

    def act(self, form: forms.Form, *, at: datetime) -> Ballot:
        """Cast the ballot that was checked."""
        checked = read_ballot(form.cleaned_data["ballot"].encode()) if form.cleaned_data["ballot"] else None
        return cast_ballot(
            vote=self.vote,
            organisation=self.organisation,
            ground=form.cleaned_data.get("ground", ""),
            ballot=checked,
            by=self.person(),
            at=at,
            **_chosen(form),
        )

    def get_success_url(self) -> str:
        """Go to the receipt."""
        return reverse("treaty:ballot_receipt", args=[self.vote.key, self.result.hash])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the vote and who votes."""
        at = timezone.now()
        return super().get_context_data(
            vote=self.vote,
            sealed=profile_of(self.vote).sealed,
            course=summary(self.vote, at).course,
            organisation=self.organisation,
            others=[
                (one, ballot_url(self.vote, one))
                for one in may_vote(self.vote, organisations_of(reader(self.request), at))
                if one != self.organisation
            ],
            standing=standing_ballots(self.vote, at).get(self.organisation.key),
            counts_for=counts_for(self.vote, self.organisation, at),
            signs=self._signs(),
            along=hand_offs_along(self.vote, self.organisation, self.person()),
            takes_session=takes_session(self.vote, self.organisation),
            steps=[_("Choose"), _("Check"), _("Receipt")],
            crumbs=[
                (reverse("treaty:votes"), _("Votes")),
                (reverse("treaty:vote", args=[self.vote.key]), self.vote.title),
            ],
            here=ballot_url(self.vote, self.organisation),
            **context,
        )


def _chosen(form: forms.Form) -> dict[str, Any]:
    return {"choice": Choice(form.cleaned_data["choice"]), "reason": form.cleaned_data["reason"]}


def _canonical_text(ballot: SignedBallot) -> str:
    return canonical(ballot.value()).decode()


class BallotReceiptPage(TemplateView):
    """What somebody who voted keeps: the ballot's hash, the entry's hash, where to check it."""

    template_name = "treaty/ballot_receipt.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the ballot; a ballot is public, so its receipt is, but while it is sealed it is its voter's alone."""
        vote = vote_or_404(self.kwargs["key"])
        ballot = get_object_or_404(Ballot.objects.select_related("organisation"), vote=vote, hash=self.kwargs["hash"])
        at = timezone.now()
        sealed, proof = is_sealed(vote, at), sealing_proof(ballot)
        if sealed and ballot.organisation not in organisations_of(reader(self.request), at):
            raise NotAllowed(gettext("This ballot is sealed until the vote closes. Its voter alone can see it."))
        return super().get_context_data(
            **context,
            vote=vote,
            ballot=ballot,
            sealed=sealed,
            proof=proof,
            proof_text=canonical({"salt": proof["salt"], "value": proof["value"]}).decode() if proof else "",
            text=bytes(ballot.content).decode(),
            course=summary(vote, at).course,
            newest=vote.ballots.filter(organisation=ballot.organisation).order_by("-sequence").first() == ballot,
            change_url=ballot_url(vote, ballot.organisation),
            steps=[_("Choose"), _("Check"), _("Receipt")],
            crumbs=[(reverse("treaty:votes"), _("Votes")), (reverse("treaty:vote", args=[vote.key]), vote.title)],
        )
