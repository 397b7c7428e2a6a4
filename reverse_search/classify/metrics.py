"""Measures of ranking and calibration."""

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray


def average_precision(scores: AnyArray, relevant: BoolArray) -> float:
    """Mean of the precision at each relevant item, best score first; NaN without a relevant item.

    Ties share the precision at the end of their tie, as in scikit-learn's `average_precision_score`.
    """
    if not relevant.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(relevant[order])
    last_of_tie = np.r_[np.flatnonzero(np.diff(scores[order])), len(order) - 1]
    precision = hits[last_of_tie] / (last_of_tie + 1)
    gained = np.diff(np.r_[0, hits[last_of_tie]])
    return float((precision * gained).sum() / hits[-1])


def expected_calibration_error(probabilities: AnyArray, correct: BoolArray, bins: int = 15) -> float:
    """Mean |confidence − accuracy| over equal-width bins, weighted by their size (Guo et al., ICML 2017)."""
    if not len(probabilities):
        return float("nan")
    which = np.minimum((np.asarray(probabilities) * bins).astype(np.int64), bins - 1)
    counts = np.bincount(which, minlength=bins)
    confidence = np.bincount(which, weights=probabilities, minlength=bins)
    accuracy = np.bincount(which, weights=correct.astype(np.float64), minlength=bins)
    return float(np.abs(confidence - accuracy).sum() / counts.sum())
