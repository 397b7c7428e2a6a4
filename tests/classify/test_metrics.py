import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from reverse_search.classify.metrics import average_precision, expected_calibration_error


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.50001, 0.9, 1.0]), st.booleans()), min_size=1, max_size=30))
def test_average_precision_is_scikit_learns_ties_included(items: list[tuple[float, bool]]) -> None:
    assume(any(relevant for _, relevant in items))
    scores, relevant = np.array([s for s, _ in items]), np.array([r for _, r in items])
    assert average_precision(scores, relevant) == pytest.approx(average_precision_score(relevant, scores))


def test_average_precision_without_a_relevant_item_is_not_a_number() -> None:
    assert np.isnan(average_precision(np.array([0.3, 0.2]), np.zeros(2, dtype=np.bool_)))
    assert np.isnan(average_precision(np.zeros(0), np.zeros(0, dtype=np.bool_)))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.integers(1, 20))
def test_calibration_error_is_its_definition(items: list[tuple[float, bool]], bins: int) -> None:
    p, correct = np.array([q for q, _ in items]), np.array([c for _, c in items])
    expected = 0.0
    which = np.minimum((p * bins).astype(int), bins - 1)
    for b in range(bins):
        inside = which == b
        if inside.any():
            expected += inside.mean() * abs(p[inside].mean() - correct[inside].mean())
    assert expected_calibration_error(p, correct, bins) == pytest.approx(expected, abs=1e-9)


def test_a_calibrated_forecast_has_a_small_error_and_a_boastful_one_a_large() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1, 50_000)
    correct = rng.uniform(size=len(p)) < p
    assert expected_calibration_error(p, correct) < 0.015
    assert expected_calibration_error(np.ones(len(p)), correct) == pytest.approx(1 - correct.mean())
    assert np.isnan(expected_calibration_error(p[:0], correct[:0]))
