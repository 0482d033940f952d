"""The key directory for programs: /api/v1/keys."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import VotingKey
from accounts.queries.organisations import by_key
from accounts.rules.keys import ROOT
from accounts.rules.statements import KeyKind
from accounts.views.readers import reader
from core.errors import Malformed
from ledger.views.api import Public
from treaty.actions.keys import enrol_key, revoke_key
from web.api.filters import Equal, OneOf, Since

LONGEST_SIGNATURE = 6000


class KeySerializer(serializers.ModelSerializer[VotingKey]):
    """A key as the record enrolled it."""

    organisation = serializers.CharField(source="organisation.key", read_only=True, help_text="whose key it is")
    key = serializers.CharField(source="key_id", help_text="its name in the record")

    class Meta:
        model = VotingKey
        fields = [
            "key",
            "organisation",
            "kind",
            "public_key",
            "origin",
            "rp_id",
            "credential",
            "signed_by",
            "signature",
            "enrolled_at",
            "usable_at",
            "revoked_at",
            "revoked_by",
            "entry_hash",
        ]
        extra_kwargs = {
            "kind": {"help_text": "which kind of key"},
            "public_key": {"help_text": "DER SubjectPublicKeyInfo in base64url"},
            "origin": {"help_text": "of a passkey, the origin that it signs for"},
            "rp_id": {"help_text": "of a passkey, its relying party"},
            "credential": {"help_text": "of a passkey, its id"},
            "signed_by": {"help_text": "the root, or the key that it succeeds"},
            "signature": {"help_text": "over the statement of enrolment"},
            "enrolled_at": {"help_text": "when it was enrolled"},
            "usable_at": {"help_text": "from when it may sign ballots"},
            "revoked_at": {"help_text": "when it was revoked; null while it is not"},
            "revoked_by": {"help_text": "the key that revoked it"},
            "entry_hash": {"help_text": "its entry in the record"},
        }


class EnrolmentSerializer(serializers.Serializer[Any]):
    """An enrolment as the root key, or the key that is succeeded, signed it.

    What is signed is the statement of purpose `enrolment` with the members log, organisation, kind, public_key, origin,
    rp_id and credential. `signature` is base64url of a plain signature over its challenge, an armored SSHSIG, or a
    passkey's assertion as JSON.
    """

    organisation = serializers.SlugField(max_length=64)
    kind = serializers.ChoiceField(choices=[kind.value for kind in KeyKind])
    public_key = serializers.CharField(max_length=200, help_text="DER SubjectPublicKeyInfo in base64url")
    origin = serializers.CharField(required=False, allow_blank=True, default="", max_length=255)
    rp_id = serializers.CharField(required=False, allow_blank=True, default="", max_length=253)
    credential = serializers.CharField(required=False, allow_blank=True, default="", max_length=1400)
    label = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)  # type: ignore[assignment]  # a field, not the serializer's own label
    signed_by = serializers.CharField(required=False, default=ROOT, max_length=32)
    signature = serializers.CharField(max_length=LONGEST_SIGNATURE, trim_whitespace=False)


class RevocationSerializer(serializers.Serializer[Any]):
    """A revocation: the statement of purpose `revocation` with the members log, organisation and key, and who signed it."""

    by_key = serializers.CharField(max_length=32, help_text='"root", or the id of an unrevoked key of the organisation')
    signature = serializers.CharField(max_length=LONGEST_SIGNATURE, trim_whitespace=False)


class KeyFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses keys."""

    organisation = Equal("organisation__key", "only the keys of this organisation")
    kind = OneOf("kind", "only keys of this kind", [one.value for one in KeyKind])
    since = Since("enrolled_at")


class KeysView(Public, ListAPIView[VotingKey]):
    """Every key that was ever enrolled, newest first, in pages; and where a new one is enrolled."""

    serializer_class = KeySerializer
    filterset_class = KeyFilter
    permission_classes = (AllowAny,)  # the signature is the authority
    queryset = VotingKey.objects.select_related("organisation")

    @extend_schema(request=EnrolmentSerializer, responses={201: KeySerializer})
    def post(self, request: Request) -> Response:
        """Enrol a key; 409 with a code where the directory refuses it."""
        values = read(EnrolmentSerializer, request)
        organisation = by_key(values.pop("organisation"))
        if organisation is None:
            raise Malformed("There is no such organisation.")
        by = reader(request)
        kind = KeyKind(values.pop("kind"))
        key = enrol_key(organisation=organisation, kind=kind, holder=by, by=by, at=timezone.now(), **values)
        return Response(KeySerializer(key).data, status=status.HTTP_201_CREATED)


class KeyView(Public):
    """One key."""

    @extend_schema(responses={200: KeySerializer})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the key."""
        return Response(KeySerializer(_key(key)).data)


class RevocationView(Public):
    """Revoking a key."""

    permission_classes = (AllowAny,)  # the signature is the authority

    @extend_schema(request=RevocationSerializer, responses={200: KeySerializer})
    def post(self, request: Request, key: str) -> Response:
        """Revoke the key; 409 with a code where the statement does not hold."""
        values = read(RevocationSerializer, request)
        by = reader(request)
        revoked = revoke_key(key=_key(key), by=by, at=timezone.now(), **values)
        return Response(KeySerializer(revoked).data)


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what was sent, by its shape; refuse unknown members."""
    if not isinstance(request.data, dict):
        raise Malformed("Send a JSON object.")
    if unknown := set(request.data) - set(serializer().fields):
        raise Malformed(f"There is no member {', '.join(sorted(unknown))} here.")
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _key(wanted: str) -> VotingKey:
    found: VotingKey = get_object_or_404(VotingKey.objects.select_related("organisation"), key_id=wanted)
    return found
