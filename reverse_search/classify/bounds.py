"""How sure a measured error is."""

import numpy as np
from scipy.stats import beta

from reverse_search.domain.arrays import AnyArray, DoubleArray, IntArray


def clopper_pearson_upper(errors: float, trials: float, confidence: float = 0.95) -> float:
    """One-sided exact upper bound of a binomial proportion (Clopper and Pearson, Biometrika 1934).

    Fractional counts, as a design effect gives them, are interpolated by the beta quantile. No trials: 1.
    """
    if trials <= 0 or errors >= trials:
        return 1.0
    return float(beta.ppf(confidence, errors + 1, trials - errors))


def design_effect(errors: AnyArray, clusters: IntArray, weights: DoubleArray) -> float:
    """How many times the variance of a weighted error rate exceeds that of a simple sample, at least 1.

    The observers' linearised variance of the ratio over the binomial variance (Kish, Survey Sampling, 1965).
    """
    total = weights.sum()
    if total <= 0:
        return 1.0
    rate = float((weights * errors).sum() / total)
    effective = float(total**2 / (weights**2).sum())
    if rate <= 0 or rate >= 1:
        return max(1.0, len(weights) / effective)
    _, index = np.unique(clusters, return_inverse=True)
    residuals = np.bincount(index, weights=weights * (errors - rate))
    n_clusters = len(residuals)
    variance = float((residuals**2).sum() / total**2) * n_clusters / max(n_clusters - 1, 1)
    return max(1.0, variance / (rate * (1 - rate) / len(weights)))
