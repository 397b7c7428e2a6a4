"""What an index of vectors is: where vectors come from, which rows are in play, what a search returns.

Small on purpose, so that a vector database could stand behind it too. All similarities are inner products, which are
cosines for unit vectors.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from reverse_search.domain.arrays import BoolArray, FloatArray, Int32Array, IntArray

NO_ROW = -1


class VectorSource(Protocol):
    """Vectors by row. `SegmentSet` is one."""

    @property
    def count(self) -> int:
        """Number of rows."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def gather(self, rows: IntArray) -> FloatArray:
        """(m,) int64 rows → (m, dim) float32."""
        ...

    def block(self, start: int, stop: int) -> FloatArray:
        """Rows start to stop - 1: (stop - start, dim) float32."""
        ...

    def iter_blocks(self, size: int) -> Iterator[tuple[int, FloatArray]]:
        """(first row, vectors) of consecutive blocks."""
        ...


class Pool:
    """The rows in play: a bitmap over all rows of an index. Never changes."""

    def __init__(self, mask: BoolArray) -> None:
        """Take a copy of a mask: (n,) bool, True where the row is in play."""
        self._mask = np.array(mask, dtype=np.bool_)
        if self._mask.ndim != 1:
            raise ValueError(f"a pool is a mask over rows, not an array of shape {self._mask.shape}")
        self._mask.setflags(write=False)
        self._size = int(np.count_nonzero(self._mask))

    @classmethod
    def everything(cls, count: int) -> "Pool":
        """All of `count` rows."""
        return cls(np.ones(count, dtype=np.bool_))

    @classmethod
    def of_rows(cls, rows: IntArray, count: int) -> "Pool":
        """The given rows of `count`, in any order. Raises IndexError where one is out of range."""
        if len(rows) and np.min(rows) < 0:
            raise IndexError("a row can't be negative")
        mask = np.zeros(count, dtype=np.bool_)
        mask[rows] = True
        return cls(mask)

    @property
    def mask(self) -> BoolArray:
        """(count,) bool, read-only."""
        return self._mask

    @property
    def count(self) -> int:
        """Rows of the index, in play or not."""
        return len(self._mask)

    @property
    def size(self) -> int:
        """Rows in play."""
        return self._size

    @property
    def selectivity(self) -> float:
        """Part of the rows that is in play; 0 for an empty index."""
        return self._size / max(1, len(self._mask))

    @cached_property
    def packed(self) -> npt.NDArray[np.uint8]:
        """The mask as bits, read-only: row r is bit r % 8, counted from the lowest, of byte r // 8."""
        return _frozen(np.packbits(self._mask, bitorder="little"))

    @cached_property
    def rows(self) -> IntArray:
        """(size,) int64 rows in play, ascending, read-only."""
        return _frozen(np.flatnonzero(self._mask).astype(np.int64, copy=False))


@dataclass(frozen=True, eq=False)
class Hits:
    """What a search found, best first; equal similarities by ascending row.

    The arrays are as wide as the search could have filled: k, or the pool's size if that is smaller. Exact searches
    always fill them. An approximate one may find fewer for some queries, whose ends are then row -1 at similarity -inf;
    `of` leaves those out.

    Attributes:
        rows: (n_queries, width) int64.
        similarities: (n_queries, width) float32.
    """

    rows: IntArray
    similarities: FloatArray

    @classmethod
    def none(cls, n_queries: int, width: int = 0) -> "Hits":
        """Nothing found."""
        empty = np.full((n_queries, width), -np.inf, dtype=np.float32)
        return cls(np.full((n_queries, width), NO_ROW, dtype=np.int64), empty)

    @property
    def width(self) -> int:
        """How many rows each query could have got."""
        return int(self.rows.shape[1])

    @cached_property
    def filled(self) -> IntArray:
        """(n_queries,) int64: how many rows each query got."""
        filled: IntArray = np.count_nonzero(self.rows != NO_ROW, axis=1)
        return filled

    @property
    def complete(self) -> bool:
        """Whether every query got all it could."""
        return bool(np.all(self.filled == self.width))

    def of(self, query: int) -> tuple[IntArray, FloatArray]:
        """Rows and similarities of one query, without padding: (filled,) int64, (filled,) float32."""
        end = int(self.filled[query])
        return self.rows[query, :end], self.similarities[query, :end]


class VectorIndex(Protocol):
    """Finds the rows of a pool that are most similar to queries."""

    @property
    def count(self) -> int:
        """Number of rows."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """The min(k, pool size) most similar rows for each query, all filled.

        Of rows that tie for the last place, exact search takes the lowest; others may take any of them.

        Args:
            queries: (n_queries, dim) float32, finite.
            k: how many rows, at least 1.
            pool: rows in play; all by default.

        Raises:
            ValueError: wrong shapes, a query that is not finite, k below 1, or a pool over other rows.
        """
        ...


@runtime_checkable
class ProbedIndex(VectorIndex, Protocol):
    """An index of cells, of which a search visits some."""

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        ...

    def layout(self) -> tuple[FloatArray, Int32Array, IntArray]:
        """Where the rows lie.

        Returns:
            (n_cells, dim) float32 centroids, (count,) int32 rows by cell, and (n_cells + 1,) int64 starts: those of
            cell c are rows[starts[c]:starts[c + 1]].
        """
        ...

    def visit(self, queries: FloatArray, k: int, pool: Pool | None, cells: IntArray, nearness: FloatArray) -> Hits:
        """As `search`, within some cells of each query: it may fill fewer places.

        Args:
            queries: (n_queries, dim) float32, finite.
            k: how many rows for each query.
            pool: rows in play; all by default.
            cells: (n_queries, width) int64 cells to visit for each query, each once, then -1.
            nearness: (n_queries, width) float32 similarities of queries and centroids.

        Raises:
            ValueError: as `search`, and where there are no cells for each query.
        """
        ...


class Rows(Protocol):
    """Anything over rows of vectors."""

    @property
    def count(self) -> int:
        """Number of rows."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...


def check_search(index: Rows, queries: FloatArray, k: int, pool: Pool | None) -> tuple[FloatArray, Pool]:
    """Check what a search of `index` was given.

    Returns:
        Queries as C-contiguous float32, and the pool.

    Raises:
        ValueError: see `VectorIndex.search`.
    """
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    if queries.ndim != 2 or queries.shape[1] != index.dim:
        raise ValueError(f"queries must have shape (n, {index.dim}), not {queries.shape}")
    if not np.isfinite(queries).all():
        raise ValueError("a query has a value that is not finite")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if pool is None:
        pool = Pool.everything(index.count)
    if pool.count != index.count:
        raise ValueError(f"the pool is over {pool.count} rows, the index has {index.count}")
    return queries, pool


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.setflags(write=False)
    return array
