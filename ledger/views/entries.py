"""Pages of the record: its overview with a search, an entry, a receipt."""

from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ledger.actions.opening import signer
from ledger.models import Entry, Leaf
from ledger.queries.entries import entry_at, position, recorded
from ledger.queries.health import health
from ledger.queries.receipts import Receipt, receipt, receipt_of
from ledger.signer import SigningRefused
from ledger.words import facts, name_of, sentence

PER_PAGE = 50


def _kinds() -> list[tuple[str, str]]:
    return [(kind, name_of(kind)) for kind in Entry.objects.order_by("kind").values_list("kind", flat=True).distinct()]


class LeafFilter(django_filters.FilterSet):  # type: ignore[misc] # the package ships no types
    """Search of the record."""

    kind = django_filters.ChoiceFilter(
        field_name="entry__kind", label=_("Kind"), choices=_kinds, empty_label=_("All kinds")
    )
    lab = django_filters.CharFilter(
        method="about_subject", label=_("Laboratory"), widget=forms.TextInput(attrs={"placeholder": "aster"})
    )
    vote = django_filters.CharFilter(
        method="about_subject", label=_("Vote"), widget=forms.TextInput(attrs={"placeholder": "2026-07"})
    )
    pause = django_filters.CharFilter(
        method="about_subject", label=_("Pause"), widget=forms.TextInput(attrs={"placeholder": "2026-01"})
    )
    about = django_filters.CharFilter(
        method="about_any", label=_("About"), widget=forms.TextInput(attrs={"placeholder": "facility:narvik"})
    )

    class Meta:
        model = Leaf
        fields: list[str] = []

    def about_any(self, queryset: QuerySet[Leaf], _name: str, value: str) -> QuerySet[Leaf]:
        """Keep entries about "noun:key"."""
        return queryset.filter(entry__subjects__contains=[value])

    def about_subject(self, queryset: QuerySet[Leaf], name: str, value: str) -> QuerySet[Leaf]:
        """Keep entries about the `name` with this key."""
        return queryset.filter(entry__subjects__contains=[f"{name}:{value}"])


class LogPaginator(Paginator[Leaf]):
    """Pages of the whole log: its size is known without counting."""

    @cached_property
    def count(self) -> int:
        """How many entries have a position."""
        return position()


class Overview(TemplateView):
    """The record: how it stands, and its entries, newest first."""

    template_name = "ledger/overview.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return health, search and a page of entries."""
        leaves = Leaf.objects.select_related("entry").order_by("-index")
        search = LeafFilter(self.request.GET, queryset=leaves)
        searching = search.is_valid() and any(search.form.cleaned_data.values())
        pages = (Paginator if searching else LogPaginator)(search.qs, PER_PAGE)
        page = pages.get_page(self.request.GET.get("page"))
        query = self.request.GET.copy()
        query.pop("page", None)
        return super().get_context_data(
            **context,
            health=health(),
            log_key=_log_key(),
            site_url=settings.SITE_URL,
            search=search,
            searching=searching,
            page_obj=page,
            query=f"{query.urlencode()}&" if query else "",
            rows=[_row(leaf) for leaf in page],
        )


class EntryPage(TemplateView):
    """One entry: what it says, its bytes, its proof."""

    template_name = "ledger/entry.html"

    def found(self) -> Receipt:
        """Return the entry with its proof; 404 where the log has no such position."""
        entry = entry_at(self.kwargs["index"])
        if entry is None:
            raise Http404
        return receipt_of(entry)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the entry in words, in bytes and with its proof."""
        answer = self.found()
        value = answer.entry.value
        return super().get_context_data(
            **context,
            receipt=answer,
            entry=value,
            sentence=sentence(value),
            kind_name=name_of(value.kind),
            facts=facts(value.payload),
            raw=answer.entry.data.decode(),
            proof=[value.hex() for value in answer.proof],
            log_key=_log_key(),
            site_url=settings.SITE_URL,
            last=position() - 1,
        )


class ReceiptPage(EntryPage):
    """The entry with this leaf hash: what somebody who acted is given at once."""

    def found(self) -> Receipt:
        """Return the entry with its proof."""
        answer = receipt(self.kwargs["hash"])
        if answer is None:
            raise Http404
        return answer


def receipt_file(request: HttpRequest, index: int) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Answer with the entry's receipt as a .tlog-proof file; 404 while no checkpoint covers it."""
    entry = entry_at(index)
    answer = receipt_of(entry) if entry else None
    if answer is None or not answer.is_in:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="entry-{index}.tlog-proof"'}
    return HttpResponse(answer.file.encode(), content_type="text/plain; charset=utf-8", headers=headers)


def _row(leaf: Leaf) -> dict[str, Any]:
    leaf.entry.position = leaf.index  # type: ignore[attr-defined] # what `with_position` would have annotated
    entry = recorded(leaf.entry)
    return {
        "index": leaf.index,
        "at": entry.value.at,
        "kind": entry.value.kind,
        "kind_name": name_of(entry.value.kind),
        "by": entry.value.by,
        "sentence": sentence(entry.value),
    }


def _log_key() -> str:
    try:
        return str(signer().key.verifier)
    except SigningRefused:
        return ""
