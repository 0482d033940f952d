"""The ballot host: it makes passkeys for ballots. A passkey belongs to the host that made it, so it is made here."""

from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.demonstration import sign_as_root
from accounts.models import Organisation, User, VotingKey
from accounts.rules.signatures import b64url
from accounts.rules.statements import KeyKind, Purpose
from core.canonical import canonical, parse
from core.errors import Malformed
from treaty.actions.keys import enrol_key
from treaty.forms.keys import read_enrolment, read_signature
from treaty.handoffs import KeyHandoff, read_handoff
from treaty.queries.host import site_url
from treaty.queries.key_pages import signing_commands
from treaty.queries.texts import rules_at
from treaty.views.host import HostPage, HostView, TokenSerializer, acting, sent
from treaty.views.keys import cooling_off
from web.templatetags.fermata import written

LONGEST_ENROLMENT = 4000


class KeyHostPage(HostPage):
    """Make a passkey, have the root key sign for it, enrol it."""

    template_name = "treaty/host_key.html"


class EnrolmentSerializer(TokenSerializer):
    """An enrolment: its canonical text."""

    enrolment = serializers.CharField(max_length=LONGEST_ENROLMENT, trim_whitespace=False)


class SignedEnrolmentSerializer(EnrolmentSerializer):
    """An enrolment with the root key's signature."""

    signature = serializers.CharField(max_length=LONGEST_ENROLMENT)
    label = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")  # type: ignore[assignment] # the member, not the field's title


class AskedView(HostView):
    """For whom the key is, and what the enrolment binds."""

    def post(self, request: Request) -> Response:
        """Answer it."""
        user, organisation = acting(read_handoff(KeyHandoff, sent(TokenSerializer, request)["token"]))
        at = timezone.now()
        return Response({
            "log": settings.LEDGER["ORIGIN"],
            "origin": settings.BALLOT_URL,
            "rp_id": settings.BALLOT_HOST,
            "organisation": {"key": organisation.key, "name": organisation.name},
            "user": {"id": passkey_user(organisation, user), "name": f"{user.name}, {organisation.name}"},
            "credentials": standing_credentials(organisation, user),
            "synced_allowed": any(profile.synced for profile in rules_at(at).profiles.values()),
            "usable": _("in votes that are noticed %(cooling_off)s after the enrolment, or later")
            % {"cooling_off": cooling_off(at)},
            "command": signing_commands(Purpose.ENROLMENT, "{statement}"),
            "holds_root": settings.DEMO,
        })  # fmt: skip


def passkey_user(organisation: Organisation, user: User) -> str:
    """Return the handle under which an authenticator files the passkey; it names nobody."""
    return b64url(sha256(f"{organisation.key}/{user.handle}".encode()).digest()[:16])


def standing_credentials(organisation: Organisation, user: User) -> list[str]:
    """Return the credentials that the person has already, so that one authenticator is not enrolled twice."""
    mine = VotingKey.objects.unrevoked().filter(organisation=organisation, holder=user, kind=KeyKind.PASSKEY)
    return list(mine.values_list("credential", flat=True))


class EnrolView(HostView):
    """Enrolling what the root key signed."""

    def post(self, request: Request) -> Response:
        """Enrol; the action checks the signature."""
        values = sent(SignedEnrolmentSerializer, request)
        user, organisation = acting(read_handoff(KeyHandoff, values["token"]))
        made = read_enrolment(values["enrolment"])
        key = enrol_key(
            organisation=organisation,
            kind=made.kind,
            public_key=made.public_key,
            origin=made.origin,
            rp_id=made.rp_id,
            credential=made.credential,
            label=values["label"],
            holder=user,
            signature=read_signature(values["signature"]),
            by=user,
            at=timezone.now(),
        )
        usable = _("Usable in votes noticed from %(at)s on.") % {"at": written(key.usable_at)}
        answer = {"id": key.key_id, "usable": usable, "url": site_url("ledger:receipt", key.entry_hash)}
        return Response(answer, status=status.HTTP_201_CREATED)


class RootSignatureView(HostView):
    """In the demonstration the server holds each fictional organisation's root key, and signs enrolments at once."""

    def post(self, request: Request) -> Response:
        """Answer the signature; 404 outside the demonstration."""
        if not settings.DEMO:
            raise Http404
        values = sent(EnrolmentSerializer, request)
        _user, organisation = acting(read_handoff(KeyHandoff, values["token"]))
        statement: Any = parse(values["enrolment"])
        if not isinstance(statement, dict) or canonical(statement) != values["enrolment"].encode():
            raise Malformed("This is not an enrolment in canonical form.")
        return Response({"signature": sign_as_root(organisation, Purpose.ENROLMENT, statement)})
