"""The key directory for everybody, and an organisation's own keys for those who act for it."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View
from django_stubs_ext import StrOrPromise

from accounts.demonstration import sign_as_root
from accounts.models import Organisation, User, VotingKey
from accounts.permissions import represents
from accounts.queries.people import organisations_of
from accounts.rules.keys import ROOT, Key, enrolment, revocation, root_declaration, signers_statement
from accounts.rules.signatures import key_id
from accounts.rules.statements import Purpose
from core.canonical import Json, canonical
from core.errors import require
from ledger.queries import position
from treaty.actions.keys import ask_for_signers, declare_root, enrol_key, revoke_key
from treaty.actions.repudiations import repudiate_ballot
from treaty.forms.keys import SIGNS_ELSEWHERE, PublicKey, RegisterForm, RootForm, SignatureForm, SignersForm
from treaty.handoffs import KeyHandoff
from treaty.models import Ballot
from treaty.models.votes import CHOICE_LABELS
from treaty.queries.key_pages import commands_for, directory, keys_of
from treaty.queries.keys import root_of
from treaty.queries.repudiations import repudiable_ballots, repudiable_until
from treaty.queries.texts import rules_at
from treaty.queries.triggers import voice
from treaty.rules.ballots import repudiation
from treaty.rules.profiles import Choice
from treaty.rules.words_conditions import length_in_words
from treaty.views.acts import PersonAction
from web.caching import cached_by


@method_decorator(cached_by(position, "organisation"), name="dispatch")
class DirectoryPage(TemplateView):
    """Every key that ever signed for anybody, whose it is, and who vouched for it."""

    template_name = "treaty/key_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the keys by organisation."""
        at = timezone.now()
        everybody = directory(at)
        wanted = self.request.GET.get("organisation", "")
        shown = [one for one in everybody if wanted in {"", one.organisation.key}]
        return super().get_context_data(
            **context, everybody=everybody, shown=shown, wanted=wanted, at=at, position=position()
        )


@method_decorator(never_cache, name="dispatch")
class MyKeysPage(LoginRequiredMixin, TemplateView):
    """The keys of the organisations that one acts for, and what can be done about them."""

    template_name = "treaty/key_mine.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return each organisation with its keys."""
        at, user = timezone.now(), self.request.user
        assert isinstance(user, User)
        mine = [
            {"keys": keys_of(one, at), "ballots": repudiable_ballots(one, at)}
            for one in organisations_of(user, at)
            if represents(user, one, at=at)
        ]
        return super().get_context_data(
            **context, mine=mine, cooling_off=cooling_off(at), crumbs=[(reverse("treaty:keys"), _("Key directory"))]
        )


def cooling_off(at: datetime) -> str:
    """Return how long a new key waits, in words."""
    return length_in_words(rules_at(at).publication.key_cooling_off, voice())


class MakePasskey(LoginRequiredMixin, View):
    """The way to the ballot host, where passkeys for ballots are made."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Hand the person over."""
        organisation = get_object_or_404(Organisation, key=key)
        assert isinstance(request.user, User)
        require(represents(request.user, organisation, at=timezone.now()))
        return redirect(KeyHandoff(user=request.user.pk, organisation=organisation.key).link)


class StatementView(PersonAction):
    """A statement of an organisation: its exact text, the command that signs it where the key is kept, and the signature.

    A subclass says `purpose` and `statement`. The first step shows the statement; the second brings the signature. The
    demonstration holds the root keys of its fictional organisations and signs at once.
    """

    template_name = "treaty/key_statement.html"
    form_class: type[SignatureForm] = SignatureForm
    purpose: Purpose
    title: StrOrPromise
    lede: StrOrPromise
    submit: StrOrPromise
    warning: StrOrPromise = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse those who do not act for the organisation."""
        super().setup(request, *args, **kwargs)
        self.organisation = get_object_or_404(Organisation, key=kwargs["key"])
        if isinstance(request.user, User):
            require(
                represents(request.user, self.organisation, at=timezone.now()),
                _("Only a representative of %(name)s does this.") % {"name": self.organisation.name},
            )

    @property
    def log(self) -> str:
        """The log that statements are made for."""
        return str(settings.LEDGER["ORIGIN"])

    def statement(self, form: forms.Form) -> Json:
        """Return what is signed; the form is valid."""
        raise NotImplementedError

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the keys that can sign beside the root."""
        return {**super().get_form_kwargs(), "keys": self.able()}

    def able(self) -> list[VotingKey]:
        """Return the keys that can sign this statement; without any it is the root alone."""
        return []

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Show the statement; with its signature, act."""
        match self.request.POST.get("step"):
            case "demonstration" if settings.DEMO:
                form.cleaned_data["signed_by"] = ROOT
                form.cleaned_data["signature"] = sign_as_root(self.organisation, self.purpose, self.statement(form))
                return super().form_valid(form)
            case "sign" if form.cleaned_data["signature"]:
                return super().form_valid(form)
            case "sign":
                form.add_error("signature", _("Paste the signature: nothing is recorded without it."))
                return self.form_invalid(form)
            case _:
                return self.render_to_response(self.get_context_data(form=form))

    def shown(self, form: forms.Form) -> dict[str, Any]:
        """Return the statement and how to sign it."""
        statement = self.statement(form)
        return {"statement": canonical(statement).decode(), "commands": commands_for(self.purpose, statement)}

    def get_success_url(self) -> str:
        """Go back to the keys."""
        return reverse("treaty:my_keys")

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says."""
        context = super().get_context_data(**context)
        if self.is_filled_in(context["form"]):
            context |= self.shown(context["form"])
        return {
            "organisation": self.organisation,
            "title": self.title,
            "lede": self.lede,
            "submit": self.submit,
            "warning": self.warning,
            "holds_root": settings.DEMO,
            "back": reverse("treaty:my_keys"),
            "crumbs": [
                (reverse("treaty:keys"), _("Key directory")),
                (reverse("treaty:my_keys"), _("Your organisation’s keys")),
            ],
            **context,
        }

    def is_filled_in(self, form: forms.Form) -> bool:
        """Whether the form says what the statement is about."""
        return form.is_bound and set(form.errors) <= {"__all__", "signature"}


class RegisterKey(StatementView):
    """Enrol an SSH key, a machine key, or the passkey that the ballot host made."""

    form_class = RegisterForm
    purpose = Purpose.ENROLMENT
    title = gettext_lazy("Register a key")
    lede = gettext_lazy("The root key of your organisation signs for it, or a key that stands: that is a rotation.")
    submit = gettext_lazy("Enrol the key")
    success_message = gettext_lazy(
        "Enrolled. Every party can see it in the directory; it is usable after the cooling-off."
    )

    def able(self) -> list[VotingKey]:
        """A key that stands signs for its successor."""
        return list(self.organisation.voting_keys.unrevoked().filter(kind__in=SIGNS_ELSEWHERE))

    def statement(self, form: forms.Form) -> Json:
        """Return the enrolment."""
        pasted: PublicKey = form.cleaned_data["public_key"]
        key = Key(
            kind=pasted.kind,
            public_key=pasted.public_key,
            origin=pasted.origin,
            rp_id=pasted.rp_id,
            credential=pasted.credential,
            organisation=self.organisation.key,
        )
        return enrolment(key, self.log)

    def act(self, form: forms.Form, *, at: datetime) -> VotingKey:
        """Enrol."""
        data, pasted = form.cleaned_data, form.cleaned_data["public_key"]
        return enrol_key(
            organisation=self.organisation,
            kind=pasted.kind,
            public_key=pasted.public_key,
            origin=pasted.origin,
            rp_id=pasted.rp_id,
            credential=pasted.credential,
            label=data["label"],
            holder=self.person(),
            signed_by=data["signed_by"],
            signature=data["signature"],
            by=self.person(),
            at=at,
        )


class DeclareRoot(StatementView):
    """Declare the key from which all trust in an organisation's keys comes."""

    form_class = RootForm
    purpose = Purpose.ROOT
    title = gettext_lazy("Declare the root key")
    lede = gettext_lazy(
        "It signs for every other key. The first one signs for itself; a later one is signed by the one before."
    )
    submit = gettext_lazy("Declare the root key")
    success_message = gettext_lazy("Declared. Compare its id with what your organisation knows, by telephone.")

    def statement(self, form: forms.Form) -> Json:
        """Return the declaration."""
        old = root_of(self.organisation, timezone.now())
        return root_declaration(
            form.cleaned_data["public_key"].public_key,
            key_id(old) if old else None,
            organisation=self.organisation.key,
            log=self.log,
        )

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Declare."""
        return declare_root(
            organisation=self.organisation,
            public_key=form.cleaned_data["public_key"].public_key,
            signature=form.cleaned_data["signature"],
            by=self.person(),
            at=at,
        )


class SetSigners(StatementView):
    """Ask for several keys under each ballot."""

    form_class = SignersForm
    purpose = Purpose.SIGNERS
    title = gettext_lazy("How many keys sign a ballot")
    lede = gettext_lazy(
        "In votes noticed from then on, a ballot counts once so many keys have signed it, and never by sign-in alone."
    )
    submit = gettext_lazy("Ask for so many signatures")
    success_message = gettext_lazy("Recorded. It holds in votes noticed from now on.")

    def statement(self, form: forms.Form) -> Json:
        """Return the statement, which is numbered."""
        number = self.organisation.signing_rules.count() + 1
        return signers_statement(form.cleaned_data["signers"], number, organisation=self.organisation.key, log=self.log)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Record it."""
        return ask_for_signers(
            organisation=self.organisation,
            signers=form.cleaned_data["signers"],
            signature=form.cleaned_data["signature"],
            by=self.person(),
            at=at,
        )


class RevokeKey(StatementView):
    """Revoke a key, at once and for good."""

    purpose = Purpose.REVOCATION
    title = gettext_lazy("Revoke a key")
    lede = gettext_lazy("Any key of your organisation that stands signs it, or the root key.")
    submit = gettext_lazy("Revoke the key")
    warning = gettext_lazy(
        "This cannot be undone. From its entry in the record on, the key signs nothing more. Ballots that it has signed stand: one that is not yours is repudiated by the root key, within the objection window."
    )
    success_message = gettext_lazy("Revoked. Ballots already cast stand unless they are repudiated.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the key too."""
        super().setup(request, *args, **kwargs)
        self.key = get_object_or_404(VotingKey, organisation=self.organisation, key_id=kwargs["id"], revoked_at=None)

    def able(self) -> list[VotingKey]:
        """Any key that stands may sign it, the key itself included."""
        return list(self.organisation.voting_keys.unrevoked().filter(kind__in=SIGNS_ELSEWHERE))

    def statement(self, form: forms.Form) -> Json:
        """Return the revocation."""
        del form
        return revocation(self.key.key_id, organisation=self.organisation.key, log=self.log)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Revoke."""
        data = form.cleaned_data
        return revoke_key(key=self.key, by_key=data["signed_by"], signature=data["signature"], by=self.person(), at=at)

    def is_filled_in(self, form: forms.Form) -> bool:
        """Nothing has to be filled in: the statement is shown at once."""
        del form
        return True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the key."""
        return {**super().get_context_data(**context), "key": self.key}


class RepudiateBallot(StatementView):
    """Say with the root key that a ballot is not the organisation's own."""

    purpose = Purpose.REPUDIATION
    title = gettext_lazy("Repudiate a ballot")
    lede = gettext_lazy(
        "Your organisation did not cast it. The root key alone says so, within the objection window of the text."
    )
    submit = gettext_lazy("Repudiate the ballot")
    warning = gettext_lazy(
        "This cannot be undone. While what was adopted waits for its effect, the vote is counted again without the ballot, and what is no longer adopted takes no effect. Otherwise the repudiation stands on record, and the result stays as it is."
    )
    success_message = gettext_lazy("Repudiated. This page says what became of the vote.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the ballot too."""
        super().setup(request, *args, **kwargs)
        ballots = Ballot.objects.filter(organisation=self.organisation, repudiation=None, vote__closed_at__isnull=False)
        self.ballot = get_object_or_404(ballots.select_related("vote__text"), hash=kwargs["hash"])

    def statement(self, form: forms.Form) -> Json:
        """Return the repudiation."""
        del form
        vote = self.ballot.vote.key
        return repudiation(self.ballot.hash, vote=vote, organisation=self.organisation.key, log=self.log)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Repudiate."""
        signature = form.cleaned_data["signature"]
        return repudiate_ballot(ballot=self.ballot, signature=signature, by=self.person(), at=at)

    def get_success_url(self) -> str:
        """Show what became of the vote."""
        return reverse("treaty:vote", args=[self.ballot.vote.key])

    def is_filled_in(self, form: forms.Form) -> bool:
        """Nothing has to be filled in: the statement is shown at once."""
        del form
        return True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the ballot and how long it can be repudiated."""
        ballot = self.ballot
        return {
            **super().get_context_data(**context),
            "ballot": ballot,
            "choice": CHOICE_LABELS[Choice(ballot.choice)],
            "until": repudiable_until(ballot.vote),
        }
