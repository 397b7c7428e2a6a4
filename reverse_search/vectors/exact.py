"""Exact search over a source of vectors, no index needed: the reference for every other way."""

from collections.abc import Iterator

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.vectors.index import Hits, Pool, VectorSource, check_search
from reverse_search.vectors.topk import TopK

BLOCK_ROWS = 4096
QUERY_BATCH = 256
DENSE = 0.5
"""Selectivity above which reading everything in order is faster than gathering what is in play."""


class ExactSearch:
    """Compares queries with every row of the pool. Memory: one block of rows and its similarities."""

    def __init__(self, source: VectorSource, block_rows: int = BLOCK_ROWS) -> None:
        """Search `source`, `block_rows` rows at a time."""
        self._source = source
        self._block_rows = block_rows

    @property
    def source(self) -> VectorSource:
        """Where the vectors come from."""
        return self._source

    @property
    def count(self) -> int:
        """Number of rows."""
        return self._source.count

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._source.dim

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """See `VectorIndex.search`; ties for the last place go to the lowest rows."""
        queries, pool = check_search(self, queries, k, pool)
        width = min(k, pool.size)
        if not width:
            return Hits.none(len(queries))
        parts = [
            self._search_batch(queries[start : start + QUERY_BATCH], width, pool)
            for start in range(0, max(1, len(queries)), QUERY_BATCH)
        ]
        return Hits(np.concatenate([p.rows for p in parts]), np.concatenate([p.similarities for p in parts]))

    def search_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """The rows most similar to any query: as `search`, by the maximum similarity over all queries.

        Args:
            queries: (n_queries, dim) float32, finite, at least one.
            k: how many rows, at least 1.
            pool: rows in play; all by default.

        Returns:
            Hits of one query, min(k, pool size) wide.

        Raises:
            ValueError: as `search`, and where there is no query.
        """
        queries, pool = check_search(self, queries, k, pool)
        if not len(queries):
            raise ValueError("a union of no queries has no most similar rows")
        width = min(k, pool.size)
        if not width:
            return Hits.none(1)
        best = TopK(1, width)
        for rows, vectors in self._blocks(pool):
            best.offer(_by_row(queries, vectors).max(axis=1)[None, :], rows)
        return best.hits(width)

    def _search_batch(self, queries: FloatArray, width: int, pool: Pool) -> Hits:
        best = TopK(len(queries), width)
        for rows, vectors in self._blocks(pool):
            best.offer(_by_row(queries, vectors).T, rows)
        return best.hits(width)

    def _blocks(self, pool: Pool) -> Iterator[tuple[IntArray, FloatArray]]:
        """Rows of the pool, ascending, and their vectors."""
        if pool.size == pool.count:
            for start, vectors in self._source.iter_blocks(self._block_rows):
                yield np.arange(start, start + len(vectors), dtype=np.int64), vectors
        elif pool.selectivity >= DENSE:
            for start, vectors in self._source.iter_blocks(self._block_rows):
                chosen = pool.mask[start : start + len(vectors)]
                yield start + np.flatnonzero(chosen).astype(np.int64, copy=False), vectors[chosen]
        else:
            for start in range(0, pool.size, self._block_rows):
                rows = pool.rows[start : start + self._block_rows]
                yield rows, self._source.gather(rows)


def _by_row(queries: FloatArray, vectors: FloatArray) -> FloatArray:
    """(n_vectors, n_queries) similarities: with few queries twice as fast as the other way round."""
    return np.asarray(vectors @ queries.T)
