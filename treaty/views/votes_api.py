"""Votes for programs: /api/v1/votes."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Organisation, User
from core.errors import Malformed
from treaty.actions.ballots import cast_ballot
from treaty.actions.votes import LONGEST_REASON
from treaty.models import Vote
from treaty.models.votes import CHOICE_LABELS
from treaty.queries.vote_json import vote_json
from treaty.queries.votes import course_of, get_vote, with_rows
from treaty.rules.ballots import read_ballot
from treaty.rules.profiles import Choice


class VoteSerializer(serializers.ModelSerializer[Vote]):
    """A vote in a list."""

    state = serializers.SerializerMethodField(help_text="computed for this instant")
    url = serializers.SerializerMethodField()

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

    def get_state(self, vote: Vote) -> str:
        """Return the state at the instant of the request."""
        return course_of(vote, timezone.now()).state.value

    def get_url(self, vote: Vote) -> str:
        """Return where the whole vote is."""
        return reverse("treaty:api_vote", args=[vote.key])


class VotesView(ListAPIView[Vote]):
    """Every vote, newest first, in pages."""

    serializer_class = VoteSerializer

    def get_queryset(self) -> Any:
        """Return the votes noticed by now."""
        return with_rows(Vote.objects.filter(noticed_at__lte=timezone.now()))


class VoteView(APIView):
    """One vote with its rule, roll, ballots and tally: all that is needed to recompute it."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the vote."""
        return Response(vote_json(_vote(key), timezone.now()))


def _vote(key: str) -> Vote:
    try:
        return get_vote(key)
    except Vote.DoesNotExist:
        raise Http404 from None


class BallotSerializer(serializers.Serializer[Any]):
    """A ballot as a program casts it. `ballot` is the canonical ballot, where the program made it itself."""

    organisation = serializers.SlugField(max_length=64)
    choice = serializers.ChoiceField(choices=[one.value for one in CHOICE_LABELS])
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_REASON)
    ground = serializers.CharField(required=False, allow_blank=True, default="", max_length=64)
    ballot = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000, trim_whitespace=False)


class ReceiptSerializer(serializers.Serializer[Any]):
    """What a ballot is answered with."""

    hash = serializers.CharField(help_text="of the canonical ballot")
    entry_hash = serializers.CharField(help_text="RFC 6962 leaf hash of its entry in the record")
    sequence = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    receipt = serializers.SerializerMethodField()

    def get_receipt(self, ballot: Any) -> str:
        """Return where the entry and its proof are."""
        return reverse("ledger:receipt", args=[ballot.entry_hash])


class BallotsView(APIView):
    """Casting a ballot with a token of a representative."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=BallotSerializer, responses={201: ReceiptSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Cast the ballot; 409 with a code where the vote does not take it."""
        if not isinstance(request.data, dict) or (unknown := set(request.data) - set(BallotSerializer().fields)):
            raise Malformed(
                f"A ballot has no member {', '.join(sorted(unknown))}."
                if isinstance(request.data, dict)
                else "A ballot is a JSON object."
            )
        sent = BallotSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        organisation = Organisation.objects.filter(key=values["organisation"]).first()
        if organisation is None:
            raise Malformed(f"There is no organisation {values['organisation']!r}.")
        ballot = cast_ballot(
            vote=get_object_or_404(Vote, key=key),  # the action reads roll and ballots once it holds the lock
            organisation=organisation,
            choice=Choice(values["choice"]),
            reason=values["reason"],
            ground=values["ground"],
            ballot=read_ballot(values["ballot"].encode()) if values["ballot"] else None,
            by=request.user if isinstance(request.user, User) else None,
            at=timezone.now(),
        )
        return Response(ReceiptSerializer(ballot).data, status=status.HTTP_201_CREATED)
