"""The host of uploads: who holds a signed address is given the bytes, and nobody is known there."""

from dataclasses import dataclass
from typing import Final, Self

from django.conf import settings
from django.core import signing
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from inspections.models import Evidence
from inspections.rules.uploads import SUFFIXES

SALT: Final = "fermata.files"
LONGEST: Final = 120  # seconds from the question whether the reader may to the last moment at which the bytes are given


@dataclass(frozen=True)
class FileAddress:
    """A photograph, and which form of it: the copy for publication, or the original as it was received."""

    evidence: int
    form: str

    @property
    def url(self) -> str:
        """The address on the host of uploads, to be given to whoever may see the file, and to be used at once."""
        token = signing.dumps([self.evidence, self.form], salt=SALT)
        return settings.FILES_URL + reverse("evidence", urlconf=settings.FILES_URLCONF, args=[token])

    @classmethod
    def read(cls, token: str) -> Self:
        """Return what the site signed; raise signing.BadSignature for all else, and once it is too old."""
        return cls(*signing.loads(token, salt=SALT, max_age=LONGEST))


class EvidenceBytes(View):
    """A photograph's bytes, as a download that no browser runs."""

    def get(self, request: HttpRequest, token: str) -> FileResponse:
        """Answer with the file. An address that is forged, altered or too old leads nowhere."""
        del request  # nobody is signed in here
        try:
            asked = FileAddress.read(token)
        except signing.BadSignature:
            raise Http404 from None
        evidence = get_object_or_404(Evidence, pk=asked.evidence)
        if asked.form == "copy":
            file, media_type = evidence.published, evidence.published_type
            name = evidence.name.rsplit(".", 1)[0] + SUFFIXES[media_type]
        else:
            file, media_type, name = evidence.file, "application/octet-stream", evidence.name
        response = FileResponse(file.open(), as_attachment=True, filename=name, content_type=media_type)
        response["Cache-Control"] = "private, no-store"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"  # the site's pages show it, from their own host
        response["Referrer-Policy"] = "no-referrer"
        return response


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer in one line: this host has no pages."""
    del request, exception
    return HttpResponse("There is no such file, or its address is too old.", "text/plain", 404)
