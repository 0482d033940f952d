"""Sites where a laboratory runs accelerators."""

from enum import StrEnum


class FacilityStatus(StrEnum):
    """Whether a site is in use."""

    ACTIVE = "active"
    CLOSED = "closed"
