import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from reverse_search.classify.calibrate import fit_temperature, minimise, negative_log_likelihood
from reverse_search.domain.arrays import FloatArray, IntArray


def softmax(logits: FloatArray) -> FloatArray:
    return np.asarray(log_softmax(logits, axis=1), dtype=np.float32)


def drawn(seed: int, n: int, temperature: float) -> tuple[FloatArray, IntArray]:
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 2, (n, 5))
    labels = (true + rng.gumbel(size=true.shape)).argmax(axis=1)
    return (true * temperature).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 2.5, 6.0])
def test_a_known_temperature_is_recovered(temperature: float) -> None:
    logits, labels = drawn(3, 8000, temperature)
    assert fit_temperature(logits, labels, softmax) == pytest.approx(temperature, rel=0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.4, 3))
def test_agrees_with_scipys_bounded_search(seed: int, temperature: float) -> None:
    logits, labels = drawn(seed, 200, temperature)

    def loss(log_t: float) -> float:
        return negative_log_likelihood(softmax((logits / np.exp(log_t)).astype(np.float32)), labels)

    reference = minimize_scalar(loss, bounds=(-np.log(8), np.log(8)), method="bounded")
    ours = fit_temperature(logits, labels, softmax)
    assert 1 / 8 <= ours <= 8
    assert loss(np.log(ours)) <= reference.fun + 1e-5


def test_labels_that_the_head_lacks_are_passed_over() -> None:
    logits, labels = drawn(0, 500, 2.0)
    hidden = labels.copy()
    hidden[::2] = -1
    assert fit_temperature(logits, hidden, softmax) == pytest.approx(
        fit_temperature(logits[1::2], labels[1::2], softmax), rel=1e-3
    )
    assert fit_temperature(logits, np.full(500, -1, dtype=np.int64), softmax) == 1
    assert negative_log_likelihood(logits, np.full(500, -1, dtype=np.int64)) == 0


@given(st.floats(-4, 4), st.floats(0.1, 10))
def test_minimise_finds_the_bottom_of_a_parabola(bottom: float, width: float) -> None:
    assert minimise(lambda x: width * (x - bottom) ** 2, -5, 5) == pytest.approx(bottom, abs=1e-3)
