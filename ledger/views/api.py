"""The record for programs: /api/v1/ledger/."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import cached_property
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from ledger import published
from ledger.models import Leaf
from ledger.queries.entries import entry_at, founded_at, position, recorded
from ledger.queries.health import health
from ledger.queries.receipts import receipt_of
from ledger.rules.encoding import base64_of
from ledger.words import sentence
from web.api.filters import Equal, Since
from web.api.views import PublicView
from web.past import PARAMETER, past_instant


class WitnessSerializer(serializers.Serializer[Any]):
    """A witness and what it cosigned last."""

    name = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    cosigned_newest = serializers.BooleanField()


class LogSerializer(serializers.Serializer[Any]):
    """How the record stands."""

    size = serializers.IntegerField(help_text="entries that have a position")
    published_size = serializers.IntegerField(help_text="entries that the published checkpoint covers")
    root_hash = serializers.SerializerMethodField(help_text="its root, base64")
    signed_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    witnesses = WitnessSerializer(many=True)
    refusal = serializers.CharField(help_text="why nothing is signed; empty where all is well")
    checkpoint = serializers.SerializerMethodField(help_text="the signed note with its cosignatures")

    def get_root_hash(self, standing: Any) -> str | None:
        """Return the root of the published checkpoint."""
        return base64_of(standing.head.root) if standing.head else None

    def get_checkpoint(self, _standing: Any) -> str | None:
        """Return the published checkpoint."""
        note = published.checkpoint()
        return str(note) if note else None


class EntrySerializer(serializers.Serializer[Any]):
    """An entry, from its row."""

    index = serializers.IntegerField(help_text="its position in the record, from 0")
    hash = serializers.SerializerMethodField(help_text="RFC 6962 leaf hash, hex")
    kind = serializers.CharField(source="entry.kind", help_text="what kind of entry it is")
    at = serializers.DateTimeField(source="entry.at", help_text="when it was recorded")
    by = serializers.SerializerMethodField(help_text="a pseudonym; null for the clock")
    payload = serializers.SerializerMethodField(
        help_text="what is recorded; docs/ledger-entries.md describes each kind"
    )
    words = serializers.SerializerMethodField(help_text="the payload as a sentence")

    def get_hash(self, leaf: Leaf) -> str:
        """Return the leaf hash."""
        return bytes(leaf.hash).hex()

    def get_by(self, leaf: Leaf) -> str | None:
        """Return who acted."""
        return recorded(leaf.entry).value.by

    def get_payload(self, leaf: Leaf) -> dict[str, Any]:
        """Return the payload."""
        return dict(recorded(leaf.entry).value.payload)

    def get_words(self, leaf: Leaf) -> str:
        """Return what it says."""
        return sentence(recorded(leaf.entry).value)


class ProvenEntrySerializer(serializers.Serializer[Any]):
    """An entry with what proves its place."""

    index = serializers.IntegerField()
    hash = serializers.CharField(source="entry.value.hash")
    canonical = serializers.SerializerMethodField(help_text="the canonical bytes that are hashed, as text")
    size = serializers.IntegerField(
        allow_null=True, help_text="the checkpointed tree's size; null while no checkpoint covers the entry"
    )
    proof = serializers.SerializerMethodField(help_text="the audit path, base64, from the leaf's sibling up")
    checkpoint = serializers.CharField(allow_blank=True)

    def get_canonical(self, answer: Any) -> str:
        """Return the entry's bytes."""
        text: str = answer.entry.data.decode()
        return text

    def get_proof(self, answer: Any) -> list[str]:
        """Return the audit path."""
        return [base64_of(value) for value in answer.proof]


class Public(PublicView):
    """A public read, tagged by the record's position."""

    position = staticmethod(position)


class OfAnInstant(Public):
    """A public read that also answers for a past instant: `?at=` chooses it."""

    @cached_property
    def at(self) -> datetime:
        """The instant that is answered for: now, that which the address asks for, or that which the site itself asks for."""
        now = super().at
        try:
            return past_instant(self.request, now=now, founded=founded_at) or now
        except DomainError as error:
            raise ValidationError({PARAMETER: [error.detail]}) from None


class Open(Public):
    """A public read that asks nobody who they are."""

    authentication_classes = ()
    permission_classes = ()


class EntryFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses entries."""

    kind = Equal("entry__kind", "only entries of this kind, as docs/ledger-entries.md names them")
    about = filters.CharFilter(
        method="only_about", label='only entries about this, such as "vote:2026-07" or "lab:aster"', max_length=200
    )
    since = Since("entry__at")

    def only_about(self, leaves: Any, _name: str, value: str) -> Any:
        """Return the entries about something."""
        return leaves.filter(entry__subjects__contains=[value])


class LogView(Open):
    """How the record stands."""

    @extend_schema(responses=LogSerializer, operation_id="ledger")
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer with size, root, checkpoint and witnesses."""
        return Response(LogSerializer(health()).data)


class EntriesView(Open, ListAPIView[Leaf]):
    """Entries, newest first."""

    serializer_class = EntrySerializer

    filterset_class = EntryFilter

    @extend_schema(operation_id="ledger_entries")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with a page of entries."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Leaf]:
        """Return all entries."""
        return Leaf.objects.select_related("entry")


class EntryView(Open):
    """One entry with its inclusion proof."""

    @extend_schema(responses=ProvenEntrySerializer, operation_id="ledger_entry")
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002 - a view's signature
        """Answer with the entry and its proof in the published checkpoint."""
        entry = entry_at(index)
        if entry is None:
            raise Http404
        return Response(ProvenEntrySerializer(receipt_of(entry)).data)
