"""Chooses how to search: exactly, or through the cells of an index as far as it is worth; always fills k."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.vectors.cells import CellLayout, CellSearch
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.device import DeviceFlat
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.index import Hits, Pool, ProbedIndex, VectorIndex, VectorSource, check_search
from reverse_search.vectors.rerank import rerank_union
from reverse_search.vectors.stored import open_index


class SearchPath(StrEnum):
    """How a search was answered."""

    EMPTY = "empty"
    EXACT = "exact"
    FLAT = "flat"
    CELLS = "cells"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class PlannerSettings:
    """When to search exactly, and how far to go through cells.

    Attributes:
        budget_s: seconds that exact search may be predicted to take although the index were faster.
        most_s: seconds that visits to cells may be predicted to take, whatever is missed then.
        first_rows: rows of the nearest cells that are compared to learn how many more cells to visit.
        missed: expected part of the k best that visits may miss. They are the last of them, little above the k-th.
        spare: candidates that the index is asked for beyond k, at most; never more than k, nor fewer than 10.
    """

    budget_s: float = 0.015
    most_s: float = 0.04
    first_rows: int = 1000
    missed: float = 0.005
    spare: int = 200

    def candidates(self, k: int) -> int:
        """How many candidates to ask the index for."""
        return k + max(10, min(k, self.spare))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search was answered.

    Attributes:
        path: which way.
        pool_size: rows in play.
        nprobe: cells visited, for all queries together; 0 where none was.
        fill: part of min(k, pool size) that was found: always 1.
        exact: whether the result is certainly the best there is.
    """

    path: SearchPath
    pool_size: int
    nprobe: int
    fill: float
    exact: bool

    def as_dict(self) -> dict[str, object]:
        """The plan as JSON types."""
        return asdict(self) | {"path": self.path.value}


class Planner:
    """Searches one collection of vectors. Any number of threads may use it; its answers never change."""

    def __init__(
        self,
        exact: ExactSearch,
        index: VectorIndex | None,
        costs: Costs | None = None,
        settings: PlannerSettings | None = None,
        device: DeviceFlat | None = None,
    ) -> None:
        """Plan between exact search, a device and an index.

        Args:
            exact: exact search.
            index: an index over the same rows, or none.
            costs: what either costs; typical ones by default.
            settings: limits; the defaults if None.
            device: the same vectors on a device, which is asked before the index.

        Raises:
            ValueError: the index has other rows or another dimension than the vectors.
        """
        if index is not None and (index.count, index.dim) != (exact.count, exact.dim):
            raise ValueError(f"the index is {index.count} × {index.dim}, the vectors are {exact.count} × {exact.dim}")
        self._exact = exact
        self._index = index
        self._cells: CellLayout | None = None
        # For limits: what a search may miss must not depend on how busy the machine was when costs were measured.
        self._typical = Costs.typical(exact.dim)
        self._costs = costs or self._typical
        self._settings = settings or PlannerSettings()
        self._device = device

    @classmethod
    def open(
        cls,
        source: VectorSource,
        folder: Path,
        costs: Costs | None = None,
        settings: PlannerSettings | None = None,
        device: DeviceFlat | None = None,
    ) -> "Planner":
        """A planner over `source` and the index that `stored.build_index` left in `folder`, if it built one.

        Raises:
            CorruptFile: the index is missing though described, unreadable, or over other rows.
            MissingDependency: there is an index, but FAISS is not installed.
        """
        return cls(ExactSearch(source), open_index(folder, source.count, source.dim), costs, settings, device)

    @property
    def count(self) -> int:
        """Number of rows."""
        return self._exact.count

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._exact.dim

    def search_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> tuple[Hits, Plan]:
        """The min(k, pool size) rows with the greatest maximum similarity over all queries, of the stored vectors.

        Args:
            queries: (n_queries, dim) float32, finite, at least one.
            k: how many rows, at least 1.
            pool: rows in play; all by default.

        Returns:
            Hits of one query, all filled, and how they were found.

        Raises:
            ValueError: see `VectorIndex.search`, and where there is no query.
        """
        queries, pool = check_search(self._exact, queries, k, pool)
        if not len(queries):
            raise ValueError("a union of no queries has no most similar rows")
        if not pool.size:
            return Hits.none(1), Plan(SearchPath.EMPTY, 0, 0, 1.0, exact=True)
        exact_s = self._costs.exact_s(len(queries), pool.size)
        if exact_s <= self._settings.budget_s:
            return self._by_exact(queries, k, pool)
        # Unless too many better rows aren't in play, the device's answer is exact.
        if self._device is not None and (hits := self._device.probe_union(queries, k, pool)).complete:
            return hits, Plan(SearchPath.GPU, pool.size, 0, 1.0, exact=True)
        if self._index is None:
            return self._by_exact(queries, k, pool)
        if not isinstance(self._index, ProbedIndex):
            return self._by_flat(self._index, queries, k, pool)
        layout, limits = self._layout(self._index), self._settings
        search = CellSearch(self._exact.source, layout, queries, k, pool, limits.first_rows, limits.missed)
        if exact_s <= min(search.predicted_s(self._costs), limits.most_s):
            return self._by_exact(queries, k, pool)
        hits = search.finish(limits.most_s, self._typical, limits.candidates(min(k, pool.size)))
        return hits, Plan(SearchPath.CELLS, pool.size, search.visits, 1.0, exact=search.compared == pool.size)

    def _by_exact(self, queries: FloatArray, k: int, pool: Pool) -> tuple[Hits, Plan]:
        return self._exact.search_union(queries, k, pool), Plan(SearchPath.EXACT, pool.size, 0, 1.0, exact=True)

    def _by_flat(self, index: VectorIndex, queries: FloatArray, k: int, pool: Pool) -> tuple[Hits, Plan]:
        width = min(k, pool.size)
        n_candidates = self._settings.candidates(width)
        found = index.search(queries, n_candidates, pool)
        hits = rerank_union(self._exact.source, queries, found, width, n_candidates)
        return hits, Plan(SearchPath.FLAT, pool.size, 0, 1.0, exact=True)

    def _layout(self, index: ProbedIndex) -> CellLayout:
        # Two threads may both read it, once.
        if self._cells is None:
            self._cells = CellLayout(index)
        return self._cells


def union_search(
    planner: Planner, queries: FloatArray, k: int, pool: Pool | BoolArray
) -> tuple[IntArray, Mapping[str, object]]:
    """The rows of `Planner.search_union` alone, and the plan as JSON types.

    Args:
        planner: over the vectors.
        queries: (n_queries, dim) float32, at least one.
        k: how many rows, at least 1.
        pool: rows in play: a pool, or a (count,) bool mask.

    Returns:
        (min(k, pool size),) int64 rows, best first, and the plan.

    Raises:
        ValueError: see `Planner.search_union`.
    """
    chosen = pool if isinstance(pool, Pool) else Pool(np.asarray(pool))
    hits, plan = planner.search_union(queries, k, chosen)
    return hits.rows[0], plan.as_dict()
