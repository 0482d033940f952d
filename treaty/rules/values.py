"""The types of a treaty text's numbers: fractions, durations, FLOP counts, keys."""

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from core.durations import Duration
from core.errors import Malformed


class Provision(BaseModel):
    """A part of the treaty text: frozen, and no unknown field."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _fraction(value: object) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = re.fullmatch(r"([0-9]{1,9})(?:/([1-9][0-9]{0,8}))?", value, re.ASCII) if isinstance(value, str) else None
    if not found:
        raise ValueError('write a fraction of integers in quotes, such as "2/3" or "1"')
    return Fraction(int(found[1]), int(found[2] or 1))


def _share(value: Fraction) -> Fraction:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is not a share: it lies between 0 and 1")
    return value


def _duration(value: object) -> Duration:
    if isinstance(value, Duration):
        return value
    try:
        return Duration.parse(str(value))
    except Malformed as error:
        raise ValueError(error.detail) from None


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError('write a decimal number in quotes, such as "1e24" or "0.8"')  # noqa: TRY004 - pydantic turns only ValueError into a located error
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f'{value!r} is not a number: write it in quotes, such as "1e24"') from None
    if not number.is_finite():
        raise ValueError("a number is finite")
    if abs(number.adjusted()) > LARGEST_EXPONENT or len(number.as_tuple().digits) > LONGEST_NUMBER:
        raise ValueError("a number has at most 40 digits and an exponent between -60 and 60")
    return number


def _text(value: object) -> str:
    return str(value)


LARGEST_EXPONENT = 60
LONGEST_NUMBER = 40
_FRACTION = {"type": "string", "pattern": "^[0-9]{1,9}(/[1-9][0-9]{0,8})?$", "examples": ["2/3"]}
_LENGTH = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,5}) (min|h|d|wd|mo|y)$", "examples": ["48 h"]}
_NUMBER = {"type": "string", "pattern": "^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$", "examples": ["1e24"]}

type Share = Annotated[
    Fraction, BeforeValidator(_fraction), AfterValidator(_share), PlainSerializer(_text, str), WithJsonSchema(_FRACTION)
]
type Ratio = Annotated[Fraction, BeforeValidator(_fraction), PlainSerializer(_text, str), WithJsonSchema(_FRACTION)]
type Length = Annotated[Duration, BeforeValidator(_duration), PlainSerializer(_text, str), WithJsonSchema(_LENGTH)]
type Number = Annotated[Decimal, BeforeValidator(_number), PlainSerializer(_text, str), WithJsonSchema(_NUMBER)]
type Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
type Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
type Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
