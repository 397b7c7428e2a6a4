"""Exact search by a device that knows nothing of pools, such as a GPU.

A classic GPU index takes a selector and ignores it, so none is ever passed. The device gives its best rows of all; the
host drops those outside the pool, and answers only if no row that the device kept back can be among the best. That
takes the device's rounding into account: it compares in half precision, and a bound on the error is known. What lies
too deep (a sparse pool, or one far from the queries) is left to the other ways of search: the pool's rows would have to
be sent for each search, and reading them is most of what exact search on the CPU costs for a few queries.
"""

from collections.abc import Iterator
from typing import Protocol, Self

import numpy as np

from reverse_search.domain.arrays import DoubleArray, FloatArray, IntArray
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.index import Hits, Pool, VectorSource, check_search
from reverse_search.vectors.rerank import rerank_each, rerank_union

SPARE = 32
MARGIN = 1.25
"""Of the rows that would do if the pool were spread evenly."""
ADD_ROWS = 65_536
QUERY_BATCH = 256
ROUNDING = 4 * 2.0**-24
"""Relative error of a sum in single precision, for each of its terms: the device's and the host's, with a margin."""


class DeviceVectors(Protocol):
    """Vectors on a device, in half precision. Any number of threads may search them."""

    @property
    def count(self) -> int:
        """Number of rows."""
        ...

    @property
    def deepest(self) -> int:
        """How many rows a query can get at once."""
        ...

    def add(self, vectors: FloatArray) -> None:
        """Take (n, dim) float32 rows, representable in half precision. Raises DeviceUnusable where they don't fit."""
        ...

    def top(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        """The most similar of all rows, best first, by the queries in half precision and sums in single precision.

        Args:
            queries: (n, dim) float32, n at least 1.
            depth: how many, at most the number of rows and `deepest`.

        Returns:
            (n, depth) int64 rows and (n, depth) float32 similarities.
        """
        ...


class DeviceFlat:
    """All vectors of a source on a device, compared one by one. Implements `VectorIndex`."""

    def __init__(self, source: VectorSource, device: DeviceVectors, longest: float) -> None:
        """Search what `build` put on a device; `longest` is the greatest norm of a vector."""
        self._source = source
        self._device = device
        self._longest = longest
        self._exact = ExactSearch(source)

    @classmethod
    def build(cls, source: VectorSource, device: DeviceVectors) -> Self:
        """Copy all rows of `source` to an empty device. Raises DeviceUnusable where they don't fit."""
        longest = 0.0
        for _, vectors in source.iter_blocks(ADD_ROWS):
            device.add(vectors)
            longest = max(longest, float(np.linalg.norm(vectors, axis=1).max()))
        return cls(source, device, longest)

    @property
    def count(self) -> int:
        """Number of rows."""
        return self._source.count

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._source.dim

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """See `VectorIndex.search`: always exact, ties for the last place go to the lowest rows."""
        queries, pool = check_search(self, queries, k, pool)
        hits = self.probe(queries, k, pool)
        left = np.flatnonzero(hits.filled < hits.width)
        if len(left):
            rest = self._exact.search(queries[left], k, pool)
            hits.rows[left], hits.similarities[left] = rest.rows, rest.similarities
        return Hits(hits.rows, hits.similarities)

    def search_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """See `ExactSearch.search_union`."""
        hits = self.probe_union(queries, k, pool)
        return hits if hits.complete else self._exact.search_union(queries, k, pool)

    def probe(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """As `search`, for those queries that the device can answer: the others get no row at all."""
        queries, pool = check_search(self, queries, k, pool)
        hits = Hits.none(len(queries), min(k, pool.size))
        for start in range(0, len(queries), QUERY_BATCH):
            batch = slice(start, start + QUERY_BATCH)
            self._probe_batch(queries[batch], pool, hits.rows[batch], hits.similarities[batch])
        return hits

    def _probe_batch(self, queries: FloatArray, pool: Pool, rows: IntArray, similarities: FloatArray) -> None:
        """Write what the device can answer into (n, width) rows and similarities."""
        width, left = rows.shape[1], np.arange(len(queries))
        for depth in self._depths(width, pool, 1):
            asked = queries[left]
            found = self._candidates(asked, depth, width, pool)
            sure = np.flatnonzero([candidates is not None for candidates in found])
            if len(sure):
                best = rerank_each(self._source, asked[sure], _as_hits([c for c in found if c is not None]), width)
                rows[left[sure]], similarities[left[sure]] = best.rows, best.similarities
                left = np.delete(left, sure)
            if not len(left):
                return

    def _candidates(self, queries: FloatArray, depth: int, width: int, pool: Pool) -> list[IntArray | None]:
        rows, values = self._device.top(queries, depth)
        slack = self._slack(queries).tolist()
        return [_certain(rows[[i]], values[[i]], slack[i], width, pool) for i in range(len(queries))]

    def probe_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """As `search_union`, if the device can answer: otherwise no row at all."""
        queries, pool = check_search(self, queries, k, pool)
        if not len(queries):
            raise ValueError("a union of no queries has no most similar rows")
        width = min(k, pool.size)
        slack = float(self._slack(queries).max())
        for depth in self._depths(width, pool, len(queries)):
            candidates = _certain(*self._device.top(queries, depth), slack, width, pool)
            if candidates is not None:
                found = Hits(candidates[None, :], np.zeros((1, len(candidates)), dtype=np.float32))
                return rerank_union(self._source, queries, found, width, len(candidates))
        return Hits.none(1, width)

    def _depths(self, width: int, pool: Pool, n_sharers: int) -> Iterator[int]:
        """How many rows to ask for: what should do if the queries share them evenly, then ever more."""
        deepest = min(self._device.deepest, self.count)
        needed = MARGIN * width / (max(pool.selectivity, 1e-12) * n_sharers) + SPARE
        if not width or (needed > deepest and deepest < self.count):
            return
        depth = min(int(needed), deepest)
        while depth < deepest:
            yield depth
            depth = min(2 * depth, deepest)
        yield deepest

    def _slack(self, queries: FloatArray) -> DoubleArray:
        """(n,) float64: how far a similarity of the device and the host's may lie apart, at most, for each query."""
        wanted = queries.astype(np.float64)
        with np.errstate(over="ignore"):  # what is too large for half precision becomes infinite, as does the slack
            rounded = queries.astype(np.float16).astype(np.float64)
        lost = np.linalg.norm(wanted - rounded, axis=1)
        summed = ROUNDING * self.dim * np.linalg.norm(wanted, axis=1)
        slack: DoubleArray = self._longest * (lost + summed)
        return slack


def _certain(rows: IntArray, values: FloatArray, slack: float, width: int, pool: Pool) -> IntArray | None:
    """Rows of the pool among which its best certainly are, by the greatest similarity to any of some queries.

    Args:
        rows: (n, depth) what a device found for each query, best first.
        values: (n, depth) their similarities, each within `slack` of the host's.
        slack: how far off they may be.
        width: how many of the best are wanted, at least 1.
        pool: rows in play.

    Returns:
        Ascending rows, at least `width`; None where rows that the device kept back may be better than some of them.
    """
    if rows.min() < 0 or not np.isfinite(values).all():
        return None  # places left empty, or queries too large for half precision
    kept = pool.mask[rows]
    distinct, place = np.unique(rows[kept], return_inverse=True)
    if len(distinct) < width:
        return None
    best = np.full(len(distinct), -np.inf, dtype=np.float32)
    np.maximum.at(best, place, values[kept])
    worst = float(np.partition(best, len(best) - width)[len(best) - width])
    kept_back = float(values.min(axis=1).max()) if rows.shape[1] < pool.count else -np.inf
    # Strictly: of rows that tie for the last place the lowest must be there.
    if not worst - slack > kept_back + slack:
        return None
    return distinct[best >= worst - 2 * slack]


def _as_hits(candidates: list[IntArray]) -> Hits:
    """Candidates of several queries, padded; similarities are left out, since all are compared again."""
    hits = Hits.none(len(candidates), max((len(rows) for rows in candidates), default=0))
    for query, rows in enumerate(candidates):
        hits.rows[query, : len(rows)] = rows
    return Hits(hits.rows, hits.similarities)
