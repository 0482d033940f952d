"""Refusals as JSON."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import DomainError
from web.errors import body_of, status_of


def answer_exception(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a DomainError as `{"code", "detail"}`; leave the rest to DRF."""
    if isinstance(exc, DomainError):
        return Response(body_of(exc), status=status_of(exc))
    return exception_handler(exc, context)
