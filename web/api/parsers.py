"""A parser that refuses what is ambiguous."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from core.canonical import parse
from core.errors import Malformed

LARGEST_BODY = 2_500_000


class StrictJSONParser(BaseParser):
    """JSON that has one meaning only: no duplicate key, float, NaN or bomb (`core.canonical.parse`)."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - likewise
    ) -> Any:
        """Return the parsed body; raise ParseError (400) with what to mend."""
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise ParseError(f"The body is larger than {LARGEST_BODY} bytes.")
        try:
            return parse(body)
        except Malformed as error:
            raise ParseError(error.detail) from None
