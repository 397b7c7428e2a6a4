"""Logistic fusion of what is known about (observation, X) into the P(o is X) that is shown and sorted by."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, DoubleArray

RIDGE = 1e-2
"""Weight of the penalty on standardised coefficients, in observations: enough to keep separable data finite."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """P = sigmoid(intercept + features · coefficients).

    Attributes:
        names: what the features are, in order.
        coefficients: one for each feature.
        intercept: the log odds at all-zero features.
    """

    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def log_odds(self, features: AnyArray) -> DoubleArray:
        """(n, n_features) → (n,) float64."""
        return np.asarray(np.asarray(features, dtype=np.float64) @ np.array(self.coefficients) + self.intercept)

    def probability(self, features: AnyArray) -> DoubleArray:
        """(n, n_features) → (n,) float64 in (0, 1)."""
        return sigmoid(self.log_odds(features))


def sigmoid(values: AnyArray) -> DoubleArray:
    """1 / (1 + exp(−x)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -np.asarray(values, dtype=np.float64))))


def fit_fusion(
    features: AnyArray, positive: AnyArray, weights: AnyArray, names: tuple[str, ...], max_iterations: int = 100
) -> Fusion:
    """Weighted ridge logistic regression by Newton's method with step halving, on standardised features.

    Args:
        features: (n, n_features).
        positive: (n,) truthy where o is X.
        weights: (n,) how many pairs each row stands for.
        names: names of the features.
        max_iterations: Newton steps at most.
    """
    x = np.asarray(features, dtype=np.float64)
    y, w = np.asarray(positive, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    mean = np.average(x, axis=0, weights=w)
    spread = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=w))
    spread[spread < 1e-9] = 1.0
    design = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    solution = _newton(design, y, w, max_iterations)
    coefficients = solution[1:] / spread
    return Fusion(names, tuple(map(float, coefficients)), float(solution[0] - coefficients @ mean))


def _newton(design: DoubleArray, y: DoubleArray, w: DoubleArray, max_iterations: int) -> DoubleArray:
    penalty = np.diag([1e-9] + [RIDGE] * (design.shape[1] - 1))

    def loss(theta: DoubleArray) -> float:
        z = design @ theta
        return float(w @ (np.logaddexp(0, z) - y * z) + theta @ penalty @ theta / 2)

    theta = np.zeros(design.shape[1])
    current = loss(theta)
    for _ in range(max_iterations):
        p = sigmoid(design @ theta)
        gradient = design.T @ (w * (p - y)) + penalty @ theta
        hessian = (design * (w * p * (1 - p))[:, None]).T @ design + penalty + np.eye(len(theta)) * 1e-9
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (proposed := loss(theta - size * step)) > current and size > 1e-6:
            size /= 2
        theta = theta - size * step
        if current - proposed < 1e-10 * max(1.0, abs(current)):
            break
        current = proposed
    return theta
