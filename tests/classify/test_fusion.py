import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from reverse_search.classify.fusion import RIDGE, Fusion, fit_fusion, sigmoid
from reverse_search.domain.arrays import BoolArray, DoubleArray

NAMES = ("a", "b", "c")


def drawn(seed: int, n: int = 300) -> tuple[DoubleArray, BoolArray, DoubleArray]:
    rng = np.random.default_rng(seed)
    x = rng.normal([1, -50, 0.01], [1, 20, 0.003], (n, 3))
    z = 0.8 * (x[:, 0] - 1) - 0.05 * (x[:, 1] + 50) + 200 * (x[:, 2] - 0.01) - 0.3
    y: BoolArray = rng.uniform(size=n) < expit(z)
    y[:2] = [True, False]
    return x, y, rng.integers(1, 4, n).astype(np.float64)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_scikit_learn_under_the_same_penalty(seed: int) -> None:
    x, y, w = drawn(seed)
    mean = np.average(x, axis=0, weights=w)
    spread = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=w))
    reference = LogisticRegression(C=1 / RIDGE, tol=1e-10, max_iter=5000)
    reference.fit((x - mean) / spread, y, sample_weight=w)
    fused = fit_fusion(x, y, w, NAMES)
    np.testing.assert_allclose(np.array(fused.coefficients) * spread, reference.coef_[0], rtol=1e-3, atol=1e-4)
    expected = reference.predict_proba((x - mean) / spread)[:, 1]
    np.testing.assert_allclose(fused.probability(x), expected, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_weight_is_a_repetition(seed: int) -> None:
    x, y, w = drawn(seed, 80)
    times = w.astype(np.int64)
    repeated = fit_fusion(np.repeat(x, times, axis=0), np.repeat(y, times), np.ones(times.sum()), NAMES)
    weighted = fit_fusion(x, y, w, NAMES)
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-5, atol=1e-8)
    assert weighted.intercept == pytest.approx(repeated.intercept, rel=1e-5, abs=1e-7)


def test_separable_data_stay_finite_and_sorted() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    fused = fit_fusion(x, x[:, 0] > 0, np.ones(40), ("a",))
    assert np.isfinite([*fused.coefficients, fused.intercept]).all()
    p = fused.probability(x)
    assert (np.diff(p) > 0).all()
    assert p[0] < 0.01
    assert p[-1] > 0.99


def test_only_positives_and_constant_features_stay_finite() -> None:
    fused = fit_fusion(np.full((10, 2), 3.0), np.ones(10), np.ones(10), ("a", "b"))
    assert np.isfinite([*fused.coefficients, fused.intercept]).all()
    assert (fused.probability(np.full((1, 2), 3.0)) > 0.99).all()


def test_log_odds_are_the_plain_linear_form() -> None:
    fused = Fusion(("a", "b"), (2.0, -1.0), 0.5)
    assert fused.log_odds(np.array([[1, 3], [0, 0]])).tolist() == [-0.5, 0.5]
    np.testing.assert_allclose(fused.probability(np.array([[0, 0.5]])), [0.5])


@given(st.floats(-1e6, 1e6))
def test_sigmoid_never_overflows(value: float) -> None:
    assert float(sigmoid(np.array(value))) == pytest.approx(float(expit(value)), abs=1e-15)
