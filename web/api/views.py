"""What API views share: parameters that are read strictly, answers that any page of any site may read, deprecation."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import cached_property
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from web.api.deprecation import Deprecation
from web.api.pages import Named
from web.caching import tagged_by
from web.past import PARAMETER

READ = frozenset({"GET", "HEAD"})
AS_OF = "fermata.as_of"  # in the environment of a request that the site makes itself: the instant to answer for


class PublicView(APIView):
    """Answers of public reads: tagged by the record's position and open to every origin; a parameter that nobody knows is refused."""

    asked_by: ClassVar[
        Mapping[str, str]
    ] = {}  # query parameters beyond those of the page and the filter, and what they mean
    tagged: ClassVar[bool] = True  # false where the answer has a tag of its own, or is never to be kept
    deprecation: ClassVar[Deprecation | None] = None

    @staticmethod
    def position() -> int:
        """Return the record's position; the app that holds the record says it."""
        raise NotImplementedError

    @cached_property
    def at(self) -> datetime:
        """The instant that is answered for: now, unless the site itself asks for another."""
        asked: datetime | None = self.request.META.get(AS_OF)
        return asked or timezone.now()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; 304 where the reader has it."""
        view: Callable[..., HttpResponseBase] = super().dispatch
        is_read = request.method in READ
        answer = (tagged_by(self.position)(view) if is_read and self.tagged else view)(request, *args, **kwargs)
        if is_read:
            answer.headers["Access-Control-Allow-Origin"] = "*"
            answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if self.deprecation:
            self.deprecation.mark(answer)
        return answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse parameters that the operation does not know, and those that say nothing."""
        super().initial(request, *args, **kwargs)
        known = self.parameters() if request.method in READ else set()
        if unknown := sorted(set(request.query_params) - known):
            words = f"There is no such parameter here; there is {', '.join(sorted(known)) or 'none'}."
            raise ValidationError({name: [words] for name in unknown})
        if empty := [name for name, said in request.query_params.items() if not said]:
            raise ValidationError({name: ["Say which, or leave the parameter out."] for name in empty})

    def parameters(self) -> set[str]:
        """Return the query parameters that a read knows."""
        known = set(self.asked_by)
        if getattr(self, "paginator", None):
            known |= {"limit", "cursor"}
        filters = getattr(self, "filterset_class", None)
        return known | set(filters.base_filters if filters else ())


class ComputedList[Row: Mapping[str, Any]](PublicView):
    """A list that is computed and has no rows of its own, in pages by name; `asked_by` are members that choose rows, and perhaps the instant."""

    pagination_class = Named
    name: ClassVar[Sequence[str]] = ("key",)  # the members that name a row, together

    @property
    def paginator(self) -> Named[Row]:
        """Return what makes pages."""
        return Named()

    def rows(self, at: datetime) -> Sequence[Row]:
        """Return every row as of `at`."""
        raise NotImplementedError

    def page(self, request: Request) -> Response:
        """Answer with the rows that were asked for."""
        members = self.asked_by.keys() - {PARAMETER}
        asked = {name: request.query_params[name] for name in members if name in request.query_params}
        rows = [row for row in self.rows(self.at) if all(str(row[name]) == said for name, said in asked.items())]
        return self.paginator.page(rows, lambda row: "/".join(str(row[part]) for part in self.name), request)
