"""A long list a page at a time, with a search by name: no public page grows with the number of laboratories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django import forms
from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

PER_PAGE: Final = 25
SOUGHT: Final = "q"


class FindForm(forms.Form):
    """Which laboratory is looked for."""

    q = forms.CharField(label=_("Laboratory"), required=False, max_length=100)


@dataclass(frozen=True)
class Listing[Row]:
    """The rows of one page. `name` is the query parameter that says which page, `query` all others, encoded."""

    page: Page[Row]
    name: str
    query: str
    total: int
    sought: str
    find: FindForm

    @property
    def rows(self) -> Sequence[Row]:
        """What the page shows."""
        return list(self.page)

    @property
    def is_long(self) -> bool:
        """Whether there is more than one page can show, so that looking for a name helps."""
        return bool(self.sought) or self.total > self.page.paginator.per_page


def listing[Row](
    asked: QueryDict,
    rows: Sequence[Row],
    text: Callable[[Row], str],
    *,
    name: str = "page",
    per_page: int = PER_PAGE,
) -> Listing[Row]:
    """Return the page that `asked` names of those rows whose `text` has the words looked for; of several lists each has a `name`.

    A view that is cached names the parameters that this reads: `name` and "q".
    """
    sought = asked.get(SOUGHT, "").strip()[:100]
    found = [row for row in rows if sought.casefold() in text(row).casefold()] if sought else rows
    others = asked.copy()
    others.pop(name, None)
    return Listing(
        page=Paginator(found, per_page).get_page(asked.get(name)),
        name=name,
        query=f"{others.urlencode()}&" if others else "",
        total=len(rows),
        sought=sought,
        find=FindForm(asked),
    )
