"""Treaty texts: fetched by the hash that is on record, and read with the site's own reader."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from core.errors import DomainError
from labs.rules.readings import IndicatorRule
from ledger.rules.entries import EntryValue
from treaty.rules.findings import Earlier
from treaty.rules.reading import read_text
from treaty.rules.text import Text
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations
from verifier.replay.payloads import number, text


class NoText(DomainError):
    """No treaty text is known that this could follow from."""

    code = "no_text"


@dataclass
class Published:
    """A text on record. `in_force_at` may lie ahead: the conditions are met and the delay runs."""

    version: int
    sha256: str
    rules: Text
    published_at: datetime
    in_force_at: datetime | None = None


@dataclass
class Texts:
    """The texts published so far. `fetch` gives the bytes that have a hash; it raises OSError where they cannot be had."""

    fetch: Callable[[str], bytes] | None = None
    published: dict[str, Published] = field(default_factory=dict)

    def at(self, at: datetime) -> Published:
        """Return the text in force at `at`, before entry into force the newest published; raise NoText."""
        texts = list(self.published.values())
        in_force = [it for it in texts if it.in_force_at is not None and it.in_force_at <= at]
        newest = max(in_force, key=lambda it: (it.in_force_at or at, it.version), default=None)
        newest = newest or max((it for it in texts if it.published_at <= at), key=lambda it: it.version, default=None)
        if newest is None:
            raise NoText
        return newest

    def before(self, version: int) -> tuple[Earlier, ...]:
        """Return the texts in force before this version, each with its indicators and until when, in order."""
        texts = sorted(
            (it.in_force_at, it) for it in self.published.values() if it.in_force_at and it.version <= version
        )
        return tuple((until, it.rules.indicators) for (_, it), (until, _) in pairwise(texts))

    def of(self, sha: str) -> Published:
        """Return the text with this hash; raise NoText."""
        if sha not in self.published:
            raise NoText(f"the text {sha[:16]}… is not on record, or could not be read")
        return self.published[sha]

    def indicator(self, key: str, at: datetime) -> IndicatorRule:
        """Return what the text in force at `at` says of an indicator; raise NoText."""
        indicators = self.at(at).rules.indicators
        if key not in indicators:
            raise NoText(f"the text in force has no indicator {key!r}")
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


@replays("text.published")
def read(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The bytes that have the hash on record are a treaty text, the next version, published by the depositary."""
    texts, sha, version = replay.of(Texts), text(entry.payload, "sha256"), number(entry.payload, "text")
    if not replay.of(Organisations).is_depositary(entry.by, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} was not the depositary then")
    newest = max((it.version for it in texts.published.values()), default=0)
    yield from differs("version", "its version", version, newest + 1)
    rules = yield from fetched(replay, sha, number(entry.payload, "bytes"))
    if rules is None:
        return
    yield from differs("version", "the version that the text itself states", version, rules.version)
    yield from differs("text", "its title", text(entry.payload, "title"), rules.title)
    texts.published[sha] = Published(version, sha, rules, entry.at)


def fetched(replay: Replay, sha: str, length: int) -> Generator[Finding, None, Text | None]:
    """Return the text that has the hash on record; find bytes that cannot be had, or have another hash or length."""
    fetch = replay.of(Texts).fetch
    try:
        source = fetch(sha) if fetch else None
    except OSError as error:
        yield Finding("text_missing", f"the text {sha} cannot be fetched: {error}")
        return None
    if source is None:
        yield Finding("text_missing", f"there is no place to fetch the text {sha} from")
        return None
    if sha256(source).hexdigest() != sha:
        yield Finding("text_hash", f"the text that is published has the hash {sha256(source).hexdigest()}, not {sha}")
        return None
    yield from differs("text", "its length in bytes", length, len(source))
    return read_text(source)


def names(replay: Replay, entry: EntryValue, member: str = "sha256") -> Iterator[Finding]:
    """Find an entry that names another text than the one that governs its instant."""
    yield from differs(
        "text_hash", "the text that it names", text(entry.payload, member), replay.of(Texts).at(entry.at).sha256
    )
