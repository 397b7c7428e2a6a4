"""The best few of many, a block at a time, in bounded memory."""

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.vectors.index import NO_ROW, Hits


def best_first(similarities: FloatArray, rows: IntArray, k: int) -> IntArray:
    """Places of the k best: (min(k, n),) int64, by descending similarity, then ascending row.

    Args:
        similarities: (n,) float32, no NaN.
        rows: (n,) int64.
        k: how many, at least 1.
    """
    if k >= len(rows):
        return np.lexsort((rows, -similarities))
    worst = np.partition(similarities, len(rows) - k)[len(rows) - k]
    kept = np.flatnonzero(similarities >= worst)  # all that tie for the last place are still among them
    return kept[np.lexsort((rows[kept], -similarities[kept]))[:k]]


class TopK:
    """Collects the k best rows for each of several queries. Rows must be offered in ascending order."""

    def __init__(self, n_queries: int, k: int) -> None:
        """Start empty: `n_queries` queries, `k` rows each."""
        self._k = k
        self._rows = [np.zeros(0, dtype=np.int64) for _ in range(n_queries)]
        self._similarities = [np.zeros(0, dtype=np.float32) for _ in range(n_queries)]
        self._floors = np.full((n_queries, 1), -np.inf, dtype=np.float32)

    def offer(self, similarities: FloatArray, rows: IntArray) -> None:
        """Consider a block: (n_queries, b) float32 similarities of (b,) int64 rows, all above those offered before."""
        # A later row that ties with the worst kept one loses to it, so only what is better can matter.
        better = similarities > self._floors
        for query in np.flatnonzero(better.any(axis=1)).tolist():
            chosen = better[query]
            self._merge(query, similarities[query, chosen], rows[chosen])

    def _merge(self, query: int, similarities: FloatArray, rows: IntArray) -> None:
        all_similarities = np.concatenate([self._similarities[query], similarities])
        all_rows = np.concatenate([self._rows[query], rows])
        best = best_first(all_similarities, all_rows, self._k)
        self._similarities[query], self._rows[query] = all_similarities[best], all_rows[best]
        if len(best) == self._k:
            self._floors[query] = self._similarities[query][-1]

    def hits(self, width: int) -> Hits:
        """What was collected, `width` (at most k) places a query."""
        rows = np.full((len(self._rows), width), NO_ROW, dtype=np.int64)
        similarities = np.full((len(self._rows), width), -np.inf, dtype=np.float32)
        for query, (found, values) in enumerate(zip(self._rows, self._similarities, strict=True)):
            rows[query, : len(found)] = found[:width]
            similarities[query, : len(found)] = values[:width]
        return Hits(rows, similarities)
