import json
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from inspections.rules.balance import Periods, RelativeError, balance, cholesky, pages_test, threshold

TOLERANCE = 1e-9
quantities = st.floats(1, 1e6)


def periods(case):
    return Periods(
        tuple(case["input"]),
        tuple(case["output"]),
        tuple(case["inventory"]),
        {stratum: RelativeError(*pair) for stratum, pair in case["err"].items()},
    )


def close(found, expected):
    return len(found) == len(expected) and all(
        isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for one, other in zip(found, expected, strict=True)
    )


def test_the_published_vectors_are_met(data_dir):
    cases = json.loads((data_dir / "material_balance" / "mb_vectors.json").read_text())["cases"]
    assert len(cases) == 12
    for case in cases:
        found, expected = balance(periods(case)), case["expected"]
        assert close(found.muf, expected["muf"]), case["id"]
        assert close(found.cumuf, expected["cumuf"]), case["id"]
        assert close(found.sigma_muf, expected["sigma_muf_full"]), case["id"]
        assert close(found.sigma_cumuf, expected["sigma_cumuf"]), case["id"]
        assert close(found.sitmuf, expected["sitmuf"]), case["id"]
        assert close(found.page, expected["page_k0.5"]), case["id"]
        assert all(close(row, wanted) for row, wanted in zip(found.cov, expected["cov"], strict=True)), case["id"]


ONE = {
    "input": [100.0],
    "output": [60.0],
    "inventory": [50.0, 85.0],
    "err": {"input": (0.01, 0), "output": (0.01, 0), "inventory": (0.01, 0)},
}


def test_what_is_missing_is_input_less_output_less_growth():
    assert balance(periods(ONE)).muf == (5.0,)


@given(st.lists(st.tuples(quantities, quantities, quantities), min_size=1, max_size=6), quantities)
def test_the_cumulated_sum_telescopes_to_first_and_last_inventory(rows, beginning):
    inputs, outputs, inventory = zip(*rows, strict=True)
    error = RelativeError(0.01, 0.005)
    found = balance(
        Periods(inputs, outputs, (beginning, *inventory), dict.fromkeys(("input", "output", "inventory"), error))
    )
    assert isclose(found.cumuf[-1], sum(inputs) - sum(outputs) - inventory[-1] + beginning, rel_tol=1e-9, abs_tol=1e-4)


@given(st.lists(st.lists(st.floats(-9, 9), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_triangle_multiplied_by_itself_is_the_matrix(rows):
    matrix = tuple(
        tuple(
            sum(a * b for a, b in zip(row, other, strict=True)) + (5.0 if i == j else 0.0)
            for j, other in enumerate(rows)
        )
        for i, row in enumerate(rows)
    )
    lower = cholesky(matrix)
    for i in range(4):
        for j in range(4):
            assert isclose(
                sum(lower[i][m] * lower[j][m] for m in range(min(i, j) + 1)), matrix[i][j], rel_tol=1e-9, abs_tol=1e-7
            )


@given(st.lists(st.floats(-5, 5), min_size=1), st.floats(0, 2))
def test_pages_statistic_is_never_negative(sequence, k):
    assert min(pages_test(sequence, k)) >= 0


def test_lengths_that_do_not_fit_and_measurements_without_error_are_refused():
    with pytest.raises(Malformed, match="one inventory more"):
        periods({**ONE, "inventory": [50.0]})
    with pytest.raises(Malformed, match="without uncertainty"):
        balance(periods({**ONE, "err": dict.fromkeys(ONE["err"], (0, 0))}))


def test_a_five_per_cent_false_alarm_is_1_645_standard_deviations():
    assert isclose(threshold(0.05), 1.6448536269514722)
