"""Search through the cells of an index that stops once hardly anything better can be left.

Cells are gone through in the order of their centroid's similarity to the queries, and the rows of the pool in them are
compared with the stored vectors. How far rows deviate from their centroids, as seen from these queries, is learnt from
those already compared; with it the expected number of better rows in all further cells decides whether to go on. So a
filter that leaves only what is far from the queries makes the search longer, not worse: nothing is fitted beforehand.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from reverse_search.domain.arrays import DoubleArray, FloatArray, Int32Array, IntArray
from reverse_search.vectors.index import Hits, Pool, VectorSource
from reverse_search.vectors.topk import best_first

FIRST_ROWS = 5000
"""Rows to learn deviations from, at least."""
MISSED = 0.002
"""Expected part of the k best that may be missed."""
BLOCK_ROWS = 2048


@dataclass(frozen=True, eq=False)
class CellLayout:
    """Which rows lie in which cell of an index.

    Attributes:
        centroids: (n_cells, dim) float32.
        rows: (count,) int32 rows, by cell.
        starts: (n_cells + 1,) int64: those of cell c are rows[starts[c]:starts[c + 1]].
    """

    centroids: FloatArray
    rows: Int32Array
    starts: IntArray

    def pool_counts(self, pool: Pool) -> IntArray:
        """(n_cells,) int64 rows of the pool in each cell."""
        before = np.zeros(len(self.rows) + 1, dtype=np.int64)
        np.cumsum(pool.mask[self.rows], out=before[1:])
        return np.diff(before[self.starts])

    def members(self, cells: IntArray, pool: Pool) -> tuple[IntArray, IntArray]:
        """Rows of the pool in some cells, ascending, and the place of each one's cell in `cells`."""
        sizes = self.starts[cells + 1] - self.starts[cells]
        place = np.repeat(np.arange(len(cells)), sizes)
        within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows = self.rows[self.starts[cells][place] + within]
        kept = pool.mask[rows]
        rows, place = rows[kept], place[kept]
        order = np.argsort(rows)
        return rows[order].astype(np.int64), place[order]


class CellSearch:
    """One search for the rows of a pool with the greatest maximum similarity over some queries.

    The nearest cells are gone through at once; `rows_needed` then says how much there is to do in all, and `finish`
    does it.
    """

    def __init__(self, source: VectorSource, layout: CellLayout, queries: FloatArray, k: int, pool: Pool) -> None:
        """Look at the nearest cells.

        Args:
            source: the vectors.
            layout: their cells.
            queries: (n, dim) float32, at least one.
            k: how many rows, at least 1.
            pool: rows in play, at least one.
        """
        self._source, self._layout, self._queries, self._pool = source, layout, queries, pool
        self._k = min(k, pool.size)
        nearness = (layout.centroids @ queries.T).max(axis=1)
        counts = layout.pool_counts(pool)
        cells = np.flatnonzero(counts)
        self._cells = cells[np.argsort(-nearness[cells], kind="stable")]
        self._nearness, self._counts = nearness[self._cells], counts[self._cells]
        self._met = np.cumsum(self._counts)
        self._rows = np.zeros(0, dtype=np.int64)
        self._values = np.zeros(0, dtype=np.float32)
        self._deviations = np.zeros(0, dtype=np.float32)
        self.visited = 0
        self._compare(self._cells_until(max(FIRST_ROWS, 2 * k)))
        # A second estimate, from more distant cells as well, would ask for half as many rows again and find no more.
        self._wanted = self._cells_wanted()

    @property
    def rows_needed(self) -> int:
        """Rows of the pool in all cells that should be gone through."""
        return int(self._met[max(self._wanted, self.visited) - 1])

    @property
    def compared(self) -> int:
        """Rows of the pool that have been compared."""
        return len(self._rows)

    def finish(self, most_rows: int) -> Hits:
        """Go through all cells that should be, or as many as hold about `most_rows` rows.

        Returns:
            Hits of one query, min(k, pool size) wide and full.
        """
        until = min(self._wanted, self._cells_until(most_rows))
        if until > self.visited:
            self._compare(until)
        best = best_first(self._values, self._rows, self._k)
        return Hits(self._rows[best][None, :], self._values[best][None, :])

    def _cells_until(self, rows: int) -> int:
        """How many cells, in their order, hold so many rows, or all cells."""
        return min(int(np.searchsorted(self._met, rows)) + 1, len(self._met))

    def _compare(self, until: int) -> None:
        """Go through the next cells, up to `until` in all."""
        rows, place = self._layout.members(self._cells[self.visited : until], self._pool)
        values = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            values[part] = (self._source.gather(rows[part]) @ self._queries.T).max(axis=1)
        deviations = values - self._nearness[self.visited : until][place]
        self._rows = np.concatenate([self._rows, rows])
        self._values = np.concatenate([self._values, values])
        self._deviations = np.concatenate([self._deviations, deviations])
        self.visited = until

    def _cells_wanted(self) -> int:
        """How many cells must be gone through until at most MISSED of the k best are expected in all others."""
        worst = np.partition(self._values, len(self._values) - self._k)[len(self._values) - self._k]
        left = slice(self.visited, None)
        spread = max(float(self._deviations.std()), 1e-6)
        needed: DoubleArray = (worst - self._nearness[left] - self._deviations.mean()) / spread
        better = self._counts[left] * ndtr(-needed.astype(np.float64))
        in_the_rest = np.cumsum(better[::-1])[::-1]
        return self.visited + int(np.searchsorted(-in_the_rest, -MISSED * self._k))
