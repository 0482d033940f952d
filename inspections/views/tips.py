"""Tips from people whom nobody knows: the page that seals, the door for sealed files, the way back to the answers.

No page here reads a session, a cookie or an address, and none sets a cookie (`web.middleware.Anonymous`).
"""

import secrets
from base64 import b64encode
from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView, View

from core.errors import DomainError, Malformed
from inspections.actions.tips import receive_tip
from inspections.forms.tips import HandleForm, SealedForm
from inspections.models import Tip, TipAnswer
from inspections.queries.tips import addressees, register
from inspections.rules.tips import LONGEST_SEALED, ROUNDED, SIZES, WORK
from web.errors import body_of, status_of
from web.middleware import HAD_COOKIES

SHOWN: Final = 200
# Nobody is signed in here, so a request forged by another site could do nothing that its author could not do alone.
OPEN_TO_ALL: Final = (csrf_exempt, never_cache, csp_override(cast("dict[str, list[str]]", settings.TIP_CSP)))


@method_decorator(OPEN_TO_ALL, name="dispatch")
class TipView(View):
    """A view that knows nobody."""


class TipPage(TipView, TemplateView):
    """Write a tip and seal it in the browser, or hand in a file that was sealed without this site."""

    template_name = "inspections/tip_write.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return to whom it can be sealed."""
        found = addressees(timezone.now())
        return super().get_context_data(
            addressees=found,
            command=" \\\n    ".join(["age", *(f"-r {one.key.recipient}" for one in found), "-o tip.age tip.txt"]),
            form=SealedForm(),
            sizes=SIZES,
            work=WORK,
            longest=SIZES[-2],
            had_cookies=self.request.META.get(HAD_COOKIES, False),
            **context,
        )


class SendTip(TipView):
    """Take a sealed file: from the page, with its author's handle and proof of work, or from the upload form."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it; say where it will be on record, and with what its author comes back."""
        at = timezone.now()
        handle = request.POST.get("handle") or secrets.token_hex(32)
        try:
            tip = receive_tip(sealed=_file(request), handle=handle, nonce=request.POST.get("nonce", ""), at=at)
        except DomainError as error:
            if _wants_json(request):
                return JsonResponse(body_of(error), status=status_of(error))
            return render(request, "inspections/tip_refused.html", {"error": error}, status=status_of(error))
        told_at = tip.hour + ROUNDED
        if _wants_json(request):
            return JsonResponse({"tip": tip.sha256, "told_at": told_at.isoformat()}, status=201)
        return render(request, "inspections/tip_taken.html", {"tip": tip, "told_at": told_at}, status=201)


class AnswersPage(TipView):
    """Come back: a receipt code stays in the browser, which asks with what it derives; a handle can be typed without JavaScript."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the code or the handle."""
        return render(request, "inspections/tip_return.html", {"form": HandleForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer with the sealed answers, as JSON or as a page with the armored files."""
        form = HandleForm(request.POST)
        tip = (
            Tip.objects.defer("sealed").filter(handle=form.cleaned_data["handle"]).first() if form.is_valid() else None
        )
        if _wants_json(request):
            return JsonResponse(_told(tip) if tip else {"code": "unknown"}, status=200 if tip else 404)
        if tip is None:
            if form.is_valid():
                form.add_error("handle", _("No tip was received with this."))
            return render(request, "inspections/tip_return.html", {"form": form}, status=404)
        context = {"form": HandleForm(), "tip": tip, "told_at": tip.hour + ROUNDED, "told": _told(tip)}
        return render(request, "inspections/tip_return.html", context)


class RegisterPage(TipView, TemplateView):
    """Every tip on record by its hash and hour, and what the bodies said of it: for whoever sent it, and for the public."""

    template_name = "inspections/tip_register.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the newest ones."""
        found = register()
        return super().get_context_data(tips=found[:SHOWN], total=found.count(), shown=SHOWN, **context)


def _file(request: HttpRequest) -> bytes:
    form = SealedForm(request.POST, request.FILES)
    if not form.is_valid():
        raise Malformed(str(next(iter(form.errors.values()))[0]))
    upload = form.cleaned_data["file"]
    if upload.size > LONGEST_SEALED:
        raise Malformed(_("The file is too long: a sealed tip has at most %(most)s bytes.") % {"most": LONGEST_SEALED})
    return bytes(upload.read())


def _told(tip: Tip) -> dict[str, Any]:
    return {
        "tip": tip.sha256,
        "recorded": tip.recorded_at is not None,
        "told_at": (tip.hour + ROUNDED).isoformat(),
        "handlings": [
            {
                "body": one.body.name,
                "state": one.get_state_display(),
                "outcome": one.get_outcome_display(),
                "words": one.words,
            }
            for one in tip.handlings.select_related("body")
        ],
        "answers": [
            {"body": one.body.name, "sha256": one.sha256, "sealed": armored(one)}
            for one in tip.answers.select_related("body")
        ],
    }


def armored(answer: TipAnswer) -> str:
    """Return a sealed answer in the text form of age, which `age -d` opens."""
    text = b64encode(answer.sealed).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN AGE ENCRYPTED FILE-----", *lines, "-----END AGE ENCRYPTED FILE-----", ""])


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"
