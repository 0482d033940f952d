"""The treaty text: every number that the site applies is read from here."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from django.db.models import QuerySet

from core.errors import DomainError
from labs.rules.readings import IndicatorRule
from treaty.models import Amendment, TreatyText
from treaty.rules.findings import Earlier
from treaty.rules.reading import field_lines, read_text
from treaty.rules.text import Text
from web.prepared import prepared


class NoText(DomainError):
    """No treaty text has been published yet."""

    code = "no_text"


class UnknownIndicator(DomainError):
    """The treaty text in force has no such indicator."""

    code = "unknown_indicator"


def text_at(at: datetime) -> TreatyText | None:
    """Return the text in force at `at`, or before entry into force the newest published; without its bytes loaded."""
    return next(iter(_in_force(at) or _published(at)), None)


@prepared
def _in_force(at: datetime) -> QuerySet[TreatyText]:
    return TreatyText.objects.in_force(at).defer("source")[:1]


@prepared
def _published(at: datetime) -> QuerySet[TreatyText]:
    return TreatyText.objects.published(at).defer("source")[:1]


def required_text(at: datetime) -> TreatyText:
    """Return `text_at`; raise NoText."""
    text = text_at(at)
    if text is None:
        raise NoText
    return text


def rules_at(at: datetime) -> Text:
    """Return the rules of the text in force at `at`; raise NoText. Parsed once for each hash."""
    return rules_of(required_text(at))


def rules_of(text: TreatyText) -> Text:
    """Return the rules that `text` states."""
    return rules_of_bytes(text.sha256)


@lru_cache(maxsize=16)
def rules_of_bytes(sha256: str) -> Text:
    """Return the rules of the text, or of the proposed one, with this hash."""
    return read_text(source(sha256))


@lru_cache(maxsize=16)
def lines(sha256: str) -> dict[str, int]:
    """Return the line of each dotted path in the text with this hash."""
    return field_lines(source(sha256))


def source(sha256: str) -> bytes:
    """Return the exact bytes of the text, or of the proposed one, with this hash; raise TreatyText.DoesNotExist."""
    found = TreatyText.objects.filter(sha256=sha256).values_list("source", flat=True).first()
    found = found or Amendment.objects.filter(sha256=sha256).values_list("source", flat=True).first()
    if found is None:
        raise TreatyText.DoesNotExist
    return bytes(found)


def earlier_indicators(version: int) -> tuple[Earlier, ...]:
    """Return the texts that had been in force before `version`, each with its indicators and until when, in order."""
    texts = _been_in_force(version)
    return tuple(
        (after.in_force_at, rules_of(before).indicators) for before, after in pairwise(texts) if after.in_force_at
    )


@prepared
def _been_in_force(version: int) -> QuerySet[TreatyText]:
    found = TreatyText.objects.filter(in_force_at__isnull=False, version__lte=version)
    return found.order_by("in_force_at", "version").defer("source")


def attachments() -> Iterator[tuple[str, bytes]]:
    """Yield every text and every proposed one under the path that the site publishes it at: what the bundle of the log carries along."""
    published = TreatyText.objects.order_by("version").values_list("sha256", flat=True)
    proposed = Amendment.objects.order_by("pk").values_list("sha256", flat=True)
    for sha256 in dict.fromkeys([*published, *proposed]):
        yield f"treaty/{sha256}.yaml", source(sha256)


def versions(at: datetime) -> list[TreatyText]:
    """Return the texts published by `at`, the newest first, without their bytes."""
    return list(TreatyText.objects.published(at).defer("source"))


def indicator_rule(key: str, at: datetime) -> IndicatorRule:
    """Return what the text in force at `at` says of the indicator `key`; raise UnknownIndicator."""
    indicators = rules_at(at).indicators
    if key not in indicators:
        raise UnknownIndicator(
            f"The treaty text in force has no indicator {key!r}; it has {', '.join(sorted(indicators))}."
        )
    rule = indicators[key]
    return IndicatorRule(
        key=key,
        unit=rule.unit,
        about=rule.about,
        minimum=rule.minimum,
        maximum=rule.maximum,
        largest_jump=rule.largest_jump,
        part_of=rule.part_of,
        one_at_a_time=rule.one_at_a_time,
        parts=frozenset(name for name, it in indicators.items() if it.part_of == key),
    )
