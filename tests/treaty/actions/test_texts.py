from hashlib import sha256

import pytest

from core.canonical import parse
from core.errors import NotAllowed
from ledger.models import Entry
from tests.factories import NOON, depositary, laboratory, party, representative
from tests.texts import model_text, quick_text
from treaty.actions.texts import TextRefused, publish_text
from treaty.models import TreatyText
from treaty.queries.texts import NoText, UnknownIndicator, indicator_rule, lines, rules_at, source, text_at
from treaty.rules.reading import TextInvalid

pytestmark = pytest.mark.django_db

MODEL = model_text()
SECOND = MODEL.replace(b"version: 1\n", b"version: 2\n", 1)


def recorded():
    return [
        parse(bytes(data))["payload"]
        for data in Entry.objects.filter(kind="text.published").order_by("pk").values_list("data", flat=True)
    ]


def test_publishing_keeps_the_exact_bytes_and_records_their_hash():
    text = publish_text(source=MODEL, by=depositary(), at=NOON)
    assert source(text.sha256) == MODEL
    assert recorded() == [
        {
            "text": 1,
            "title": "Model Treaty on a Verifiable Pause in Frontier AI Development",
            "sha256": sha256(MODEL).hexdigest(),
            "bytes": len(MODEL),
        }
    ]


def test_publishing_the_same_bytes_again_changes_nothing():
    by = depositary()
    assert publish_text(source=MODEL, by=by, at=NOON) == publish_text(source=MODEL, by=by, at=NOON)
    assert len(recorded()) == 1


def test_only_the_depositary_publishes():
    with pytest.raises(NotAllowed):
        publish_text(source=MODEL, by=representative(), at=NOON)
    assert (TreatyText.objects.count(), recorded()) == (0, [])


def test_an_invalid_text_is_refused_with_its_lines_and_nothing_is_kept():
    with pytest.raises(TextInvalid, match=r"line [0-9]+, decisions\.resume: there is no vote profile 'resumptoin'"):
        publish_text(source=MODEL.replace(b"resume: resumption", b"resume: resumptoin"), by=depositary(), at=NOON)
    assert (TreatyText.objects.count(), recorded()) == (0, [])


def test_versions_follow_each_other():
    by = depositary()
    with pytest.raises(TextRefused, match="the next one is version 1"):
        publish_text(source=SECOND, by=by, at=NOON)
    publish_text(source=MODEL, by=by, at=NOON)
    publish_text(source=SECOND, by=by, at=NOON)
    assert text_at(NOON).version == 2


def test_once_a_laboratory_has_signed_the_text_changes_by_amendment_only():
    text = publish_text(source=MODEL, by=depositary(), at=NOON)
    party(laboratory("aster"), under=text, ratified_at=None, bound_at=None)
    with pytest.raises(TextRefused, match="amendment"):
        publish_text(source=SECOND, by=depositary(), at=NOON)
    assert len(recorded()) == 1


def test_the_text_in_force_goes_before_a_newer_one_that_is_not():
    by = depositary()
    first = publish_text(source=MODEL, by=by, at=NOON)
    publish_text(source=SECOND, by=by, at=NOON)
    TreatyText.objects.filter(pk=first.pk).update(in_force_at=NOON)
    assert text_at(NOON).version == 1


def test_without_a_text_there_are_no_rules():
    assert text_at(NOON) is None
    with pytest.raises(NoText):
        rules_at(NOON)


def test_an_indicator_is_described_by_the_text():
    publish_text(source=quick_text(), by=depositary(), at=NOON)
    rule = indicator_rule("research_compute", NOON)
    assert (rule.unit, rule.about, rule.parts) == ("FLOP", "lab", frozenset({"automated_research_compute"}))
    assert indicator_rule("automated_research_compute", NOON).part_of == "research_compute"
    with pytest.raises(UnknownIndicator, match="has no indicator 'nothing'"):
        indicator_rule("nothing", NOON)


def test_the_rules_are_parsed_once_for_a_hash(django_assert_num_queries):
    text = publish_text(source=MODEL, by=depositary(), at=NOON)
    rules_at(NOON)
    with django_assert_num_queries(2):  # in force? else published
        rules_at(NOON)
    assert lines(text.sha256)["withdrawal.notice"] > 1
