"""Prototypes: a handful of directions that stand for a taxon's exemplars."""

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray

MAX_ITERATIONS = 25
_SAME = 1e-6
"""Points whose cosine is within this of 1 are the same point."""


def spherical_kmeans(vectors: FloatArray, k: int, max_iterations: int = MAX_ITERATIONS) -> FloatArray:
    """Cluster unit vectors by cosine (Dhillon and Modha 2001), the same way every time.

    Meant for few points (256) and prototypes (64). Seeds: the point nearest to the mean, then always the point farthest
    from all seeds so far (Gonzalez 1985), the first of equals.

    Args:
        vectors: (n, dim) float32 unit rows.
        k: how many prototypes, at least 1.
        max_iterations: rounds of assigning and averaging, at most.

    Returns:
        (m, dim) float32 unit rows; m = min(k, number of distinct points).

    Raises:
        ValueError: wrong shape, k below 1, or a value that is not finite.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError(f"vectors must be finite rows, not of shape {vectors.shape} or with NaN")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if not len(vectors):
        return vectors
    centres = vectors[_farthest_points(vectors, k)]
    labels = np.full(len(vectors), -1, dtype=np.int64)
    for _ in range(max_iterations):
        assigned = np.argmax(vectors @ centres.T, axis=1)
        if np.array_equal(assigned, labels):
            break
        labels = assigned
        centres = _means(vectors, labels, centres)
    return centres


def _farthest_points(vectors: FloatArray, k: int) -> IntArray:
    chosen = [int(np.argmax(vectors @ vectors.mean(axis=0)))]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < k:
        farthest = int(np.argmin(nearest))
        if nearest[farthest] >= 1.0 - _SAME:
            break
        chosen.append(farthest)
        nearest = np.maximum(nearest, vectors @ vectors[farthest])
    return np.array(chosen, dtype=np.int64)


def _means(vectors: FloatArray, labels: IntArray, centres: FloatArray) -> FloatArray:
    """Mean directions; a centre that lost its points, or whose points cancel out, stays where it is."""
    members = (labels == np.arange(len(centres))[:, None]).astype(np.float32)
    sums = members @ vectors
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    kept = norms[:, 0] <= _SAME
    means: FloatArray = np.where(kept[:, None], centres, sums / np.where(kept[:, None], 1.0, norms))
    return means.astype(np.float32, copy=False)
