"""Chooses how to search: exactly, or by the index with as many probes as the pool needs; always fills k."""

from collections.abc import Callable, Mapping
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
from reverse_search.vectors.probes import ProbeTable, probe_floor
from reverse_search.vectors.rerank import distinct_rows, rerank_each, rerank_union
from reverse_search.vectors.stored import open_index


class SearchPath(StrEnum):
    """How a search was answered."""

    EMPTY = "empty"
    EXACT = "exact"
    FLAT = "flat"
    IVF = "ivf"
    IVF_EXACT = "ivf+exact"
    CELLS = "cells"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class PlannerSettings:
    """When to search exactly, and how many candidates to compare again.

    Attributes:
        budget_s: seconds that exact search may be predicted to take although the index were faster.
        spare: candidates that the index is asked for beyond k, at most; never more than k, nor fewer than 10.
        most_s: seconds that going through cells may be predicted to take, whatever it misses; a dense pool that needs
            more is searched by probes then, which are fitted to such pools.
        dense: selectivity from which a pool is dense.
        most_probed: part of all cells, for each query, beyond which exact search takes over.
    """

    budget_s: float = 0.015
    most_s: float = 0.04
    dense: float = 0.5
    spare: int = 200
    most_probed: float = 0.5

    def candidates(self, k: int) -> int:
        """How many candidates to ask the index for."""
        return k + max(10, min(k, self.spare))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search was answered.

    Attributes:
        path: which way.
        pool_size: rows in play.
        nprobe: cells visited at the last try, for each query or for a union all queries together; 0 where none was.
        fill: part of the rows asked for that the index found: for the query with the fewest, or for a union all
            queries together; 1 without an index.
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


@dataclass(frozen=True, eq=False)
class _Question:
    """One search: who can answer it, what completes it, what turns candidates into an answer.

    `sharers` is the number of queries that visit cells on their own account: all, or for a union one.
    """

    queries: FloatArray
    sharers: int
    width: int
    pool: Pool
    exactly: Callable[[], Hits]
    probe: Callable[[ProbedIndex, int, int], Hits]
    found: Callable[[Hits], int]
    rerank: Callable[[Hits, int], Hits]


class Planner:
    """Searches one collection of vectors. Any number of threads may use it; its answers never change."""

    def __init__(
        self,
        exact: ExactSearch,
        index: VectorIndex | None,
        costs: Costs | None = None,
        settings: PlannerSettings | None = None,
        probes: ProbeTable | None = None,
        device: DeviceFlat | None = None,
    ) -> None:
        """Plan between exact search and an index.

        Args:
            exact: exact search.
            index: an index over the same rows, or none.
            costs: what either costs; typical ones by default.
            settings: limits; the defaults if None.
            probes: fitted numbers of probes; without them only the floor applies.
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
        self._probes = probes or ProbeTable()
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
        index, probes = open_index(folder, source.count, source.dim)
        return cls(ExactSearch(source), index, costs, settings, probes, device)

    @property
    def count(self) -> int:
        """Number of rows."""
        return self._exact.count

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._exact.dim

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> tuple[Hits, Plan]:
        """The min(k, pool size) rows most similar to each query, all filled, by exact similarity of the stored vectors.

        Args:
            queries: (n_queries, dim) float32, finite.
            k: how many rows, at least 1.
            pool: rows in play; all by default.

        Returns:
            The hits and how they were found.

        Raises:
            ValueError: see `VectorIndex.search`.
        """
        queries, pool = check_search(self._exact, queries, k, pool)
        if answer := self._from_device(queries, pool, lambda device: device.probe(queries, k, pool)):
            return answer
        source = self._exact.source
        question = _Question(
            queries,
            len(queries),
            min(k, pool.size),
            pool,
            exactly=lambda: self._exact.search(queries, k, pool),
            probe=lambda index, wanted, n: index.probe(queries, wanted, pool, n),
            found=lambda hits: int(hits.filled.min(initial=hits.width)),
            rerank=lambda hits, width: rerank_each(source, queries, hits, width),
        )
        return self._answer(question)

    def search_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> tuple[Hits, Plan]:
        """The min(k, pool size) rows with the greatest maximum similarity over all queries.

        Args:
            queries: (n_queries, dim) float32, finite, at least one.
            k: how many rows, at least 1.
            pool: rows in play; all by default.

        Returns:
            Hits of one query, and how they were found.

        Raises:
            ValueError: as `search`, and where there is no query.
        """
        queries, pool = check_search(self._exact, queries, k, pool)
        if not len(queries):
            raise ValueError("a union of no queries has no most similar rows")
        if answer := self._from_device(queries, pool, lambda device: device.probe_union(queries, k, pool)):
            return answer
        source = self._exact.source
        candidates = self._settings.candidates(min(k, pool.size))
        question = _Question(
            queries,
            1,
            min(k, pool.size),
            pool,
            exactly=lambda: self._exact.search_union(queries, k, pool),
            probe=lambda index, wanted, n: index.probe_union(queries, wanted, pool, n),
            found=distinct_rows,
            rerank=lambda hits, width: rerank_union(source, queries, hits, width, candidates),
        )
        size, index = pool.size, self._index
        if size and self._typical.exact_s(len(queries), size) <= self._settings.budget_s:
            return question.exactly(), Plan(SearchPath.EXACT, size, 0, 1.0, exact=True)
        if not size or not isinstance(index, ProbedIndex):
            return self._answer(question)
        search = CellSearch(source, self._layout(index), queries, k, pool)
        most_rows = self._most_rows(len(queries))
        if search.rows_needed > most_rows and pool.selectivity >= self._settings.dense:
            return self._by_probes(index, question, self._affordable_probes(index, question))
        hits = search.finish(most_rows)
        return hits, Plan(SearchPath.CELLS, size, search.visited, 1.0, exact=search.compared == size)

    def _from_device(
        self, queries: FloatArray, pool: Pool, ask: Callable[[DeviceFlat], Hits]
    ) -> tuple[Hits, Plan] | None:
        """What the device answers, unless exact search is as good as done, or too many better rows aren't in play."""
        small = not pool.size or self._typical.exact_s(len(queries), pool.size) <= self._settings.budget_s
        if self._device is None or small or not (hits := ask(self._device)).complete:
            return None
        return hits, Plan(SearchPath.GPU, pool.size, 0, 1.0, exact=True)

    def _layout(self, index: ProbedIndex) -> CellLayout:
        # Two threads may both read it, once.
        if self._cells is None:
            self._cells = CellLayout(*index.layout())
        return self._cells

    def _affordable_probes(self, index: ProbedIndex, question: _Question) -> int:
        """As many as were fitted, or as can be made in the time that there is, but always the fewest that fill."""
        rows_a_cell, selectivity = self.count / index.n_cells, question.pool.selectivity
        visit_s = self._typical.probe_s(1, rows_a_cell, selectivity) - self._typical.fixed_s
        # Half the time: recall grows slowly here, and some has been spent on finding out that probes are better.
        affordable = int(0.5 * self._settings.most_s / max(visit_s, 1e-12))
        floor = probe_floor(question.width, index.n_cells, question.pool.size)
        return max(1, floor, min(affordable, self._first_probes(question)))

    def _most_rows(self, n_queries: int) -> int:
        one = self._typical.exact_s(n_queries, 1) - self._typical.fixed_s
        return int(self._settings.most_s / max(one, 1e-12))

    def _answer(self, question: _Question) -> tuple[Hits, Plan]:
        size = question.pool.size
        if not size:
            return question.exactly(), Plan(SearchPath.EMPTY, 0, 0, 1.0, exact=True)
        n_probes = self._first_probes(question)
        if self._index is None or self._prefers_exact(question, n_probes):
            return question.exactly(), Plan(SearchPath.EXACT, size, 0, 1.0, exact=True)
        if not isinstance(self._index, ProbedIndex):
            hits = self._index.search(question.queries, self._settings.candidates(question.width), question.pool)
            return question.rerank(hits, question.width), Plan(SearchPath.FLAT, size, 0, 1.0, exact=True)
        return self._by_probes(self._index, question, n_probes)

    def _by_probes(self, index: ProbedIndex, question: _Question, n_probes: int) -> tuple[Hits, Plan]:
        """Double the probes until all is filled; past the limit, search exactly."""
        size, width = question.pool.size, question.width
        wanted = self._settings.candidates(width)
        while True:
            hits = question.probe(index, wanted, n_probes)
            fill = min(1.0, question.found(hits) / width)
            if fill == 1.0:
                return question.rerank(hits, width), Plan(SearchPath.IVF, size, n_probes, fill, exact=False)
            if 2 * n_probes > self._most_probes(index, question):
                return question.exactly(), Plan(SearchPath.IVF_EXACT, size, n_probes, fill, exact=True)
            n_probes *= 2

    def _first_probes(self, question: _Question) -> int:
        if not isinstance(self._index, ProbedIndex):
            return 0
        fitted = self._probes.probes(question.pool.selectivity)
        return max(fitted, probe_floor(question.width, self._index.n_cells, question.pool.size))

    def _prefers_exact(self, question: _Question, n_probes: int) -> bool:
        pool = question.pool
        exact_s = self._costs.exact_s(len(question.queries), pool.size)
        if exact_s <= self._settings.budget_s:
            return True
        if not isinstance(self._index, ProbedIndex):
            return False
        if n_probes > self._most_probes(self._index, question):
            return True
        probed_rows = self.count * n_probes / self._index.n_cells
        return exact_s <= self._costs.probe_s(question.sharers, probed_rows, pool.selectivity)

    def _most_probes(self, index: ProbedIndex, question: _Question) -> int:
        queries_each = max(1, len(question.queries) // max(1, question.sharers))
        return max(1, int(index.n_cells * queries_each * self._settings.most_probed))


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
