"""What an index must show before it is used: that it answers a small, made collection as exact search does.

For devices whose code isn't ours. Classic GPU indexes, for one, accept a filter and ignore it without a word.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.errors import DeviceUnusable
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.index import Hits, Pool, VectorIndex, VectorSource

ROWS, DIM, N_QUERIES, K = 4000, 64, 6, 10
TOLERANCE = 1e-5
"""Of a similarity: what sums in another order differ by."""


class UnionIndex(VectorIndex, Protocol):
    """An index that also searches for what is most similar to any of several queries."""

    def search_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """See `ExactSearch.search_union`."""
        ...


def self_test(build: Callable[[VectorSource], UnionIndex], seed: int = 1) -> None:
    """Compare an index with exact search, over pools of all sizes and one that is far from the queries.

    Args:
        build: makes the index over given vectors.
        seed: of the vectors, the queries and the pools.

    Raises:
        DeviceUnusable: the index gave an answer that is not from the pool, too short, or not the best.
    """
    rng = np.random.default_rng(seed)
    source = _Made(_unit(rng.standard_normal((ROWS, DIM))).astype(np.float16).astype(np.float32))
    queries = _unit(rng.standard_normal((N_QUERIES, DIM)))
    index, exact = build(source), ExactSearch(source)
    for pool in _pools(source.vectors @ queries[0], rng):
        expected = exact.search(queries, K, pool)
        _require(_fault(index.search(queries, K, pool), expected, source.vectors @ queries.T, pool), pool)
        union = exact.search_union(queries, K, pool)
        nearest = (source.vectors @ queries.T).max(axis=1, keepdims=True)
        _require(_fault(index.search_union(queries, K, pool), union, nearest, pool), pool)


@dataclass(frozen=True, eq=False)
class _Made:
    """Vectors in memory, as a source."""

    vectors: FloatArray

    @property
    def count(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    def gather(self, rows: IntArray) -> FloatArray:
        return self.vectors[rows]

    def block(self, start: int, stop: int) -> FloatArray:
        return self.vectors[start:stop]

    def iter_blocks(self, size: int) -> Iterator[tuple[int, FloatArray]]:
        for start in range(0, self.count, size):
            yield start, self.vectors[start : start + size]


def _pools(nearness: FloatArray, rng: np.random.Generator) -> Iterator[Pool]:
    for size in (0, 1, K - 1, K, K + 1, ROWS // 100, ROWS // 10, ROWS // 2, ROWS):
        yield Pool.of_rows(rng.choice(ROWS, size=size, replace=False), ROWS)
    yield Pool(nearness <= np.median(nearness))


def _fault(found: Hits, expected: Hits, similarities: FloatArray, pool: Pool) -> str | None:
    """What is wrong with an answer, if anything; `similarities` are those of all rows with each query, as columns."""
    if found.rows.shape != expected.rows.shape or not found.complete:
        return "gave fewer rows than there are"
    if found.rows.size and not (found.rows.min() >= 0 and found.rows.max() < pool.count):
        return "gave rows that don't exist"
    if not pool.mask[found.rows].all():
        return "gave rows that the filter leaves out"
    if any(len(np.unique(rows)) < len(rows) for rows in found.rows):
        return "gave a row twice"
    true = np.take_along_axis(similarities.T, found.rows, axis=1)
    if not np.allclose(found.similarities, true, rtol=0, atol=TOLERANCE):
        return "gave wrong similarities"
    if not np.allclose(found.similarities, expected.similarities, rtol=0, atol=TOLERANCE):
        return "missed better rows"
    return None


def _require(fault: str | None, pool: Pool) -> None:
    if fault is not None:
        raise DeviceUnusable(
            f"the GPU index failed its self-test: with {pool.size} of {pool.count} rows in play it {fault}; set "
            "REVERSE_SEARCH_DEVICE to cpu"
        )


def _unit(rows: np.ndarray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
