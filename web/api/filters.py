"""What chooses rows of a list: strict, so that a slip is refused and never answered with everything."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from core.errors import Malformed
from core.times import instant


class InstantField(forms.CharField):
    """An instant as RFC 3339 in UTC, ending in Z."""

    def clean(self, value: Any) -> datetime | None:
        """Return the instant."""
        said = super().clean(value)
        try:
            return instant(said) if said else None
        except Malformed as error:
            raise forms.ValidationError(error.detail) from None


@extend_schema_field(
    {
        "type": "string",
        "format": "date-time",
        "description": "only those from this instant on: RFC 3339 in UTC, ending in Z",
    }
)
class Since(filters.Filter):  # type: ignore[misc] # the package is untyped
    """Rows whose instant `field_name` is at or after the one that is given."""

    field_class = InstantField

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name=field_name, lookup_expr="gte")


class Equal(filters.CharFilter):  # type: ignore[misc] # the package is untyped
    """Rows that have exactly this value."""

    def __init__(self, field_name: str, words: str) -> None:
        super().__init__(field_name=field_name, label=words, max_length=200, strip=False)


class OneOf(filters.ChoiceFilter):  # type: ignore[misc] # the package is untyped
    """Rows that have exactly this value, one of few."""

    def __init__(self, field_name: str, words: str, values: Iterable[str]) -> None:
        super().__init__(field_name=field_name, label=words, choices=[(one, one) for one in values])
