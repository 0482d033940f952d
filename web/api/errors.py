"""Refusals and mistakes as problem documents."""

from collections.abc import Iterator
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import DomainError, Malformed, NotAllowed
from web.errors import PROBLEM, body_of, problem_of, status_of

# The codes of what DRF and Django raise; a DomainError brings its own.
CODES = {
    status.HTTP_400_BAD_REQUEST: Malformed.code,
    status.HTTP_403_FORBIDDEN: NotAllowed.code,
    status.HTTP_404_NOT_FOUND: "not_found",
}


def answer_exception(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what a person can expect as a problem document; None for what belongs in the error log."""
    if isinstance(exc, DomainError):
        return _problem(status_of(exc), body_of(exc))
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    found = _problem(answer.status_code, _body(exc, answer))
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in answer.headers:
            found.headers[name] = answer.headers[name]
    return found


def _problem(code: int, body: dict[str, object]) -> Response:
    return Response(problem_of(code, body), status=code, content_type=PROBLEM)


def _body(exc: Exception, answer: Response) -> dict[str, object]:
    if isinstance(exc, ValidationError):
        fields = dict(_flat(exc.detail))
        return {"code": Malformed.code, "detail": "; ".join(fields.values()), "fields": fields}
    own = str(exc.get_codes()) if isinstance(exc, APIException) else ""
    return {"code": CODES.get(answer.status_code, own), "detail": str(answer.data["detail"])}


def _flat(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Say of each member, by its path, what is wrong with it."""
    match found:
        case dict():
            for name, inner in found.items():
                yield from _flat(inner, f"{path}.{name}" if path else str(name))
        case list() if any(isinstance(one, dict | list) for one in found):
            for number, inner in enumerate(found):
                yield from _flat(inner, f"{path}[{number}]")
        case list():
            yield path, " ".join(str(one) for one in found)
        case _:
            yield path, str(found)
