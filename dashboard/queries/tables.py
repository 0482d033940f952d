"""The public tables as data to take away: the lists of the API, read through the API itself, and what each column means."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator

from web.api.samples import resolved
from web.api.views import AS_OF

PAGE: Final = 1000

type Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: its name, the types that its values have, how they are written, and what it means."""

    name: str
    types: tuple[str, ...]
    format: str
    means: str

    @property
    def type(self) -> str:
        """Its type in words."""
        return " or ".join(self.format if one == "string" and self.format else one for one in self.types)


@dataclass(frozen=True)
class Table:
    """A list of the API. `key` names its files."""

    key: str
    path: str
    means: str
    columns: tuple[Column, ...]


@lru_cache(maxsize=1)
def tables() -> tuple[Table, ...]:
    """Return every public table, by key. Code alone changes them."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # the package has no type here
    found = []
    for path, methods in schema["paths"].items():
        answer = (
            methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        )
        rows = resolved(schema, answer.get("schema", {})).get("properties", {}).get("results")
        if rows and "{" not in path:  # a list of one amendment's is no table of its own
            row = resolved(schema, rows["items"])
            columns = tuple(_column(schema, name, part) for name, part in row["properties"].items())
            key = path.removeprefix("/api/v1/").strip("/").replace("/", "-")
            found.append(Table(key, path, str(methods["get"]["summary"]), columns))
    return tuple(sorted(found, key=lambda table: table.key))


def _column(schema: Mapping[str, Any], name: str, part: Mapping[str, Any]) -> Column:
    whole = dict(resolved(schema, part)) | {key: value for key, value in part.items() if key != "$ref"}
    kinds = whole.get("type", "object")
    types = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    return Column(name, types, str(whole.get("format", "")), str(whole.get("description", "")))


def rows_of(table: Table, at: datetime) -> Iterator[Row]:
    """Yield every row of the table as of `at`, as the API answers them, page by page."""
    view, args, kwargs = resolve(table.path)
    query: dict[str, str] = {"limit": str(PAGE)}
    while True:
        response = view(_request(table.path, query, at), *args, **kwargs)
        found = json.loads(response.render().content)
        yield from found["results"]
        if not found["next"]:
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(found["next"]).query).items()}


def _request(path: str, query: Mapping[str, str], at: datetime) -> WSGIRequest:
    site = urlsplit(settings.SITE_URL)
    return WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": urlencode(query),
            "SERVER_NAME": site.hostname or "localhost",
            "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
            "wsgi.url_scheme": site.scheme,
            "wsgi.input": BytesIO(),
            AS_OF: at,
        }
    )
