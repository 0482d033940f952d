"""Names that cannot be taken for one another: normal form, one script, nothing invisible, a skeleton to compare by.

After Unicode Technical Standard 39 (security mechanisms); its data of scripts and look-alikes come with `confusable-homoglyphs`.
"""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import Final

from confusable_homoglyphs.categories import alias
from confusable_homoglyphs.confusables import confusables_data

from core.errors import DomainError

LONGEST: Final = 120
PUNCTUATION: Final = frozenset("&'’.,()-–·/")
MOST_MARKS: Final = 2  # combining marks upon one letter
# Scripts that are written together in one language; "COMMON" and "INHERITED" go with all.
TOGETHER: Final = (
    frozenset({"HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"HAN", "HANGUL"}),
    frozenset({"HAN", "BOPOMOFO"}),
)


class NameRefused(DomainError):
    """The name could be taken for another, or holds characters that a reader cannot see."""

    code = "name_refused"


def proper_name(text: str) -> str:
    """Return `text` in normal form C with single spaces; raise NameRefused, saying which character to change."""
    name = re.sub(r" +", " ", unicodedata.normalize("NFC", text).strip(" "))
    if not name:
        raise _refused("Write a name.")
    if len(name) > LONGEST:
        raise _refused(f"The name has {len(name)} characters; {LONGEST} is the most.")
    for character in name:
        _check_character(character)
    _check_form(name)
    _check_scripts(name)
    return name


def skeleton(name: str) -> str:
    """Return `name` with look-alikes, case, marks, spaces and punctuation folded: two names with one skeleton look alike."""
    folded = "".join(_fold(character) for character in unicodedata.normalize("NFKD", name))
    again = "".join(_fold(character) for character in unicodedata.normalize("NFKD", folded.casefold()))
    return "".join(character for character in again.casefold() if character.isalnum()).replace("i", "l")


def _fold(character: str) -> str:
    """Return what UTS 39 maps a character to. The data list both directions: the target is the side with more twins."""
    twins = [twin["c"].strip("\N{LEFT-TO-RIGHT MARK}") for twin in confusables_data.get(character, ())]
    if len(twins) != 1:
        return character
    target: str = twins[0]
    return target if len(target) > 1 or len(confusables_data.get(target, ())) > 1 or target < character else character


def _refused(detail: str) -> NameRefused:
    return NameRefused(detail, fields={"name": detail})


def _check_character(character: str) -> None:
    category = unicodedata.category(character)
    if category[0] in "LN" or category in {"Mn", "Mc"} or character == " " or character in PUNCTUATION:
        return
    shown = f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"
    if category[0] in "CZ":
        raise _refused(f"The name holds a character that a reader cannot see ({shown}). Remove it.")
    raise _refused(f"The name holds {shown}. Use letters, digits, spaces and & ' . , ( ) - / only.")


def _check_form(name: str) -> None:
    plain = unicodedata.normalize("NFKC", name)
    if plain != name:
        raise _refused(f"The name holds full-width or other compatibility letters. Write it as {plain!r}.")
    if unicodedata.category(name[0])[0] not in "LN":
        raise _refused("The name begins with a letter or a digit.")
    if re.search(
        rf"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{{{MOST_MARKS + 1}}}",
        unicodedata.normalize("NFD", name),
    ):
        raise _refused(f"The name has more than {MOST_MARKS} marks upon one letter.")


def _check_scripts(name: str) -> None:
    scripts = {alias(character) for character in name} - {"COMMON", "INHERITED"}
    if len(scripts) > 1 and not any(scripts <= together for together in TOGETHER):
        raise _refused(f"The name mixes {_listed(scripts)} letters, which look alike. Write it in one script.")


def _listed(scripts: AbstractSet[str]) -> str:
    return " and ".join(script.title() for script in sorted(scripts))
