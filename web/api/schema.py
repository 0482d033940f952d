"""What every operation's description has in common: a summary, the answers that any operation may give, an example."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc

from web.errors import PROBLEM

SLUG: Final = "^[-a-zA-Z0-9_]+$"
REFUSALS: Final[Mapping[str, str]] = {
    "304": "Nothing changed since the answer whose ETag was sent.",
    "400": "What was sent cannot be read: `detail` says what to mend, `fields` where.",
    "401": "The token is unknown or has expired.",
    "403": "You may not do this.",
    "404": "There is nothing of this name, or it is not public yet.",
    "405": "This address does not take this method.",
    "406": "Only JSON is answered.",
    "409": "Refused by the text in force or by what is already on record: `code` says which rule.",
    "413": "The body is too large.",
    "415": "Only JSON is read.",
    "503": "The database cannot answer, or only reads: ask again after `Retry-After`. `detail` says whether what was sent may be on record.",
}
PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "properties": {
        "type": {"type": "string", "description": "always about:blank: `code` tells refusals apart"},
        "title": {"type": "string", "description": "the status in words"},
        "status": {"type": "integer", "description": "the HTTP status"},
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string", "description": "what happened and what to do, for people"},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "what is wrong with which member or parameter",
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
    "example": {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "vote_closed",
        "detail": "The vote closed at 2026-11-22T12:00:00Z.",
    },
}


NAMED: Final[Mapping[str, str]] = {
    "index": "the entry's position in the record, from 0",
    "layer": "the key of a layer of evidence, as /api/v1/matrix/ has it",
    "hash": "the ballot's hash, as the vote has it",
}


class Described(AutoSchema):
    """The description of an operation: its view's docstring is the summary of a GET, the method's that of any other."""

    _is_page = False  # while the parameters of a list are described whose rows no serializer makes

    def get_summary(self) -> str:
        """Return the first sentence."""
        return _first(get_doc(type(self.view)) if self.method == "GET" else self._own_doc())

    def get_description(self) -> str:  # type: ignore[override] # the package itself differs from DRF here
        """Return all that is said of the operation: what the view is about, then what a method does that changes something."""
        about = str(get_doc(type(self.view)))
        return about if self.method == "GET" else f"{about}\n\n{self._own_doc()}"

    def _own_doc(self) -> str:
        return str(get_doc(getattr(self.view, self.method.lower())))

    def _resolve_path_parameters(self, variables: Iterable[str]) -> list[dict[str, Any]]:
        """Say of which form the names in the address are, and what they name."""
        found: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call] # the package has no type here
        for one in found:
            if one["schema"].get("type") == "string":
                one["schema"] = {"type": "string", "pattern": SLUG}
            else:
                one["schema"] = {"type": "integer", "minimum": 0}
            one["description"] = NAMED[one["name"]] if one["name"] in NAMED else self._noun()
        return found

    def _get_parameters(self) -> list[dict[str, Any]]:
        """Add what a computed list is chosen by."""
        self._is_page = self.method == "GET" and getattr(self.view, "paginator", None) is not None
        found: list[dict[str, Any]] = super()._get_parameters()
        self._is_page = False
        said = getattr(self.view, "asked_by", {}) if self.method == "GET" else {}
        known = {one["name"] for one in found}
        return found + [
            {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
            for name, words in said.items()
            if name not in known
        ]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self._is_page or bool(super()._is_list_view(serializer))

    def is_deprecated(self) -> bool:
        """Whether the view has an end."""
        return getattr(self.view, "deprecation", None) is not None

    def _noun(self) -> str:
        """Say whose name stands in the address: that of the noun before it."""
        return f"a key that the list /api/v1/{self.path.split('/')[3]}/ has"

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        """Add the refusals that the operation can answer with."""
        found: dict[str, Any] = super()._get_response_bodies(direction)
        for code, answer in found.items():
            answer["description"] = answer.get("description") or ("Created." if code == "201" else "Answered.")
        self._register_problem()
        for code in self._refusals():
            answer = {"description": REFUSALS[code]}
            if code != "304":
                answer["content"] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            found.setdefault(code, answer)
        return dict(sorted(found.items()))

    def _refusals(self) -> list[str]:
        codes = ["400", "405", "406", "503"]
        if "{" in self.path:
            codes.append("404")
        if self.view.get_authenticators():
            codes += ["401", "403"]
        if self.method == "GET":
            codes.append("304")
        else:
            codes += ["409", "413", "415", "404"]
        return codes

    def _register_problem(self) -> None:
        component = ResolvedComponent(  # type: ignore[no-untyped-call] # the package has no type here
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM_SCHEMA, object="Problem"
        )
        self.registry.register_on_missing(component)


def _first(words: str) -> str:
    """Return the first sentence, or what stands in it before a colon or a semicolon."""
    return re.split(r"[.:;](?:\s|$)", words, maxsplit=1)[0] + "."
