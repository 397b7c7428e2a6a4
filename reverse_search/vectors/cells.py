"""Search through the cells of an index that stops once hardly anything better can be left.

The rows of the pool in the nearest cells are compared with the stored vectors. How far their similarities to each query
lie from those of their cells' centroids is learnt from them, and with it how many better rows to expect in any other
cell. Pairs of a query and a cell are then visited in the order of nearness until hardly anything is expected in all the
others. So a filter that leaves only what is far from the queries makes the search longer, not worse, and nothing has
to be fitted beforehand.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reverse_search.domain.arrays import AnyArray, DoubleArray, FloatArray, IntArray
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.deviations import Deviations
from reverse_search.vectors.index import Hits, Pool, ProbedIndex, VectorSource
from reverse_search.vectors.rerank import rerank_union

ROUNDS_S = (0.002, 0.008)
"""Predicted times of all visits after which what has been found tells better how many more are needed."""
FEWEST_VISITS = 32
"""In a round, so that it shows whether hardly anything better is left."""
SURPRISE = 2.0
"""Times the better rows that were expected of a round, and some: what it brings beyond that is a surprise."""
LESS_TRUST = 10.0
CODING_ERROR = 0.01
"""Of similarities to a unit query by codes: what lies further below the k-th best found so far is none of the best."""
NEARNESS_STEPS = np.linspace(-1.0, 1.0, 1025)
MOST_SHORT_CELLS = 512


class CellLayout:
    """Which rows lie in which cell of an index."""

    def __init__(self, index: ProbedIndex) -> None:
        """Read it from an index: see `ProbedIndex.layout`."""
        self.index = index
        self.centroids, self.rows, self.starts = index.layout()
        self.sizes: IntArray = np.diff(self.starts)

    @cached_property
    def cell_of(self) -> AnyArray:
        """(count,) the cell of each row; int16 where that is enough, since every search reads it."""
        kind = np.int16 if len(self.sizes) < 2**15 else np.int32
        cells = np.empty(len(self.rows), dtype=kind)
        cells[self.rows] = np.repeat(np.arange(len(self.sizes), dtype=kind), self.sizes)
        return cells

    def pool_counts(self, pool: Pool) -> IntArray:
        """(n_cells,) int64 rows of the pool in each cell."""
        if pool.selectivity > 0.5:
            return self.sizes - np.bincount(self.cell_of[~pool.mask], minlength=len(self.sizes))
        counts: IntArray = np.bincount(self.cell_of[pool.mask], minlength=len(self.sizes))
        return counts

    def members(self, cells: IntArray, pool: Pool) -> tuple[IntArray, IntArray]:
        """Rows of the pool in some cells, ascending, and the place of each one's cell in `cells`."""
        sizes = self.sizes[cells]
        place = np.repeat(np.arange(len(cells)), sizes)
        within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows = self.rows[self.starts[cells][place] + within]
        kept = pool.mask[rows]
        rows, place = rows[kept], place[kept]
        order = np.argsort(rows)
        return rows[order].astype(np.int64), place[order]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of a query and a cell with a row of the pool in it, the nearest first."""

    query: IntArray
    cell: IntArray
    nearness: FloatArray

    def __len__(self) -> int:
        return len(self.query)

    def between(self, start: int, stop: int, n_queries: int) -> tuple[IntArray, FloatArray]:
        """Some of the pairs as (n_queries, width) cells, then -1, and their nearness."""
        part = slice(start, stop)
        order = np.argsort(self.query[part], kind="stable")
        query = self.query[part][order]
        counts = np.bincount(query, minlength=n_queries)
        place = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
        cells = np.full((n_queries, int(counts.max())), -1, dtype=np.int64)
        nearness = np.zeros(cells.shape, dtype=np.float32)
        cells[query, place], nearness[query, place] = self.cell[part][order], self.nearness[part][order]
        return cells, nearness


class CellSearch:
    """One search for the rows of a pool with the greatest maximum similarity over some queries.

    The nearest cells are looked at at once; `predicted_s` then says how long the rest takes, and `finish` does it.
    """

    def __init__(
        self,
        source: VectorSource,
        layout: CellLayout,
        queries: FloatArray,
        k: int,
        pool: Pool,
        first_rows: int = 1000,
        missed: float = 0.005,
    ) -> None:
        """Look at the nearest cells.

        Args:
            source: the vectors.
            layout: the cells of an index over them.
            queries: (n, dim) float32, at least one.
            k: how many rows, at least 1.
            pool: rows in play, at least one.
            first_rows: rows to compare at first, at least; never fewer than 2·k, if the pool has them.
            missed: expected part of the k best that may be missed; at 0 all is visited.
        """
        self._source, self._layout, self._queries, self._pool = source, layout, queries, pool
        self._k = min(k, pool.size)
        self._missed = self._some = missed * self._k
        self._coding_error = CODING_ERROR * float(np.linalg.norm(queries, axis=1).max())
        self._nearness = np.ascontiguousarray((layout.centroids @ queries.T).T)
        self._counts = layout.pool_counts(pool)
        self.visits = 0
        self.compared = 0
        self._look(self._nearest_cells(max(first_rows, 2 * self._k)))
        self._plan()

    def predicted_s(self, costs: Costs) -> float:
        """How long all visits take together that should be made, from what is known so far."""
        return float(self._visit_s(costs)[: self._wanted].sum())

    def finish(self, most_s: float, costs: Costs, n_candidates: int) -> Hits:
        """Make the visits that should be made, or as many as can be in a time, and compare the best again.

        Args:
            most_s: seconds that all visits may be predicted to take.
            costs: of the prediction.
            n_candidates: rows that are compared again; so many are also asked of the index for each query.

        Returns:
            Hits of one query, min(k, pool size) wide and full.
        """
        for limit_s in (*ROUNDS_S, most_s):
            self._visit_within(min(limit_s, most_s), costs, n_candidates)
        found = Hits(self._rows[None, :], self._values[None, :])
        return rerank_union(self._source, self._queries, found, self._k, n_candidates)

    def _nearest_cells(self, rows: int) -> IntArray:
        """Cells with rows of the pool in them, the nearest to any query first, until they hold so many rows."""
        nearest = np.where(self._counts > 0, self._nearness.max(axis=0), -np.inf)
        few = min(MOST_SHORT_CELLS, len(nearest))
        chosen = np.argpartition(-nearest, few - 1)[:few]
        if self._counts[chosen].sum() < rows:
            chosen = np.arange(len(nearest))
        order = chosen[np.argsort(-nearest[chosen], kind="stable")]
        order = order[self._counts[order] > 0]
        return order[: int(np.searchsorted(np.cumsum(self._counts[order]), rows)) + 1]

    def _look(self, cells: IntArray) -> None:
        """Compare the rows of some cells with all queries."""
        rows, place = self._layout.members(cells, self._pool)
        similarities = self._source.gather(rows) @ self._queries.T
        self._deviations = Deviations.of(self._nearness[:, cells[place]].T, similarities)
        self._rows, self._values = rows, similarities.max(axis=1)
        self._worst = self._kth_best()
        self.compared = len(rows)

    def _plan(self) -> None:
        """Pairs that may matter, the nearest first, and how many of them should be visited in all."""
        # If all rows in play lay no nearer than this to any query, hardly anything would be missed: most pairs are left
        # out by that alone, before anything is worked out for each.
        chances = np.maximum.accumulate(self._deviations.chance(NEARNESS_STEPS, self._worst))
        safe = int(np.searchsorted(self._pool.size * len(self._queries) * chances, self._missed))
        floor = NEARNESS_STEPS[safe - 1] if safe else -np.inf
        query, cell = np.nonzero((self._nearness >= floor) & (self._counts > 0))
        nearness = self._nearness[query, cell]
        order = np.argsort(-nearness, kind="stable")
        self._pairs = _Pairs(query[order], cell[order], nearness[order])
        better = self._counts[self._pairs.cell] * self._deviations.chance(self._pairs.nearness, self._worst)
        self._better_from: DoubleArray = np.append(np.cumsum(better[::-1])[::-1], 0.0)
        self._wanted = int(np.searchsorted(-self._better_from[:-1], -self._missed, side="right"))

    def _visit_within(self, limit_s: float, costs: Costs, n_candidates: int) -> None:
        """Visit until hardly anything better is expected, or time is up.

        Where more comes than was expected (a few rows may be much like a query, as exemplars are like prototypes made
        of them), the expected is trusted less.
        """
        surprised = not self.visits
        while self.visits < self._wanted or surprised:
            affordable = int(np.searchsorted(np.cumsum(self._visit_s(costs)), limit_s))
            until = min(max(self._wanted, self.visits + FEWEST_VISITS), affordable)
            if until <= self.visits:
                return
            expected = self._better_from[self.visits] - self._better_from[until]
            surprised = self._visit(until, n_candidates) > SURPRISE * expected + self._some
            if surprised and self.visits >= self._wanted:
                self._missed /= LESS_TRUST
                self._plan()

    def _visit_s(self, costs: Costs) -> DoubleArray:
        """Predicted seconds of each visit, made or not."""
        return costs.visit_s(self._counts[self._pairs.cell], self._layout.sizes[self._pairs.cell])

    def _visit(self, until: int, n_candidates: int) -> int:
        """Make the next visits, up to `until` in all, and plan anew: pairs that come first once come first always.

        Returns:
            How many of the k best so far came by these visits.
        """
        cells, nearness = self._pairs.between(self.visits, until, len(self._queries))
        found = self._layout.index.visit(self._queries, n_candidates, self._pool, cells, nearness)
        good = found.similarities > self._worst - self._coding_error  # not so where a place is empty
        known, rows, values = self._rows, found.rows[good], found.similarities[good]
        self._rows, self._values = np.concatenate([known, rows]), np.concatenate([self._values, values])
        self.visits = until
        self._worst = max(self._worst, self._kth_best())
        self._plan()
        best = np.unique(rows[values >= self._worst])
        return int(np.count_nonzero(~np.isin(best, known)))

    def _kth_best(self) -> float:
        """Similarity of the last of the k best rows found so far: more than k, since the first look finds them."""
        rows, group = np.unique(self._rows, return_inverse=True)
        values = np.full(len(rows), -np.inf, dtype=np.float32)
        np.maximum.at(values, group, self._values)
        return float(np.partition(values, len(values) - self._k)[len(values) - self._k])
