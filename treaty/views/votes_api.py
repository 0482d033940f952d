"""Votes for programs: /api/v1/votes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation, User
from accounts.queries.organisations import by_key
from accounts.rules.signatures import from_b64url
from accounts.views.readers import reader
from core.errors import Malformed
from ledger.views.api import Public
from treaty.actions.ballots import cast_ballot
from treaty.actions.repudiations import repudiate_ballot
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.actions.votes import LONGEST_REASON
from treaty.models import Ballot, BallotSignature, Repudiation, RollEntry, Vote
from treaty.models.votes import CHOICE_LABELS
from treaty.queries.ballot_papers import ballot_paper
from treaty.queries.vote_json import vote_json
from treaty.queries.votes import course_of, get_vote, sealing_proof, with_rows
from treaty.rules.ballots import Envelope, read_ballot
from treaty.rules.profiles import Choice
from treaty.rules.votes import Outcome
from treaty.views.keys_api import LONGEST_SIGNATURE, read
from treaty.views.shapes import PAPER, VOTE
from web.api.filters import Equal, OneOf, Since


class VoteSerializer(serializers.ModelSerializer[Vote]):
    """A vote in a list."""

    state = serializers.SerializerMethodField(help_text="computed for this instant")
    url = serializers.SerializerMethodField(help_text="where the whole vote is")

    class Meta:
        model = Vote
        fields = [
            "key",
            "title",
            "decision",
            "state",
            "noticed_at",
            "opens_at",
            "closes_at",
            "closed_at",
            "outcome",
            "reason",
            "effective_at",
            "url",
        ]
        extra_kwargs = {
            "key": {"help_text": "such as 2026-07"},
            "title": {"help_text": "what it is about"},
            "decision": {"help_text": "the decision of the text"},
            "noticed_at": {"help_text": "when text, rule and roll were frozen"},
            "opens_at": {"help_text": "from when ballots count"},
            "closes_at": {"help_text": "until when ballots count, not included"},
            "closed_at": {"help_text": "when it was closed; null before"},
            "outcome": {"help_text": "adopted or rejected; empty before it is closed"},
            "reason": {"help_text": "why; empty before it is closed"},
            "effective_at": {"help_text": "when the decision takes effect; null where it does not"},
        }

    def get_state(self, vote: Vote) -> str:
        """Return the state at the instant of the request."""
        return course_of(vote, self.context["view"].at).state.value

    def get_url(self, vote: Vote) -> str:
        """Return where the whole vote is."""
        return reverse("treaty:api_vote", args=[vote.key])


class VoteFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses votes."""

    decision = Equal("decision", "only votes on this decision of the text")
    outcome = OneOf("outcome", "only closed votes of this outcome", [one.value for one in Outcome])
    closed = filters.BooleanFilter(
        "closed_at", "isnull", exclude=True, label="only closed votes, or only those that are not"
    )
    on_roll = filters.CharFilter(
        method="only_on_roll", label="only votes in which this organisation is on the roll", max_length=64
    )
    since = Since("noticed_at")

    def only_on_roll(self, votes: QuerySet[Vote], _name: str, value: str) -> QuerySet[Vote]:
        """Return the votes of an organisation."""
        return votes.filter(pk__in=RollEntry.objects.filter(organisation__key=value).values("vote"))


class VotesView(Public, ListAPIView[Vote]):
    """Every vote, newest first, in pages."""

    serializer_class = VoteSerializer
    filterset_class = VoteFilter

    def get_queryset(self) -> Any:
        """Return the votes noticed by now."""
        return with_rows(Vote.objects.filter(noticed_at__lte=self.at))


class VoteView(Public):
    """One vote with its rule, roll, ballots and tally: all that is needed to recompute it."""

    @extend_schema(responses={200: VOTE})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the vote."""
        return Response(vote_json(_vote(key), timezone.now()))


def _vote(key: str) -> Vote:
    try:
        return get_vote(key)
    except Vote.DoesNotExist:
        raise Http404 from None


class BallotPaperView(Public):
    """What somebody needs to compose a ballot with their own tools."""

    tagged = False
    asked_by = {"organisation": "for whom the ballot is; without it there is no paper"}

    @extend_schema(
        parameters=[OpenApiParameter("organisation", str, required=True, description="for whom the ballot is")],
        responses={200: PAPER},
    )
    def get(self, request: Request, key: str) -> Response:
        """Answer the ballot paper of an organisation, fresh: its sequence number and the head move on."""
        organisation = _organisation(request.query_params.get("organisation", ""))
        paper = ballot_paper(_vote(key), organisation, timezone.now())
        return Response(paper, headers={"Cache-Control": "no-store"})


def _organisation(key: str) -> Organisation:
    if (organisation := by_key(key)) is None:
        raise Malformed(f"There is no organisation {key!r}.")
    return organisation


class BallotSerializer(serializers.Serializer[Any]):
    """A ballot as a program casts it: signed (`ballot`, `proof`), or vouched for by a representative's token alone.

    Signed: `ballot` is the canonical bytes in base64url, `proof` the signature by its kind of key, `key` the id of the key
    that signed where it is not the one that the ballot names. By token: `organisation` and `choice`; `ballot` may be the
    canonical ballot as text, where the program made it itself.
    """

    organisation = serializers.SlugField(max_length=64, required=False)
    choice = serializers.ChoiceField(choices=[one.value for one in CHOICE_LABELS], required=False)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_REASON)
    ground = serializers.CharField(required=False, allow_blank=True, default="", max_length=64)
    ballot = serializers.CharField(required=False, allow_blank=True, default="", max_length=6000, trim_whitespace=False)
    proof = serializers.DictField(child=serializers.CharField(max_length=4000, trim_whitespace=False), required=False)
    key = serializers.CharField(required=False, allow_blank=True, default="", max_length=32)


class ReceiptSerializer(serializers.Serializer[Any]):
    """What a ballot is answered with. `counts` is false while more keys of the organisation must sign the same bytes."""

    hash = serializers.CharField(help_text="of the canonical ballot")
    entry_hash = serializers.CharField(help_text="RFC 6962 leaf hash of its entry in the record")
    counts = serializers.SerializerMethodField()
    sequence = serializers.SerializerMethodField()
    received_at = serializers.DateTimeField()
    receipt = serializers.SerializerMethodField()
    sealed = serializers.SerializerMethodField(
        help_text="of a sealed ballot: commitment, salt and value, to check its opening; null for another"
    )

    def get_counts(self, ballot: Ballot | BallotSignature) -> bool:
        """Return whether it is a ballot and not a first signature under one."""
        return isinstance(ballot, Ballot)

    def get_sequence(self, ballot: Ballot | BallotSignature) -> int:
        """Return its place among the organisation's ballots in this vote."""
        return ballot.sequence if isinstance(ballot, Ballot) else read_ballot(bytes(ballot.content)).sequence

    def get_receipt(self, ballot: Ballot | BallotSignature) -> str:
        """Return where the entry and its proof are."""
        return reverse("ledger:receipt", args=[ballot.entry_hash])

    def get_sealed(self, ballot: Ballot | BallotSignature) -> dict[str, Any] | None:
        """Return with what its opening can be checked."""
        return sealing_proof(ballot) if isinstance(ballot, Ballot) else None


class BallotsView(Public):
    """Casting a ballot: signed by an enrolled key, or with a token of a representative where the rule takes that."""

    permission_classes = [AllowAny]  # the signature, or else the token, is the authority: the action asks for it

    @extend_schema(request=BallotSerializer, responses={201: ReceiptSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Cast the ballot; 409 with a code where the vote does not take it."""
        values = read(BallotSerializer, request)
        vote = get_object_or_404(Vote, key=key)  # the action reads roll and ballots once it holds the lock
        by = reader(request)
        cast = _cast_signed if "proof" in values else _cast_by_token
        ballot = cast(vote, values, by, timezone.now())
        return Response(ReceiptSerializer(ballot).data, status=status.HTTP_201_CREATED)


class RepudiationSerializer(serializers.ModelSerializer[Repudiation]):
    """A repudiation as it stands on record. `recounted`: it came before the effect, and the ballot counts no more."""

    class Meta:
        model = Repudiation
        fields = ["signature", "repudiated_at", "recounted", "entry_hash"]


class RepudiationRequest(serializers.Serializer[Any]):
    """The root's signature under the statement of purpose `repudiation`: log, organisation, vote and ballot (its hash)."""

    signature = serializers.CharField(max_length=LONGEST_SIGNATURE, trim_whitespace=False)


class RepudiationView(Public):
    """Repudiating a ballot that its organisation did not cast."""

    permission_classes = (AllowAny,)  # the signature is the authority

    @extend_schema(request=RepudiationRequest, responses={200: RepudiationSerializer})
    def post(self, request: Request, key: str, hash: str) -> Response:  # noqa: A002 - as the address names it
        """Record the repudiation; 409 with a code where it does not hold or comes too late."""
        values = read(RepudiationRequest, request)
        ballot = get_object_or_404(Ballot.objects.select_related("vote", "organisation"), vote__key=key, hash=hash)
        by = reader(request)
        row = repudiate_ballot(ballot=ballot, signature=values["signature"], by=by, at=timezone.now())
        return Response(RepudiationSerializer(row).data)


def _cast_signed(vote: Vote, values: Mapping[str, Any], by: User | None, at: datetime) -> Ballot | BallotSignature:
    return cast_signed_ballot(
        vote=vote,
        envelope=Envelope(from_b64url(values["ballot"]), values["proof"], values["key"]),
        reason=values["reason"],
        ground=values["ground"],
        by=by,
        at=at,
    )


def _cast_by_token(vote: Vote, values: Mapping[str, Any], by: User | None, at: datetime) -> Ballot:
    if by is None:
        raise NotAuthenticated
    if missing := {"organisation", "choice"} - set(values):
        raise Malformed(f"A ballot without a signature says its {' and '.join(sorted(missing))}.")
    return cast_ballot(
        vote=vote,
        organisation=_organisation(values["organisation"]),
        choice=Choice(values["choice"]),
        reason=values["reason"],
        ground=values["ground"],
        ballot=read_ballot(values["ballot"].encode()) if values["ballot"] else None,
        by=by,
        at=at,
    )
