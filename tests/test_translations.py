"""The catalogues of locale/: what a translation must keep of its English, and what a language that is offered must have."""

import re
from collections import Counter

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

from config.languages import FOLDER, catalogues

PLURALS = {"fr": 3, "es": 3, "zh_Hans": 1, "ru": 4, "ar": 6}  # as Django's own catalogues have them
ENOUGH = 95  # per cent: a string that was added a moment ago stops nobody's work
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
TAG = re.compile(r"</?\w+[^>]*>")
BY_LANGUAGE = pytest.mark.parametrize("path", catalogues(), ids=lambda path: path.parts[-3])


def kept(text: str) -> tuple[Counter[str], Counter[str]]:
    return Counter(PLACEHOLDER.findall(text)), Counter(TAG.findall(text))


@BY_LANGUAGE
def test_placeholders_and_markup_are_those_of_the_english(path):
    wrong = []
    for entry in polib.pofile(str(path)).translated_entries():
        if entry.msgid_plural:
            allowed = kept(entry.msgid_plural)
            one = kept(entry.msgid)  # a form for one may leave the number out
            wrong += [text for text in entry.msgstr_plural.values() if kept(text) not in (allowed, one)]
        elif kept(entry.msgstr) != kept(entry.msgid):
            wrong.append(entry.msgstr)
    assert wrong == []


@BY_LANGUAGE
def test_a_catalogue_has_the_plurals_of_its_language_and_nothing_doubtful(path):
    catalogue = polib.pofile(str(path))
    count = PLURALS[path.parts[-3]]
    assert f"nplurals={count};" in catalogue.metadata["Plural-Forms"]
    plurals = [entry for entry in catalogue.translated_entries() if entry.msgid_plural]
    assert [entry.msgid for entry in plurals if len(entry.msgstr_plural) != count] == []
    assert [entry.msgid for entry in catalogue if entry.fuzzy or entry.obsolete] == []


def test_in_arabic_what_is_filled_in_keeps_its_own_direction():
    bare = re.compile(r"(?<!\u2068)(?:%\(\w+\)s|\{\w+\})|(?:%\(\w+\)s|\{\w+\})(?!\u2069)")
    catalogue = polib.pofile(str(FOLDER / "ar" / "LC_MESSAGES" / "django.po"))
    texts = [text for entry in catalogue for text in (entry.msgstr, *entry.msgstr_plural.values())]
    assert [text for text in texts if bare.search(TAG.sub("", text))] == []


@pytest.mark.parametrize("code", [code for code, _name in settings.LANGUAGES if code != "en"])
def test_a_language_that_is_offered_is_complete(code):
    catalogue = polib.pofile(str(FOLDER / to_locale(code) / "LC_MESSAGES" / "django.po"))
    missing = [entry.msgid for entry in catalogue.untranslated_entries()]
    assert catalogue.percent_translated() >= ENOUGH, f"{len(missing)} strings to translate, as {missing[:5]}"
