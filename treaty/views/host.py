"""The ballot host: it shows a ballot, has it signed, and casts it. Nobody is signed in here, and it sets no cookie.

Its JSON answers its own pages alone. The hand-off says who asked; what counts is the signature over the ballot.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.generic import TemplateView
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.demonstration import software_key
from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.rules.signatures import b64url, from_b64url
from core.errors import require
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.handoffs import BallotHandoff, Handoff, read_handoff
from treaty.models import Vote
from treaty.queries.host import ballot_asked, receipt
from treaty.queries.votes import get_vote
from treaty.rules.ballots import Envelope, read_ballot

LONGEST_TOKEN = 40_000  # a reason of 4,000 characters in base64url, twice over


class HostPage(TemplateView):
    """A page that is the same for everybody: what it is for stands in the address's fragment, which no server sees."""

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return where on the site to go from here."""
        return super().get_context_data(
            **context, votes_url=f"{settings.SITE_URL}/votes/", mine_url=f"{settings.SITE_URL}/keys/mine/"
        )


class BallotHostPage(HostPage):
    """Check the exact text, sign it, keep the receipt."""

    template_name = "treaty/host_ballot.html"


class HostView(APIView):
    """What a page of this host asks. No cookie, no session, no token but the hand-off."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Let nobody keep the answer."""
        response["Cache-Control"] = "no-store"
        return super().finalize_response(request, response, *args, **kwargs)


class TokenSerializer(serializers.Serializer[Any]):
    """The hand-off."""

    token = serializers.CharField(max_length=LONGEST_TOKEN)


class UnsignedSerializer(TokenSerializer):
    """A ballot that the demonstration is to sign: its canonical text."""

    ballot = serializers.CharField(max_length=4000, trim_whitespace=False)


class SignedSerializer(TokenSerializer):
    """A signed ballot: its canonical bytes in base64url, the key that signed, and the proof."""

    ballot = serializers.CharField(max_length=6000)
    key = serializers.CharField(max_length=32)
    proof = serializers.DictField(child=serializers.CharField(max_length=8000, trim_whitespace=False))


def sent[T: serializers.Serializer[Any]](kind: type[T], request: Request) -> dict[str, Any]:
    """Return the body of a request in the shape of `kind`; 400 where it has another."""
    found = kind(data=request.data)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)


def acting(handoff: Handoff) -> tuple[User, Organisation]:
    """Return who asked and for whom, if they still act for it."""
    user = User.objects.filter(pk=handoff.user, is_active=True).first()
    organisation = Organisation.objects.filter(key=handoff.organisation).first()
    if organisation is None:
        raise Http404
    require(represents(user, organisation, at=timezone.now()), f"You no longer act for {organisation.name}.")
    assert user is not None  # nobody represents nothing
    return user, organisation


class PaperView(HostView):
    """Everything that the page needs to compose the ballot, and with which keys it can be signed."""

    def post(self, request: Request) -> Response:
        """Answer the ballot paper with what was chosen."""
        handoff = read_handoff(BallotHandoff, sent(TokenSerializer, request)["token"])
        user, organisation = acting(handoff)
        return Response(ballot_asked(vote_of(handoff), organisation, handoff, user, timezone.now()))


def vote_of(handoff: BallotHandoff) -> Vote:
    """Return the vote of the hand-off."""
    try:
        return get_vote(handoff.vote)
    except Vote.DoesNotExist:
        raise Http404 from None


class CastView(HostView):
    """Casting what was signed."""

    def post(self, request: Request) -> Response:
        """Cast it; the action checks everything."""
        values = sent(SignedSerializer, request)
        handoff = read_handoff(BallotHandoff, values["token"])
        user, _ = acting(handoff)
        ballot = cast_signed_ballot(
            vote=vote_of(handoff),
            envelope=Envelope(from_b64url(values["ballot"]), values["proof"], values["key"]),
            reason=handoff.reason,
            ground=handoff.ground,
            by=user,
            at=timezone.now(),
        )
        return Response(receipt(ballot), status=status.HTTP_201_CREATED)


class SoftwareSignatureView(HostView):
    """In the demonstration the server holds a software key for each person, and signs for a visitor who became them."""

    def post(self, request: Request) -> Response:
        """Answer the proof; 404 outside the demonstration."""
        if not settings.DEMO:
            raise Http404
        values = sent(UnsignedSerializer, request)
        user, organisation = acting(read_handoff(BallotHandoff, values["token"]))
        ballot = read_ballot(values["ballot"].encode())
        key = software_key(organisation, user)
        return Response({"signature": b64url(key.sign(bytes.fromhex(ballot.hash)))})


def no_such_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 in one line: the site's own page has links that lead nowhere here."""
    del request, exception
    return HttpResponse("This host signs ballots. There is no such page.", "text/plain", 404)


def cannot_read(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 in one line."""
    del request, exception
    return HttpResponse("This request cannot be read.", "text/plain", 400)
