import json

import pytest

from treaty.rules.ballot_files import FilesInvalid, key_of, read_files
from verifier.cli import main
from verifier.tally import read_profile, ready

SECURITY_COUNCIL = "China,yes France,yes Russia,yes United Kingdom,yes United States,yes A,yes B,yes C,yes D,yes E,no F,no G,no H,abstain I,abstain J,abstain"
EU = {"Germany": 84, "France": 68, "Italy": 59, "Spain": 48, "Poland": 38} | {f"Small {n}": 7 for n in range(22)}


def lines(text, header="member,choice"):
    return (
        header
        + "\n"
        + text.replace(" ", "\n")
        .replace("United\nKingdom", "United Kingdom")
        .replace("United\nStates", "United States")
    )


@pytest.fixture
def count(tmp_path, capsys):
    def run(profile, ballots, roll=None, *more):
        (tmp_path / "b.csv").write_text(ballots, encoding="utf-8")
        given = ["tally", "--profile", str(profile), "--ballots", str(tmp_path / "b.csv"), "--json", *more]
        if roll is not None:
            (tmp_path / "r.csv").write_text(roll, encoding="utf-8")
            given += ["--roll", str(tmp_path / "r.csv")]
        code = main(given)
        captured = capsys.readouterr()
        return json.loads(captured.out) if code == 0 else (code, captured.err)

    return run


def outcome(answer):
    return answer["outcome"], answer["reason"]


def test_every_ready_profile_can_be_read_with_and_without_its_ending():
    assert len(ready()) >= 11
    for name in ready():
        assert read_profile(name).source
        assert read_profile(f"{name}.yaml") == read_profile(name)


@pytest.mark.parametrize(
    ("profile", "change", "expected"),
    [
        ("security-council-substantive", {}, ("adopted", "threshold_met")),
        ("security-council-substantive", {"France,yes": "France,no", "E,no": "E,yes"}, ("rejected", "veto")),
        (
            "security-council-substantive",
            {"France,yes": "France,abstain", "E,no": "E,yes"},
            ("adopted", "threshold_met"),
        ),
        (
            "security-council-substantive",
            {"France,yes": "France,absent", "E,no": "E,yes"},
            ("adopted", "threshold_met"),
        ),
        ("security-council-substantive", {"A,yes": "A,no"}, ("rejected", "threshold")),
        ("security-council-procedural", {"France,yes": "France,no", "E,no": "E,yes"}, ("adopted", "threshold_met")),
    ],
)
def test_the_security_council(count, profile, change, expected):
    text = SECURITY_COUNCIL
    for old, new in change.items():
        text = text.replace(old, new)
    assert outcome(count(profile, lines(text))) == expected


def eu(*against):
    return "member,choice,weight\n" + "".join(
        f"{name},{'no' if name in against else 'yes'},{size}\n" for name, size in EU.items()
    )


def test_three_large_states_cannot_block_the_council_and_four_can(count):
    rule = "eu-council-qualified-majority"
    assert sum(EU[name] for name in ("Germany", "France", "Italy")) > sum(EU.values()) * 35 / 100
    assert outcome(count(rule, eu("Germany", "France", "Italy"))) == ("adopted", "no_blocking_minority")
    assert outcome(count(rule, eu("Germany", "France", "Italy", "Small 1"))) == ("rejected", "class")
    assert outcome(count(rule, eu(*[f"Small {n}" for n in range(13)]))) == ("rejected", "class")


def swiss(yes, no, cantons):
    return f"member,choice,weight\npeople,yes,{yes}\npeople,no,{no}\n" + "".join(
        f"{canton},{said},\n" for canton, said in cantons
    )


def test_half_cantons_count_half_and_a_tie_of_cantons_rejects(count):
    halves = [("ow", "yes"), ("nw", "yes"), ("zh", "no")]
    answer = count("swiss-double-majority", swiss(60, 40, halves))
    assert outcome(answer) == ("rejected", "tie")
    assert answer["classes"][1]["consent"] == "1"
    assert outcome(count("swiss-double-majority", swiss(60, 40, [*halves, ("be", "yes")]))) == (
        "adopted",
        "threshold_met",
    )
    assert outcome(count("swiss-double-majority", swiss(40, 60, [("be", "yes")]))) == ("rejected", "class")


def council(seats, yes, no=0, recused=0):
    said = ["yes"] * yes + ["no"] * no + ["recused"] * recused
    return "member,choice\n" + "".join(
        f"m{n},{word}\n" for n, word in enumerate(said + ["absent"] * (seats - len(said)))
    )


@pytest.mark.parametrize(
    ("yes", "recused", "expected"), [(31, 0, "adopted"), (30, 0, "rejected"), (30, 2, "adopted"), (29, 2, "rejected")]
)
def test_the_red_light_needs_three_quarters_of_all_who_are_not_recused(count, yes, recused, expected):
    assert count("cwc-red-light", council(41, yes, recused=recused))["outcome"] == expected


def test_seats_that_the_file_leaves_out_are_silent_and_still_count(count):
    answer = count("cwc-red-light", council(31, 30))
    assert answer["outcome"] == "rejected"
    assert answer["seats_not_listed"] == {"council": 10}


@pytest.mark.parametrize(
    ("yes", "recused", "expected"), [(30, 0, "adopted"), (29, 0, "rejected"), (29, 20, "rejected")]
)
def test_thirty_of_fifty_one_does_not_shrink_with_recusal(count, yes, recused, expected):
    assert count("ctbt-30-of-51", council(51, yes, recused=recused))["outcome"] == expected


@pytest.mark.parametrize(
    ("profile", "text", "expected"),
    [
        ("simple-majority", "a,yes b,yes c,no d,abstain", ("adopted", "threshold_met")),
        ("simple-majority", "a,yes b,no", ("rejected", "tie")),
        ("simple-majority", "a,abstain b,abstain", ("rejected", "threshold")),
        ("two-thirds-of-valid", "a,yes b,yes c,no", ("adopted", "threshold_met")),
        ("general-assembly-important-question", "a,yes b,yes c,yes d,no e,no", ("rejected", "threshold")),
        ("unanimity", "a,yes b,consent", ("adopted", "threshold_met")),
        ("unanimity", "a,yes b,absent", ("rejected", "threshold")),
        ("silence", "a,no b,absent c,absent", ("adopted", "silence")),
        ("silence", "a,no b,object c,absent", ("rejected", "threshold")),
        ("silence", "a,recused", ("rejected", "all_recused")),
        ("simple-majority", "", ("rejected", "nobody_entitled")),
    ],
)
def test_the_other_ready_profiles(count, profile, text, expected):
    assert outcome(count(profile, lines(text))) == expected


def test_ballots_before_an_instant_only(count):
    text = "member,choice,at\na,yes,2026-11-22T10:00:00Z\nb,no,2026-11-22T11:00:00Z\na,no,2026-11-22T12:00:00Z\n"
    assert count("simple-majority", text, None, "--at", "2026-11-22T11:00:00Z")["outcome"] == "adopted"
    answer = count("simple-majority", text)
    assert answer["classes"][0]["objections"] == 2


def test_a_roll_gives_weights_classes_and_recusals(count):
    roll = "member,weight,recused\na,3,\nb,1/2,\nc,9,yes\n"
    answer = count("simple-majority", "member,choice\na,yes\nb,no\n", roll)
    assert answer["classes"][0]["entitled"] == "7/2"
    assert answer["classes"][0]["recused"] == "9"


def refusals(profile, ballots, roll=None):
    with pytest.raises(FilesInvalid) as refused:
        read_files(read_profile(profile), ballots.encode(), roll.encode() if roll else None)
    return refused.value.detail


@pytest.mark.parametrize(
    ("ballots", "roll", "words"),
    [
        ("member,choice\na,yes\nb,no\na,no\n", None, "ballots, line 4: a stands on line 2 already"),
        ("member,choice\na,yes\nÁ,no\n", None, "line 3: Á stands on line 2 already"),
        ("member,choice\nz,yes\n", "member\na\n", "ballots, line 2: z is off the roll"),
        ("member,choice\na,yes\n", "member\na\na\n", "roll, line 3: a stands on line 2 already"),
        ("member,choice\na,yes\n", "member,recused\na,yes\n", "line 2: a is recused on the roll and does not vote"),
        ("member,choice,weight\na,yes,5\n", "member,weight\na,3\n", "line 2: a weighs 3, not 5"),
        ("member,choice,weight\na,yes,-1\n", None, "line 2: '-1' is no weight"),
        ("member,choice,weight\na,yes,1e999999999\n", None, "is no weight"),
        ("member,choice,weight\na,yes,0\n", None, "line 2: '0' is no weight"),
        ("member,choice\na,maybe\n", None, "line 2: 'maybe' is no choice"),
        ("member,choice\n,yes\n", None, "line 2: the member is missing"),
        ("member,choice,at\na,yes,yesterday\n", None, "line 2: 'yesterday' is not an instant"),
        ("member,choice\na,yes,extra\n", None, "line 2: it has 3 columns"),
        ("member\na\n", None, "line 1: the column choice is missing"),
        ("member,choice,colour\na,yes,red\n", None, "line 1: there is no column 'colour'"),
        ("", None, "line 1: the column member is missing"),
    ],
)
def test_contradictions_are_named_with_their_line(ballots, roll, words):
    assert words in refusals("simple-majority", ballots, roll)


@pytest.mark.parametrize(
    ("profile", "ballots", "roll", "words"),
    [
        (
            "swiss-double-majority",
            swiss(60, 50, [("zh", "yes")]),
            "member,weight\npeople,100\nzh,1\n",
            "line 3: an impossible count: 110 votes of 100",
        ),
        ("swiss-double-majority", "member,choice,weight\nnw,yes,1\n", None, "line 2: nw weighs 0.5, not 1"),
        ("swiss-double-majority", "member,choice\nxx,yes\n", None, "line 2: xx is off the roll"),
        (
            "security-council-procedural",
            council(16, 16),
            None,
            "an impossible count: 16 members in members, which has 15 seats",
        ),
        ("cwc-red-light", "member,choice,weight\na,yes,2\n", None, "line 2: a weighs 1, not 2"),
    ],
)
def test_what_the_rule_cannot_hold_is_an_error(profile, ballots, roll, words):
    assert words in refusals(profile, ballots, roll)


def test_all_contradictions_are_listed_at_once():
    found = refusals("simple-majority", "member,choice\na,yes\na,no\nb,maybe\nc,perhaps\n")
    assert found.count("is no choice") == 2


def test_a_broken_profile_is_refused_with_line_and_field(count, tmp_path):
    broken = tmp_path / "p.yaml"
    broken.write_text(
        'title: T\nelectorates:\n  - name: m\n    members: roll\n    threshold: {share: "3/2"}\nnotice: 0 h\nperiod: 1 h\ntimelock: 0 h\nsource: S\n'
    )
    code, words = count(broken, "member,choice\na,yes\n")
    assert code == 65
    assert "line 5, electorates.0.threshold.share" in words


def test_a_file_that_is_not_there_is_refused(count):
    code, words = count("no-such-profile", "member,choice\na,yes\n")
    assert code == 65
    assert "no-such-profile" in words


def test_people_read_the_formula(tmp_path, capsys):
    (tmp_path / "b.csv").write_text(council(41, 30))
    assert main(["tally", "--profile", "cwc-red-light", "--ballots", str(tmp_path / "b.csv")]) == 0
    assert "30 < 3/4 × 41 entitled = 30.75" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "key"), [("United Kingdom", "united-kingdom"), (" Côte d’Ivoire ", "cote-d-ivoire"), ("中国", "中国")]
)
def test_names_become_keys(name, key):
    assert key_of(name) == key


def test_twenty_thousand_weighted_ballots_are_counted_exactly():
    from treaty.rules.votes import tally

    rows = "".join(f"m{n},{'yes' if n % 3 else 'no'},{n % 7 + 1}/2\n" for n in range(20_000))
    read = read_files(read_profile("simple-majority"), f"member,choice,weight\n{rows}".encode())
    counted = tally(read_profile("simple-majority"), read.roll, read.ballots)
    assert counted.counts[0].entitled * 2 == sum(n % 7 + 1 for n in range(20_000))


def test_a_delegate_s_ballot_counts_for_whoever_casts_none(count):
    roll = "member,delegate\nAlba,Bora\nBora,\nCima,Bora\nDora,"
    answer = count("simple-majority", lines("Bora,yes Cima,no"), roll)
    [one] = answer["classes"]
    assert (one["consents"], one["objections"], one["delegated"]) == (2, 1, 1)
    assert outcome(answer)[0] == "adopted"


@pytest.mark.parametrize(
    "roll",
    [
        "member,delegate\nBora,Bora\nCima,",
        "member,delegate\nBora,Nobody\nCima,",
        "member,delegate,recused\nBora,Cima,\nCima,,yes",
        "member,delegate,recused\nBora,Cima,yes\nCima,,",
    ],
)
def test_a_delegate_that_cannot_vote_for_the_member_is_an_error_with_its_line(count, roll):
    code, said = count("simple-majority", lines("Dora,yes"), roll)
    assert code == 65
    assert "r.csv, line 2: Bora cannot have" in said
