"""From photos to observations: probabilities are pooled in log space, and a photo that says nothing weighs little."""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.head import log_sum_exp
from reverse_search.domain.arrays import FloatArray, IntArray

EVIDENCE_EXPONENT = 0.5
"""n photos of one organism count as n ** 0.5 independent ones: they repeat each other more than they add."""
LEAST_CONFIDENCE = 0.02


@dataclass(frozen=True, eq=False)
class Pooled:
    """Scores of observations.

    Attributes:
        log_probabilities: (n_observations, n_leaves) float32, normalised over the leaves.
        photo_weights: (n_photos,) float32, the weight of each photo's log-probabilities.
        log_partition: (n_observations,) float32. log P(leaf | o) = Σ weight · log P(leaf | photo) − log_partition,
            so that an exact score of a few leaves needs no others.
    """

    log_probabilities: FloatArray
    photo_weights: FloatArray
    log_partition: FloatArray


def photo_confidence(log_probabilities: FloatArray) -> FloatArray:
    """1 − entropy / log(n_leaves), floored: (n, n_leaves) → (n,) float32."""
    n_leaves = log_probabilities.shape[1]
    if n_leaves < 2:
        return np.ones(len(log_probabilities), dtype=np.float32)
    entropy = -(np.exp(log_probabilities) * np.maximum(log_probabilities, -80)).sum(axis=1)
    return np.asarray(np.maximum(1 - entropy / np.log(n_leaves), LEAST_CONFIDENCE), dtype=np.float32)


def pool_photos(log_probabilities: FloatArray, starts: IntArray) -> Pooled:
    """Pool photos that lie consecutively by observation.

    Args:
        log_probabilities: (n_photos, n_leaves) float32.
        starts: (n_observations,) int64, the first photo of each observation; every observation has one at least.
    """
    n_photos = len(log_probabilities)
    if not n_photos:
        empty = np.zeros(0, dtype=np.float32)
        return Pooled(log_probabilities, empty, empty)
    counts = np.diff(np.append(starts, n_photos))
    confidence = photo_confidence(log_probabilities)
    share = np.add.reduceat(confidence, starts)
    scale = counts.astype(np.float32) ** np.float32(EVIDENCE_EXPONENT) / share
    weights = (confidence * np.repeat(scale, counts)).astype(np.float32)
    summed = _sum_by_observation(log_probabilities * weights[:, None], starts, counts)
    partition = log_sum_exp(summed)
    return Pooled((summed - partition[:, None]).astype(np.float32), weights, partition)


def _sum_by_observation(values: FloatArray, starts: IntArray, counts: IntArray) -> FloatArray:
    """(n_photos, m) → (n_observations, m): as `np.add.reduceat`, but fast where most have one photo."""
    if len(starts) == len(values):
        return values
    summed = values[starts]
    for further in range(1, int(counts.max())):
        several = np.flatnonzero(counts > further)
        summed[several] += values[starts[several] + further]
    return summed


@dataclass(frozen=True, eq=False)
class ScoreColumns:
    """What an exact score of any few leaves needs, stored once for all photos.

    Attributes:
        photo_partition: (n_photos,) float32 log-partition of the head.
        photo_weight: (n_photos,) float32 weight in its observation.
        observation_partition: (n_observations,) float32, 0 where there is no photo.
    """

    photo_partition: FloatArray
    photo_weight: FloatArray
    observation_partition: FloatArray
