"""One contract for every implementation, against brute force."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.arrays import BoolArray, FloatArray
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.device import DeviceFlat
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissFlat, FaissIvf, cells_for
from reverse_search.vectors.gpu import GpuVectors
from reverse_search.vectors.index import Hits, Pool, ProbedIndex, VectorIndex, VectorSource, check_search
from reverse_search.vectors.planner import Plan, Planner, PlannerSettings, SearchPath
from tests.vectors.sources import ArraySource, HalfDevice, best_rows, random_rows, similarities, unit

EXACT_IS_DEAR = Costs(fixed_s=0.0, row_s=1.0, pair_s=1.0, skip_s=0.0, code_s=0.0)


class Searches(Protocol):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits: ...


@dataclass(frozen=True, eq=False)
class Planned:
    """A planner that must take certain ways, as an index: each query is a union of its own."""

    planner: Planner
    allowed: frozenset[SearchPath]

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        check_search(self.planner, queries, k, pool)
        found = [self._one(query[None, :], k, pool) for query in queries]
        if not found:
            return Hits.none(0, min(k, self.planner.count if pool is None else pool.size))
        return Hits(np.concatenate([h.rows for h in found]), np.concatenate([h.similarities for h in found]))

    def _one(self, query: FloatArray, k: int, pool: Pool | None) -> Hits:
        hits, plan = self.planner.search_union(query, k, pool)
        assert plan.path in self.allowed | {SearchPath.EMPTY}, plan
        check_plan(plan, hits)
        return hits


def check_plan(plan: Plan, hits: Hits) -> None:
    assert hits.complete
    assert plan.fill == 1.0
    assert plan.nprobe == 0 or plan.path is SearchPath.CELLS
    assert plan.exact or plan.path is SearchPath.CELLS


def planned_exact(source: VectorSource) -> Searches:
    generous = PlannerSettings(budget_s=1e9)
    return Planned(Planner(ExactSearch(source), FaissFlat.build(source), None, generous), frozenset({SearchPath.EXACT}))


def planned_without_index(source: VectorSource) -> Searches:
    return Planned(Planner(ExactSearch(source), None), frozenset({SearchPath.EXACT}))


def planned_flat(source: VectorSource) -> Searches:
    planner = Planner(ExactSearch(source), FaissFlat.build(source), EXACT_IS_DEAR)
    return Planned(planner, frozenset({SearchPath.FLAT}))


def planned_cells(source: VectorSource) -> Searches:
    """A first look at a cell or two, then visits to all, with candidates enough to undo the quantisation."""
    index = FaissIvf.build(source, n_cells=few_cells(source))
    thorough = PlannerSettings(budget_s=-1.0, most_s=1e6, first_rows=1, missed=0.0, spare=10_000)
    return Planned(Planner(ExactSearch(source), index, EXACT_IS_DEAR, thorough), frozenset({SearchPath.CELLS}))


def on_device(source: VectorSource, deepest: int = 2048) -> DeviceFlat:
    return DeviceFlat.build(source, HalfDevice(source.dim, deepest))


def planned_device(source: VectorSource) -> Searches:
    planner = Planner(ExactSearch(source), None, None, PlannerSettings(budget_s=-1.0), device=on_device(source, 60))
    return Planned(planner, frozenset({SearchPath.GPU, SearchPath.EXACT}))


def few_cells(source: VectorSource) -> int:
    return min(4, cells_for(source.count))


@dataclass(frozen=True)
class Implementation:
    name: str
    build: Callable[[VectorSource], Searches]
    tolerance: float = 1e-5
    lowest_ties: bool = False
    """Whether rows that tie for the last place are the lowest."""


IMPLEMENTATIONS = [
    Implementation("exact", ExactSearch, lowest_ties=True),
    Implementation("exact, small blocks", lambda s: ExactSearch(s, block_rows=7), lowest_ties=True),
    Implementation("flat", FaissFlat.build),
    Implementation("ivf", lambda s: FaissIvf.build(s, n_cells=few_cells(s)), tolerance=0.03),
    Implementation("planner: exact", planned_exact, lowest_ties=True),
    Implementation("planner: no index", planned_without_index, lowest_ties=True),
    Implementation("planner: flat", planned_flat),
    Implementation("planner: cells", planned_cells, tolerance=0.03),
    Implementation("device", on_device, lowest_ties=True),
    Implementation("device, few rows at once", lambda s: on_device(s, 20), lowest_ties=True),
    Implementation("planner: device", planned_device, lowest_ties=True),
]
GPU = Implementation("gpu", lambda s: DeviceFlat.build(s, GpuVectors(s.dim)), lowest_ties=True)
every_implementation = pytest.mark.parametrize(
    "implementation", [*IMPLEMENTATIONS, pytest.param(GPU, marks=pytest.mark.gpu)], ids=lambda i: i.name
)


@dataclass(frozen=True, eq=False)
class Case:
    source: ArraySource
    queries: FloatArray
    k: int
    mask: BoolArray

    @property
    def pool(self) -> Pool:
        return Pool(self.mask)


@st.composite
def masks(draw: st.DrawFn, count: int) -> BoolArray:
    kind = draw(st.sampled_from(["empty", "one", "all", "random", "most"]))
    mask = np.zeros(count, dtype=np.bool_)
    if kind == "one":
        mask[draw(st.integers(0, count - 1))] = True
    elif kind == "all":
        mask[:] = True
    elif kind != "empty":
        part = 0.3 if kind == "random" else 0.8
        mask = np.random.default_rng(draw(st.integers(0, 2**32))).random(count) < part
    return mask


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, dim = draw(st.integers(1, 200)), draw(st.integers(1, 9))
    rows = unit(rng.standard_normal((count, dim)))
    if draw(st.booleans()):  # many duplicates
        rows = rows[rng.integers(0, max(1, count // 5), count)]
    queries = rng.standard_normal((draw(st.integers(0, 4)), dim)).astype(np.float32)
    queries = queries if draw(st.booleans()) else unit(queries)
    return Case(ArraySource.of(rows), queries, draw(st.integers(1, 250)), draw(masks(count)))


def check_hits(hits: Hits, case: Case, tolerance: float) -> None:
    """What any search must return: all filled, from the pool, in order, and as similar as the best."""
    width = min(case.k, int(case.mask.sum()))
    assert hits.rows.shape == hits.similarities.shape == (len(case.queries), width)
    assert hits.rows.dtype == np.int64
    assert hits.similarities.dtype == np.float32
    assert hits.complete
    truth = similarities(case.source, case.queries)
    for query, values in enumerate(truth):
        rows, reported = hits.of(query)
        allowed = tolerance * max(1.0, float(np.linalg.norm(case.queries[query])))
        assert case.mask[rows].all()
        assert len(np.unique(rows)) == len(rows)
        np.testing.assert_allclose(reported, values[rows], atol=allowed)
        assert np.array_equal(np.lexsort((rows, -reported)), np.arange(width))
        best = best_rows(values, case.mask, width)
        assert np.all(values[rows] >= values[best] - 2 * allowed)


@every_implementation
@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_agrees_with_brute_force(implementation: Implementation, case: Case) -> None:
    index = implementation.build(case.source)
    check_hits(index.search(case.queries, case.k, case.pool), case, implementation.tolerance)


@every_implementation
@settings(max_examples=20, deadline=None)
@given(case=cases())
def test_no_pool_means_all_rows(implementation: Implementation, case: Case) -> None:
    index = implementation.build(case.source)
    everything = Case(case.source, case.queries, case.k, np.ones(case.source.count, dtype=np.bool_))
    check_hits(index.search(case.queries, case.k), everything, implementation.tolerance)


@every_implementation
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_ties_go_by_row(implementation: Implementation, data: st.DataObject) -> None:
    """Vectors along the axes: all similarities are computed without error, and most are equal."""
    count, dim = data.draw(st.integers(1, 120)), data.draw(st.integers(1, 4))
    axes = data.draw(st.lists(st.integers(0, dim - 1), min_size=count, max_size=count))
    source = ArraySource.of(np.eye(dim, dtype=np.float32)[axes])
    queries = np.asarray(np.eye(dim)[:2] * 0.5, dtype=np.float32)
    case = Case(source, queries, data.draw(st.integers(1, 130)), data.draw(masks(count)))
    hits = implementation.build(source).search(queries, case.k, case.pool)
    check_hits(hits, case, implementation.tolerance)
    if implementation.lowest_ties:
        for query, values in enumerate(similarities(source, queries)):
            assert hits.of(query)[0].tolist() == best_rows(values, case.mask, case.k).tolist()


@every_implementation
def test_refuses_what_makes_no_sense(implementation: Implementation) -> None:
    index = implementation.build(ArraySource.of(random_rows(0, 50, 4)))
    good = random_rows(1, 2, 4)
    with pytest.raises(ValueError, match="shape"):
        index.search(random_rows(1, 2, 5), 3)
    with pytest.raises(ValueError, match="shape"):
        index.search(good[0], 3)
    with pytest.raises(ValueError, match="k must be"):
        index.search(good, 0)
    with pytest.raises(ValueError, match="49 rows"):
        index.search(good, 3, Pool.everything(49))
    with pytest.raises(ValueError, match="finite"):
        index.search(np.full((1, 4), np.nan, dtype=np.float32), 3)


@every_implementation
def test_repeats_itself(implementation: Implementation) -> None:
    source = ArraySource.of(random_rows(3, 300, 8))
    queries, pool = random_rows(4, 5, 8), Pool(np.arange(300) % 3 == 0)
    index = implementation.build(source)
    first, second = index.search(queries, 20, pool), index.search(queries, 20, pool)
    assert np.array_equal(first.rows, second.rows)
    assert np.array_equal(first.similarities, second.similarities)


def test_the_protocols_hold() -> None:
    source = ArraySource.of(random_rows(5, 100, 4))
    flat: VectorIndex = FaissFlat.build(source)
    ivf: ProbedIndex = FaissIvf.build(source)
    exact: VectorIndex = ExactSearch(source)
    device: VectorIndex = on_device(source)
    assert isinstance(ivf, ProbedIndex)
    assert not isinstance(flat, ProbedIndex)
    assert not isinstance(exact, ProbedIndex)
    assert not isinstance(device, ProbedIndex)
