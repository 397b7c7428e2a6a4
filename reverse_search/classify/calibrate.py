"""Temperature scaling (Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017)."""

from collections.abc import Callable

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray

GOLDEN = (5**0.5 - 1) / 2


def minimise(objective: Callable[[float], float], low: float, high: float, tolerance: float = 1e-3) -> float:
    """Golden-section search for the minimum of a unimodal function on [low, high]."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = objective(left), objective(right)
    while high - low > tolerance:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = objective(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = objective(right)
    return (low + high) / 2


def negative_log_likelihood(log_probabilities: FloatArray, labels: IntArray) -> float:
    """Mean −log P(label); a label of −1 (a leaf the head lacks) is passed over."""
    known = labels >= 0
    if not known.any():
        return 0.0
    return float(-log_probabilities[known, labels[known]].astype(np.float64).mean())


def fit_temperature(
    logits: FloatArray, labels: IntArray, to_log_probabilities: Callable[[FloatArray], FloatArray]
) -> float:
    """The temperature that minimises the held-out negative log-likelihood, between 1/8 and 8.

    Args:
        logits: (n, n_leaves) float32, untempered.
        labels: leaf index of each row that `to_log_probabilities` returns, -1 to pass over.
        to_log_probabilities: from tempered logits to what is scored (softmax, or softmax and pooling).
    """
    if not (labels >= 0).any():
        return 1.0

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(to_log_probabilities(logits / np.float32(np.exp(log_temperature))), labels)

    return float(np.exp(minimise(loss, -np.log(8), np.log(8))))
