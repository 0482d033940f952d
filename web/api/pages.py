"""Pages of a list: `next` and `previous` stay stable while entries arrive."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.utils.encoding import force_str
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

USUAL: Final = 100
MOST: Final = 1000
LARGEST_ID: Final = 2**63 - 1
LIMIT: Final[dict[str, Any]] = {
    "name": "limit",
    "in": "query",
    "description": f"how many at most, {USUAL} where nothing is said",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST},
}
CURSOR: Final[dict[str, Any]] = {
    "name": "cursor",
    "in": "query",
    "description": "where the page begins, as `next` or `previous` of another page has it",
    "schema": {"type": "string"},
}


def limit_of(request: Request) -> int:
    """Return how many rows a page is to have; raise ValidationError for what is no number between 1 and 1,000."""
    said = request.query_params.get("limit", str(USUAL))
    if not (said.isascii() and said.isdigit() and len(said) <= 4 and 1 <= int(said) <= MOST):
        raise ValidationError({"limit": [f"Ask for 1 to {MOST} at a time."]})
    return int(said)


def unknown_cursor() -> ValidationError:
    """Return the refusal of a cursor that no page of this list gave."""
    return ValidationError({"cursor": ["This is no cursor of this list: begin without one and follow `next`."]})


class Cursor(CursorPagination):
    """Pages of rows, by their id: the newest first."""

    ordering = "-pk"
    page_size_query_param = "limit"

    def get_page_size(self, request: Request) -> int:
        """Return what was asked for."""
        return limit_of(request)

    def decode_cursor(self, request: Request) -> Any:
        """Read the cursor; refuse one that is not of this list."""
        try:
            found = super().decode_cursor(request)
        except (NotFound, ValueError):
            raise unknown_cursor() from None
        if found and found.position is not None and not _is_id(force_str(found.position)):
            raise unknown_cursor()
        return found

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - DRF's signature
        """Describe what chooses a page."""
        return [LIMIT, CURSOR]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page."""
        return page_schema(schema)


def _is_id(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) < 20 and int(said) <= LARGEST_ID


class Named[Row](BasePagination):
    """Pages of a list that is computed, in the order of the rows' names: a cursor is the name of the row before the page, or after it."""

    def page(self, rows: Sequence[Row], name: Callable[[Row], str], request: Request) -> Response:
        """Answer with the page that was asked for."""
        limit, every = limit_of(request), sorted(rows, key=name)
        way, edge = self._read(request.query_params.get("cursor", ""))
        if way == "before":
            shown = [row for row in every if name(row) < edge][-limit:]
        else:
            shown = [row for row in every if not way or name(row) > edge][:limit]
        first, last = (name(shown[0]), name(shown[-1])) if shown else (edge, edge)
        follows = any(name(row) > last for row in every)
        precedes = any(name(row) < first for row in every)
        return Response(
            {
                "next": self._link(request, "after", last) if follows else None,
                "previous": self._link(request, "before", first) if precedes else None,
                "results": shown,
            }
        )

    @staticmethod
    def _read(cursor: str) -> tuple[str, str]:
        if not cursor:
            return "", ""
        try:
            way, _, edge = urlsafe_b64decode(cursor.encode("ascii")).decode().partition(":")
        except ValueError:
            raise unknown_cursor() from None
        if way not in {"after", "before"}:
            raise unknown_cursor()
        return way, edge

    @staticmethod
    def _link(request: Request, way: str, edge: str) -> str:
        cursor = urlsafe_b64encode(f"{way}:{edge}".encode()).decode()
        return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - DRF's signature
        """Describe what chooses a page."""
        return [LIMIT, CURSOR]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page."""
        return page_schema(schema)


def page_schema(rows: dict[str, Any]) -> dict[str, Any]:
    """Describe a page whose rows are of the schema `rows`."""
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "required": ["next", "previous", "results"],
        "properties": {
            "next": {**link, "description": "the page after this one; null on the last"},
            "previous": {**link, "description": "the page before this one; null on the first"},
            "results": rows,
        },
    }
