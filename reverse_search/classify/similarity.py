"""How alike observations and exemplars are."""

import numpy as np

from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray

TOP = 3
UNLIKE = np.float32(-1.0)


def best_photo_similarity(vectors: FloatArray, starts: IntArray, exemplars: FloatArray) -> FloatArray:
    """Similarity of each observation's most similar photo to each exemplar.

    Args:
        vectors: (n_photos, dim) unit rows, consecutive by observation.
        starts: (n_observations,) first photo of each.
        exemplars: (n_exemplars, dim) unit rows.

    Returns:
        (n_observations, n_exemplars) float32 cosine.
    """
    if not len(starts):
        return np.zeros((0, len(exemplars)), dtype=np.float32)
    alike = vectors @ exemplars.T
    # As `np.maximum.reduceat`, but fast where most observations have one photo.
    counts = np.diff(starts, append=len(vectors))
    greatest = alike[starts]
    for further in range(1, int(counts.max())):
        several = np.flatnonzero(counts > further)
        greatest[several] = np.maximum(greatest[several], alike[starts[several] + further])
    return np.asarray(greatest, dtype=np.float32)


def top_mean(similarities: FloatArray, allowed: BoolArray | None = None) -> FloatArray:
    """Mean of the three greatest in each row, of as many as there are; -1 where there is none.

    Args:
        similarities: (n, m) float32.
        allowed: (n, m) bool, false where a pair doesn't count, or None for all.
    """
    if allowed is not None:
        similarities = np.where(allowed, similarities, -np.inf)
    n, m = similarities.shape
    if m == 0 or n == 0:
        return np.full(n, UNLIKE, dtype=np.float32)
    top = _top(similarities, min(TOP, m))
    found = np.isfinite(top)
    total = np.where(found, top, 0).sum(axis=1)
    count = found.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), UNLIKE).astype(np.float32)


def _top(values: FloatArray, k: int) -> FloatArray:
    """(n, k) greatest of each row, descending. One after the other: for so few that is faster than sorting parts."""
    left, rows = values.copy(), np.arange(len(values))
    top = np.empty((len(values), k), dtype=values.dtype)
    for place in range(k):
        best = left.argmax(axis=1)
        top[:, place] = left[rows, best]
        left[rows, best] = -np.inf
    return top


def greatest(values: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
    """The k greatest of each row, in descending order, and their columns.

    Args:
        values: (n, m) float32.
        k: how many.

    Returns:
        (n, min(k, m)) float32 and (n, min(k, m)) int64.
    """
    m = values.shape[1]
    if m > k:
        # The k-th greatest is among those k even where others equal it: which of them is chosen is left to numpy.
        columns = np.sort(np.argpartition(values, m - k, axis=1)[:, m - k :], axis=1)
    else:
        columns = np.broadcast_to(np.arange(m), values.shape)
    order = np.argsort(-np.take_along_axis(values, columns, axis=1), axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, axis=1).astype(np.int64, copy=False)
    return np.take_along_axis(values, columns, axis=1), columns
