"""What people write: in one form, and without what a reader cannot see or what hides other words."""

import re
import unicodedata
from typing import Final

from core.errors import Malformed

MOST_MARKS: Final = 8  # combining marks upon one letter; written languages need five or six
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINES: Final = re.compile(r"\r\n?")


class Illegible(Malformed):
    """The text holds something that a reader cannot see, or that hides other words: remove it."""

    code = "illegible"


def prose(text: str) -> str:
    """Return what a person typed in normal form C with line feeds alone: what is shown is what is hashed.

    Raise Illegible, which names the line and the character, for control characters, turned reading direction, half a character,
    one that was lost on the way, and towers of marks. It is checked before it is normalised, which takes long for a tower.
    """
    plain = _LINES.sub("\n", text)
    signs = set(plain)
    found = {plain.index(sign): wrong for sign in signs if (wrong := _obstacle(sign))}
    marks = "".join(re.escape(sign) for sign in signs if unicodedata.category(sign) in {"Mn", "Me"})
    if marks and (tower := re.search(f"[{marks}]{{{MOST_MARKS + 1}}}", plain)):
        found[tower.start()] = f"more than {MOST_MARKS} marks upon one letter"
    if found:
        first = min(found)
        line = plain.count("\n", 0, first) + 1
        raise Illegible(f"Line {line} holds {found[first]}. Remove it; the rest of what you wrote is kept.")
    return unicodedata.normalize("NFC", plain)


def _obstacle(character: str) -> str:
    """Say what is wrong with the character; "" for most of them."""
    code = f"U+{ord(character):04X}"
    if character in _TURNING:
        return f"a character that turns the reading direction ({code})"
    if character == "\ufffd":
        return f"a character that could not be read ({code})"
    match unicodedata.category(character):
        case "Cs":
            return f"half a character ({code})"
        case "Cc" if character not in "\n\t":
            return f"a control character ({code})"
        case _:
            return ""


def clean_words(text: str, field: str, longest: int) -> str:
    """Return prose of 1 to `longest` characters without space around it; raise Malformed for the field otherwise."""
    try:
        words = prose(text).strip()
    except Illegible as error:
        raise Malformed(error.detail, fields={field: error.detail}) from None
    if not words or len(words) > longest:
        detail = f"Write between 1 and {longest:,} characters."
        raise Malformed(detail, fields={field: detail})
    return words
