"""Errors that a person can expect and act on."""

from collections.abc import Mapping


class DomainError(Exception):
    """A refusal that follows from the treaty text or from what is already on record.

    `code` is stable and machine-readable; the message says what to do. `web.errors` turns it into a form
    error on a page and into `{"code", "detail"}` (409) in the API.
    """

    code = "refused"

    def __init__(self, detail: str = "", *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail or (self.__doc__ or "").strip().splitlines()[0])
        self.fields = dict(fields or {})

    @property
    def detail(self) -> str:
        """What happened and what to do, in one or two sentences."""
        return str(self.args[0])


class NotAllowed(DomainError):
    """You may not do this."""

    code = "not_allowed"


class Malformed(DomainError):
    """What was sent cannot be read."""

    code = "malformed"


def require(permitted: bool, detail: str = "") -> None:  # noqa: FBT001 - reads as a sentence: require(can_vote_for(by, party))
    """Raise NotAllowed unless `permitted`."""
    if not permitted:
        raise NotAllowed(detail or "You may not do this. Ask your organisation which role it needs.")
