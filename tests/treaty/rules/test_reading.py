import pytest

from tests.texts import model_text, quick_text
from treaty.rules.reading import LARGEST, TextInvalid, field_lines, json_schema, read_text, read_yaml
from treaty.rules.text import Text

MODEL = model_text().decode()


def refused(source: str | bytes) -> list[str]:
    with pytest.raises(TextInvalid) as caught:
        read_text(source if isinstance(source, bytes) else source.encode())
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> tuple[str, int]:
    """The model text with one place changed, and the line of that place."""
    assert MODEL.count(old) == 1, f"{MODEL.count(old)} places"
    return MODEL.replace(old, new), MODEL[: MODEL.index(old)].count("\n") + 1


def test_the_model_treaty_is_valid():
    text = read_text(model_text())
    assert (text.title, text.version, len(text.articles), len(text.labs), len(text.bodies)) == (
        "Model Treaty on a Verifiable Pause in Frontier AI Development",
        1,
        28,
        8,
        3,
    )


def test_the_quick_text_is_valid_and_differs_in_lengths_only():
    quick, model = read_text(quick_text(period="2 min")), read_text(model_text())
    assert str(quick.profiles["resumption"].period) == "2 min"
    assert str(quick.entry_into_force.delay) == "0 min"
    assert quick.triggers == model.triggers
    assert quick.monitoring.evidence_validity == model.monitoring.evidence_validity


def test_a_misspelt_field_is_named_with_its_line_and_the_name_that_was_meant():
    source, line = changed("  initial_due: 45 d", "  inital_due: 45 d")
    assert refused(source) == [
        f"line {line - 1}, declarations.initial_due: this field is missing",
        f"line {line}, declarations.inital_due: there is no such field: did you mean 'initial_due'?",
    ]


def test_a_misspelt_field_inside_a_condition_is_named_with_the_name_that_was_meant():
    source, line = changed('        value: "0.8"\n        sustained_for', '        value: "0.8"\n        sustaind_for')
    assert refused(source) == [
        f"line {line + 1}, triggers.research_share.condition.of.sustaind_for: there is no such field: did you mean 'sustained_for'?"
    ]


def test_a_share_of_three_halves_is_refused_at_its_line():
    source, line = changed(
        '        threshold: {share: "2/3", base: entitled}\n    notice: 0 h\n    period: 24 h',
        '        threshold: {share: "3/2", base: entitled}\n    notice: 0 h\n    period: 24 h',
    )
    assert refused(source) == [
        f"line {line}, profiles.emergency_pause.electorates.0.threshold.share: 3/2 is not a share: it lies between 0 and 1"
    ]


def test_a_vote_profile_that_does_not_exist_is_refused_at_its_line():
    source, line = changed("  resume: resumption", "  resume: resumptoin")
    assert refused(source) == [f"line {line}, decisions.resume: there is no vote profile 'resumptoin'"]


def test_a_decision_that_does_not_exist_is_refused_at_its_line():
    source, line = changed("    opens: start_pause_emergency", "    opens: start_pause_at_once")
    assert refused(source) == [f"line {line}, triggers.security.opens: there is no decision 'start_pause_at_once'"]


def test_an_unknown_indicator_in_a_condition_is_refused_at_its_line():
    source, line = changed("      indicator: time_horizon", "      indicator: time_horzon")
    assert refused(source) == [
        f"line {line}, triggers.horizon.condition.indicator: there is no indicator 'time_horzon'"
    ]


def test_an_article_that_governs_nothing_is_refused():
    source, line = changed("    governs: [open_weights]", "    governs: [open_waits]")
    assert refused(source) == [f"line {line}, articles.22.governs.0: the document has nothing at 'open_waits'"]


def test_a_reference_to_no_number_is_refused():
    source, _ = changed("ahead and marked as a drill", "ahead, as {drills.title} says, and marked as a drill")
    assert [problem.split(": ", 1)[1] for problem in refused(source)] == [
        "the document has no number at 'drills.title'"
    ]


def test_a_kind_of_condition_that_does_not_exist_is_refused():
    source, line = changed(
        "    condition: {kind: determined, criterion: stand_downs_verified, undisputed: true}",
        "    condition: {kind: decided}",
    )
    [problem] = refused(source)
    assert problem.startswith(f"line {line}, resumption.criteria.stand_downs_verified.condition")
    assert "say which kind it is" in problem


def test_every_problem_is_listed_in_the_order_of_the_lines():
    source = MODEL.replace("  initial_due: 45 d", "  initial_due: 45 days").replace(
        "  longest: 84 h", "  longest: long"
    )
    problems = refused(source.replace("language: en", "language: fr"))
    assert [problem.split(": ")[0].split(", ")[1] for problem in problems] == [
        "language",
        "declarations.initial_due",
        "monitoring.challenge.longest",
    ]


def test_a_key_that_appears_twice_is_refused():
    source, line = changed("  change_within: 5 d", "  change_within: 5 d\n  change_within: 6 d")
    assert refused(source) == [
        f"line {line + 1}, declarations.change_within: the key 'change_within' appears twice (first on line {line})"
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("a: &x [1]\nb: *x\n", "line 1, a: anchors and aliases are not allowed: write it out"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "line 1, a: anchors and aliases are not allowed: write it out"),
        ("a: *x\n", "line 1, a: anchors and aliases are not allowed: write it out"),
        (
            "a: !!python/object:os.system x\n",
            "line 1, a: the tag 'tag:yaml.org,2002:python/object:os.system' is not allowed",
        ),
        ("a: !!float 1.5\n", "line 1, a: the tag 'tag:yaml.org,2002:float' is not allowed"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document begins here: a text is one document"),
        ("? [a, b]\n: 1\n", "line 1: a key is plain text"),
        ("a:\n\tb: 1\n", "line 2: a tab stands in the indentation: indent with spaces"),
        ("a: [1, 2\nb: 3\n", "line 2: this is not YAML: did not find expected ',' or ']'"),
        ("a: 12345678901234567\n", "line 1, a: an integer has at most 15 digits: write a longer number in quotes"),
        ("", "line 1: the document is empty"),
        ("# nothing\n", "line 1: the document is empty"),
        (b"title: \xff\n", "line 1: this is not UTF-8"),
        (b"a: 1\nb: \x00\n", "line 1: this is not YAML: "),
    ],
)
def test_what_has_no_single_meaning_is_refused(source, problem):
    [found] = refused(source)
    assert found.startswith(problem)


def test_a_document_that_is_no_mapping_is_refused():
    assert refused("- 1\n- 2\n")[0].startswith("line 1: ")


def test_a_document_of_five_megabytes_is_refused_before_it_is_read():
    assert refused(b"a: " + b"x" * 5_000_000) == [f"line 1: the document has 5,000,003 bytes; {LARGEST:,} are allowed"]


@pytest.mark.parametrize(
    "source",
    ["[" * 100_000, '{"a":' * 100_000, "- " * 100_000, "a:\n" + "".join(" " * n + "b:\n" for n in range(1, 1000))],
)
def test_a_document_nested_without_end_is_refused(source):
    [problem] = refused(source)
    assert "nested" in problem or "not YAML" in problem


def test_plain_scalars_keep_their_digits():
    marked = read_yaml(
        b"a: 0.8\nb: 1e24\nc: 2026-11-22\nd: no\ne: 12:30\nf: 0x10\ng: 42\nh: true\ni: null\nj: -7\nk: '5'\n"
    )
    assert marked.value == {
        "a": "0.8", "b": "1e24", "c": "2026-11-22", "d": "no", "e": "12:30", "f": "0x10", "g": 42, "h": True, "i": None, "j": -7, "k": "5",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e308", "1" * 41])
def test_a_quantity_that_is_no_quantity_is_refused(number):
    source, line = changed('  strict_flop: "1e24"', f'  strict_flop: "{number}"')
    [problem] = refused(source)
    assert problem.startswith(f"line {line}, covered.strict_flop: ")


def test_an_integer_is_not_taken_from_words_or_truth():
    for wrong in ("true", '"5"', "5.0"):
        source, line = changed("  ratifications: 5", f"  ratifications: {wrong}")
        [problem] = refused(source)
        assert problem.startswith(f"line {line}, entry_into_force.ratifications: ")


def test_more_ratifications_than_laboratories_are_refused():
    source, line = changed("  ratifications: 5", "  ratifications: 9")
    assert refused(source) == [f"line {line}, entry_into_force.ratifications: Annex 1 names 8 laboratories only"]


def test_a_layer_without_validity_of_its_evidence_is_refused():
    source, _ = changed("    power: 14 d\n", "")
    assert "monitoring.evidence_validity: 'power' is missing or is no verification layer" in refused(source)[0]


def test_the_line_of_every_field_is_known():
    lines = field_lines(model_text())
    rows = MODEL.splitlines()
    assert rows[lines["declarations.initial_due"] - 1].strip() == "initial_due: 45 d"
    assert rows[lines["profiles.resumption.electorates.1.threshold.share"] - 1].strip().startswith("threshold:")


def test_the_schema_is_published_for_every_field():
    schema = json_schema(Text)
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(Text.model_fields)
    assert set(Text.model_fields) - set(schema["required"]) == {"delegation"}
    assert schema["$defs"]["Length"]["pattern"].startswith("^(0|")


def test_a_text_is_frozen():
    text = read_text(model_text())
    with pytest.raises(ValueError, match="frozen"):
        text.version = 2
