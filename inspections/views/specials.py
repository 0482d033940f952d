"""Special visits as pages: the request with its reason, the party's answer, the visit or the case."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.views.readers import person, reader
from core.errors import require
from inspections.actions.specials import ASKERS, answer_special, request_special
from inspections.forms.specials import AnswerForm, SpecialForm
from inspections.models import Special
from inspections.models.specials import SPECIAL_LABELS
from inspections.models.visits import STATE_LABELS
from inspections.queries.specials import SpecialRow, rows, specials
from inspections.rules.specials import Standing
from inspections.rules.visits import VisitState
from inspections.views.words import SPECIAL_EVENTS, SPECIAL_LEDES, SPECIAL_SIGNS
from labs.models import Facility
from labs.queries.facilities import facilities_of
from ledger.queries import position
from treaty.permissions import bodies_acting
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, text_at
from treaty.queries.timeline import story
from treaty.rules.words_conditions import length_in_words
from treaty.views.acts import ActPage, require_representative
from treaty.views.words import voice
from web.caching import cached_by
from web.views import ActionView


def special_words(row: SpecialRow) -> dict[str, Any]:
    """Return a special visit with its words."""
    return {
        "row": row,
        "special": row.special,
        "label": SPECIAL_LABELS[row.standing],
        "sign": SPECIAL_SIGNS[row.standing],
        "visit": row.visit,
        "visit_label": STATE_LABELS[VisitState(row.visit.state)] if row.visit else "",
    }


@method_decorator(cached_by(position), name="dispatch")
class SpecialPage(TemplateView):
    """One special visit: who asked and why, the answer, its visit or its case, its story."""

    template_name = "inspections/special_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return it as it stands now."""
        at, user = timezone.now(), reader(self.request)
        found = rows(at, specials().filter(key=self.kwargs["key"]))
        if not found:
            raise Http404
        row = found[0]
        lab = row.special.facility.organisation
        return super().get_context_data(
            at=at,
            position=position(),
            lede=SPECIAL_LEDES[row.standing],
            may_answer=row.standing is Standing.ASKED and represents(user, lab, at=at),
            events=_events(row),
            crumbs=_crumbs(),
            **special_words(row),
            **context,
        )


def _events(row: SpecialRow) -> list[dict[str, object]]:
    """Return the story of the special visit, its visit or its case for `components/timeline.html`, the newest first."""
    subjects = [f"special:{row.special.key}", *([f"visit:{row.visit.key}"] if row.visit else [])]
    subjects += [f"case:{row.case.key}"] if row.case else []
    told = {one.entry: one for subject in subjects for one in story(subject) if one.kind in SPECIAL_EVENTS}
    return [
        {
            "at": one.at,
            "title": SPECIAL_EVENTS[one.kind][1],
            "sign": SPECIAL_EVENTS[one.kind][0],
            "entry": one.entry,
            "url": reverse("ledger:entry", args=[one.entry]) if one.entry is not None else "",
        }
        for one in sorted(told.values(), key=lambda one: (one.at, one.entry or 0), reverse=True)
    ]


def _crumbs() -> list[tuple[str, str]]:
    return [(reverse("inspections:list"), _("Inspections"))]


class RequestSpecial(ActionView):
    """An officer asks for a special visit in the name of a body."""

    form_class = SpecialForm
    template_name = "inspections/special_request.html"
    success_message = gettext_lazy("The request is on record, and published with its reason.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse those who may ask for none."""
        super().setup(request, *args, **kwargs)
        self.at = timezone.now()
        if text_at(self.at) is None or rules_at(self.at).monitoring.special is None:
            raise Http404
        if isinstance(request.user, User):
            require(bool(self.bodies), _(ASKERS))

    @cached_property
    def bodies(self) -> list[Organisation]:
        """In whose name the person may ask."""
        return bodies_acting(person(self.request), at=self.at)

    @cached_property
    def facilities(self) -> list[Facility]:
        """Which facilities may be chosen."""
        return facilities_of(bound_labs(self.at), self.at)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form what may be chosen."""
        return super().get_form_kwargs() | {"organisations": self.bodies, "facilities": self.facilities}

    def act(self, form: forms.Form, *, at: datetime) -> Special:
        """Ask for it."""
        data = form.cleaned_data
        return request_special(
            facility=data["facility"],
            reason=data["reason"],
            body=data["organisation"],
            by=person(self.request),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go to the special visit."""
        assert isinstance(self.result, Special)
        return reverse("inspections:special", args=[self.result.key])

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add how long the party has to answer."""
        terms = rules_at(self.at).monitoring.special
        assert terms is not None
        within = length_in_words(terms.answered_within, voice())
        return super().get_context_data(within=within, facilities=self.facilities, crumbs=_crumbs(), **context)


class AnswerSpecial(ActPage):
    """The party agrees to the visit, or refuses it."""

    form_class = AnswerForm
    title = gettext_lazy("Answer about the special visit")
    lede = gettext_lazy(
        "Refusal opens a compliance case, and so does silence. A visit that you agree to is announced as a routine one is."
    )
    submit = gettext_lazy("Answer")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the special visit."""
        super().setup(request, *args, **kwargs)
        self.special = get_object_or_404(specials(), key=kwargs["key"])
        require_representative(request, self.special.facility.organisation)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Answer."""
        return answer_special(special=self.special, by=person(self.request), at=at, **form.cleaned_data)

    def get_success_url(self) -> str:
        """Go back to the special visit."""
        return reverse("inspections:special", args=[self.special.key])

    def crumbs(self) -> list[tuple[str, str]]:
        """Return the way here."""
        return [*_crumbs(), (self.get_success_url(), self.special.key)]
