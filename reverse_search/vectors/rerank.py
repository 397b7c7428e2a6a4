"""Candidates of an approximate search, compared again with the stored vectors."""

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.vectors.index import NO_ROW, Hits, VectorSource
from reverse_search.vectors.topk import best_first

QUERY_BATCH = 64


def rerank_each(source: VectorSource, queries: FloatArray, found: Hits, k: int) -> Hits:
    """The k best of each query's candidates, by exact similarity.

    Args:
        source: the vectors.
        queries: (n_queries, dim) float32.
        found: candidates of each query.
        k: how many to keep.

    Returns:
        Hits min(k, width of `found`) wide, as filled as `found` was.
    """
    width = min(k, found.width)
    rows = np.full((len(queries), width), NO_ROW, dtype=np.int64)
    similarities = np.full((len(queries), width), -np.inf, dtype=np.float32)
    for start in range(0, len(queries), QUERY_BATCH):
        batch = range(start, min(start + QUERY_BATCH, len(queries)))
        candidates = np.unique(np.concatenate([found.of(i)[0] for i in batch]))
        exact = queries[start : batch.stop] @ source.gather(candidates).T
        for i in batch:
            own = np.sort(found.of(i)[0])
            values = exact[i - start, np.searchsorted(candidates, own)]
            best = best_first(values, own, width) if len(own) else np.zeros(0, dtype=np.int64)
            rows[i, : len(best)], similarities[i, : len(best)] = own[best], values[best]
    return Hits(rows, similarities)


def rerank_union(source: VectorSource, queries: FloatArray, found: Hits, k: int, n_candidates: int) -> Hits:
    """The k best of all queries' candidates, by exact maximum similarity over the queries.

    Args:
        source: the vectors.
        queries: (n_queries, dim) float32, at least one.
        found: candidates of each query.
        k: how many to keep.
        n_candidates: how many distinct candidates to compare again: the best by approximate similarity.

    Returns:
        Hits of one query, as wide as there were rows, up to k.
    """
    candidates = _best_candidates(found, n_candidates)
    if not len(candidates):
        return Hits.none(1)
    values = (source.gather(candidates) @ queries.T).max(axis=1)
    best = best_first(values, candidates, k)
    return Hits(candidates[best][None, :], values[best][None, :])


def _best_candidates(found: Hits, limit: int) -> IntArray:
    kept = found.rows != NO_ROW
    all_rows, all_values = found.rows[kept], found.similarities[kept]
    rows, group = np.unique(all_rows, return_inverse=True)
    if len(rows) <= limit:
        return rows
    values = np.full(len(rows), -np.inf, dtype=np.float32)
    np.maximum.at(values, group, all_values)
    return np.sort(rows[best_first(values, rows, limit)])
