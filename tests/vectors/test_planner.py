import json
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.arrays import BoolArray, FloatArray
from reverse_search.errors import CorruptFile
from reverse_search.vectors.building import build_index
from reverse_search.vectors.costs import Costs, measure_costs
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissFlat, FaissIvf
from reverse_search.vectors.index import Pool
from reverse_search.vectors.kmeans import spherical_kmeans
from reverse_search.vectors.planner import Planner, PlannerSettings, SearchPath, union_search
from reverse_search.vectors.rerank import rerank_each, rerank_union
from reverse_search.vectors.stored import IndexKind, choose_index
from tests.vectors.sources import ArraySource, best_rows, clustered_rows, random_pool, random_rows, similarities
from tests.vectors.test_contract import EXACT_IS_DEAR, check_plan
from tests.vectors.test_faiss_index import nearest_cells

DIM = 32
NEVER_EXACT = PlannerSettings(budget_s=-1.0)


@pytest.fixture(scope="module")
def source() -> ArraySource:
    return ArraySource.of(clustered_rows(1, 20_000, DIM))


@pytest.fixture(scope="module")
def ivf(source: ArraySource) -> FaissIvf:
    return FaissIvf.build(source)


def by_cells(source: ArraySource, ivf: FaissIvf) -> Planner:
    return Planner(ExactSearch(source), ivf, EXACT_IS_DEAR, NEVER_EXACT)


def union_truth(source: ArraySource, queries: FloatArray, mask: BoolArray, k: int) -> list[int]:
    return [int(row) for row in best_rows(similarities(source, queries).max(axis=0), mask, k)]


def far_rows(source: ArraySource, query: FloatArray, count: int) -> Pool:
    """The rows least similar to a query: a filter that works against the index."""
    return Pool.of_rows(np.argsort(source.vectors @ query)[:count], source.count)


def test_an_empty_pool_is_answered_at_once(source: ArraySource, ivf: FaissIvf) -> None:
    nothing = Pool(np.zeros(source.count, dtype=np.bool_))
    hits, plan = by_cells(source, ivf).search_union(random_rows(0, 3, DIM), 10, nothing)
    assert hits.rows.shape == (1, 0)
    assert plan.as_dict() == {"path": "empty", "pool_size": 0, "nprobe": 0, "fill": 1.0, "exact": True}


def test_no_rows_at_all() -> None:
    planner = Planner(ExactSearch(ArraySource.of(np.zeros((0, 4), dtype=np.float32))), None)
    hits, plan = planner.search_union(random_rows(0, 2, 4), 3)
    assert hits.rows.shape == (1, 0)
    assert plan.path is SearchPath.EMPTY


def test_small_pools_are_exact_and_large_ones_are_not(source: ArraySource, ivf: FaissIvf) -> None:
    costs = Costs(fixed_s=0.0, row_s=1e-6, pair_s=0.0, skip_s=0.0, code_s=0.0)
    planner = Planner(ExactSearch(source), ivf, costs, PlannerSettings(budget_s=1e-3, first_rows=10))
    query = random_rows(0, 1, DIM)
    _, plan = planner.search_union(query, 2, Pool(np.arange(source.count) < 1000))
    assert plan.path is SearchPath.EXACT
    _, plan = planner.search_union(query, 2, Pool(np.arange(source.count) < 1001))
    assert plan.path is SearchPath.CELLS


def test_exact_where_it_is_cheaper_than_visiting(source: ArraySource, ivf: FaissIvf) -> None:
    costs = Costs(fixed_s=0.0, row_s=1e-9, pair_s=0.0, skip_s=1000.0, code_s=0.0)
    limits = PlannerSettings(budget_s=-1.0, first_rows=10)
    _, plan = Planner(ExactSearch(source), ivf, costs, limits).search_union(random_rows(0, 1, DIM), 2)
    assert plan.path is SearchPath.EXACT


def test_exact_where_it_is_cheaper_than_the_limit_on_visits(source: ArraySource, ivf: FaissIvf) -> None:
    """Visits cut short would miss something, and take longer."""
    costs = Costs(fixed_s=0.01, row_s=0.0, pair_s=0.0, skip_s=1000.0, code_s=0.0)
    query = random_rows(0, 1, DIM)
    for most_s, path in ((0.02, SearchPath.EXACT), (0.005, SearchPath.CELLS)):
        limits = PlannerSettings(budget_s=-1.0, first_rows=10, most_s=most_s)
        assert Planner(ExactSearch(source), ivf, costs, limits).search_union(query, 2)[1].path is path


def test_without_an_index_it_is_always_exact(source: ArraySource) -> None:
    planner = Planner(ExactSearch(source), None, EXACT_IS_DEAR, NEVER_EXACT)
    _, plan = planner.search_union(random_rows(0, 1, DIM), 5)
    assert plan.path is SearchPath.EXACT
    assert plan.exact


def test_a_pool_that_the_first_look_sees_whole_is_exact(source: ArraySource, ivf: FaissIvf) -> None:
    queries, pool = random_rows(0, 2, DIM), Pool(np.arange(source.count) < 900)
    hits, plan = by_cells(source, ivf).search_union(queries, 500, pool)
    assert (plan.path, plan.exact) == (SearchPath.CELLS, True)
    assert hits.rows[0].tolist() == union_truth(source, queries, pool.mask, 500)
    _, plan = by_cells(source, ivf).search_union(queries, 5, Pool(np.arange(source.count) < 9000))
    assert (plan.path, plan.exact) == (SearchPath.CELLS, False)


def test_a_filter_that_works_against_the_index(source: ArraySource, ivf: FaissIvf) -> None:
    queries = clustered_rows(7, 1, DIM)
    pool = far_rows(source, queries[0], 10_000)
    hits, plan = by_cells(source, ivf).search_union(queries, 20, pool)
    check_plan(plan, hits)
    expected = union_truth(source, queries, pool.mask, 20)
    assert len(set(hits.rows[0].tolist()) & set(expected)) >= 18


def test_similarities_are_those_of_the_stored_vectors(source: ArraySource, ivf: FaissIvf) -> None:
    queries = clustered_rows(2, 6, DIM)
    hits, plan = by_cells(source, ivf).search_union(queries, 30, random_pool(0, source.count, 0.5))
    assert plan.path is SearchPath.CELLS
    truth = similarities(source, queries).max(axis=0)[hits.rows]
    np.testing.assert_allclose(hits.similarities, truth, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), part=st.sampled_from([0.0, 0.0002, 0.01, 0.3, 1.0]), k=st.integers(1, 400))
def test_all_places_are_always_filled(source: ArraySource, ivf: FaissIvf, seed: int, part: float, k: int) -> None:
    planner, pool = by_cells(source, ivf), random_pool(seed, source.count, part)
    queries = clustered_rows(seed, 3, DIM)
    width = min(k, pool.size)
    hits, plan = planner.search_union(queries, k, pool)
    assert hits.rows.shape == (1, width)
    assert len(np.unique(hits.rows)) == width
    assert pool.mask[hits.rows].all()
    check_plan(plan, hits)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), n_queries=st.integers(1, 6), k=st.integers(1, 90), part=st.floats(0, 1))
def test_union_is_the_maximum_over_queries(seed: int, n_queries: int, k: int, part: float) -> None:
    source = ArraySource.of(random_rows(seed, 80, 5))
    queries, pool = random_rows(seed + 1, n_queries, 5), random_pool(seed, 80, part)
    expected = union_truth(source, queries, pool.mask, k)
    values = similarities(source, queries).max(axis=0)
    ivf = FaissIvf.build(source)
    every_cell = PlannerSettings(budget_s=-1.0, first_rows=1, missed=0.0, most_s=1e9)
    for planner in (
        Planner(ExactSearch(source, block_rows=9), None),
        Planner(ExactSearch(source), FaissFlat.build(source), EXACT_IS_DEAR, NEVER_EXACT),
        Planner(ExactSearch(source), ivf, EXACT_IS_DEAR, every_cell),
    ):
        hits, _ = planner.search_union(queries, k, pool)
        found = hits.rows[0]
        # Not row by row: two rows may be closer than single precision tells apart.
        np.testing.assert_allclose(values[found], values[expected], atol=1e-6)
        np.testing.assert_allclose(hits.similarities[0], values[found], atol=1e-6)
        assert len(np.unique(found)) == len(expected)
        assert pool.mask[found].all()
        rows, plan = union_search(planner, queries, k, pool.mask)
        assert np.array_equal(rows, found)
        assert json.loads(json.dumps(plan))["pool_size"] == pool.size


def test_a_union_needs_a_query(source: ArraySource, ivf: FaissIvf) -> None:
    none = np.zeros((0, DIM), dtype=np.float32)
    with pytest.raises(ValueError, match="no queries"):
        by_cells(source, ivf).search_union(none, 3)
    with pytest.raises(ValueError, match="no queries"):
        ExactSearch(source).search_union(none, 3)


def test_an_index_over_other_rows_is_refused(source: ArraySource) -> None:
    with pytest.raises(ValueError, match="the index is"):
        Planner(ExactSearch(source), FaissFlat.build(ArraySource.of(random_rows(0, 5, DIM))))


@pytest.mark.parametrize("part", [1.0, 0.3, 0.1, 0.05])
def test_cells_find_what_exact_search_finds(source: ArraySource, ivf: FaissIvf, part: float) -> None:
    """For queries like a taxon's prototypes: centres of some rows near each other."""
    exact, pool, shares = ExactSearch(source), random_pool(4, source.count, part), []
    planner = by_cells(source, ivf)
    for seed in range(24):
        anchor = clustered_rows(200 + seed, 1, DIM)
        queries = spherical_kmeans(source.gather(exact.search(anchor, 256).rows[0]), 16)
        hits, plan = planner.search_union(queries, 50, pool)
        assert plan.path is SearchPath.CELLS
        worst = exact.search_union(queries, 50, pool).similarities[0, -1]
        shares.append(np.mean(hits.similarities >= worst - 1e-6))
    assert np.mean(shares) >= 0.99


def test_costs_are_measured(source: ArraySource, ivf: FaissIvf) -> None:
    rng = np.random.default_rng(0)
    costs = measure_costs(ExactSearch(source), ivf, rng, time.perf_counter)
    assert min(costs.fixed_s, costs.row_s, costs.pair_s, costs.skip_s, costs.code_s) > 0
    assert costs.exact_s(8, 10_000) > costs.exact_s(8, 100)
    all_in, half, none = costs.visit_s(np.array([500, 250, 0]), np.array([500, 500, 500]))
    assert all_in > half > none > 0
    without = measure_costs(ExactSearch(source), None, rng, time.perf_counter)
    assert without.skip_s == Costs.typical(DIM).skip_s


def test_too_few_rows_to_measure_give_typical_costs() -> None:
    exact = ExactSearch(ArraySource.of(random_rows(0, 100, 4)))
    assert measure_costs(exact, None, np.random.default_rng(0), time.perf_counter) == Costs.typical(4)


def test_reranking_keeps_padding_out(source: ArraySource, ivf: FaissIvf) -> None:
    queries, pool = clustered_rows(3, 70, DIM), random_pool(1, source.count, 0.002)
    found = ivf.visit(queries, 30, pool, *nearest_cells(ivf, queries, 2))
    assert not found.complete
    each = rerank_each(source, queries, found, 10)
    assert np.array_equal(each.filled, np.minimum(found.filled, 10))
    union = rerank_union(source, queries, found, 1000, 1000)
    assert union.complete
    assert sorted(union.rows[0].tolist()) == np.unique(found.rows[found.rows >= 0]).tolist()


def test_reranking_nothing(source: ArraySource, ivf: FaissIvf) -> None:
    query = clustered_rows(7, 1, DIM)
    found = ivf.visit(query, 5, far_rows(source, query[0], 50), *nearest_cells(ivf, query, 1))
    assert found.filled.tolist() == [0]
    assert rerank_each(source, query, found, 5).filled.tolist() == [0]
    assert rerank_union(source, query, found, 5, 5).rows.shape == (1, 0)


def test_which_index_suits_a_size() -> None:
    assert choose_index(0) is choose_index(49_999) is IndexKind.NONE
    assert choose_index(50_000) is IndexKind.IVF
    assert choose_index(500, ivf_from_rows=100) is IndexKind.IVF


@pytest.mark.parametrize("kind", list(IndexKind))
def test_a_built_index_is_opened_by_the_planner(kind: IndexKind, source: ArraySource, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert build_index(source, tmp_path / name, kind) is kind
    contents = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b")]
    assert contents[0] == contents[1]
    planner = Planner.open(source, tmp_path / "a", EXACT_IS_DEAR, NEVER_EXACT)
    paths = {IndexKind.NONE: SearchPath.EXACT, IndexKind.FLAT: SearchPath.FLAT, IndexKind.IVF: SearchPath.CELLS}
    hits, plan = planner.search_union(clustered_rows(3, 4, DIM), 10)
    assert plan.path is paths[kind]
    assert hits.complete
    assert (planner.count, planner.dim) == (source.count, DIM)


def test_small_collections_get_no_index(tmp_path: Path) -> None:
    source = ArraySource.of(random_rows(0, 100, 4))
    assert build_index(source, tmp_path) is IndexKind.NONE
    assert [p.name for p in tmp_path.iterdir()] == ["vectors.json"]
    assert Planner.open(source, tmp_path / "nothing-was-built").search_union(random_rows(1, 1, 4), 3)[1].exact


def test_an_index_that_does_not_fit_is_corrupt(source: ArraySource, tmp_path: Path) -> None:
    build_index(source, tmp_path, IndexKind.FLAT)
    fewer = ArraySource.of(source.vectors[:100])
    with pytest.raises(CorruptFile, match="build anew"):
        Planner.open(fewer, tmp_path)
    FaissFlat.build(fewer).save(tmp_path / "vectors.faiss")
    with pytest.raises(CorruptFile, match="100"):
        Planner.open(source, tmp_path)
    (tmp_path / "vectors.faiss").unlink()
    with pytest.raises(CorruptFile, match=r"vectors\.faiss"):
        Planner.open(source, tmp_path)
    for text in ("", "[]", '{"kind": "ivf"}', '{"kind": "other", "probes": []}'):
        (tmp_path / "vectors.json").write_text(text)
        with pytest.raises(CorruptFile, match=r"vectors\.json"):
            Planner.open(source, tmp_path)


def test_measured_costs_are_taken_and_missing_ones_are_typical() -> None:
    typical = Costs.typical(DIM)
    assert Costs.measured({}, DIM) == typical
    assert Costs.measured({"row_s": 1.0, "of_another_version": 2.0}, DIM) == replace(typical, row_s=1.0)


def test_a_measurement_on_a_busy_machine_is_held_near_the_typical() -> None:
    typical = Costs.typical(DIM)
    odd = replace(typical, row_s=typical.row_s * 100, code_s=typical.code_s / 100)
    assert odd.within(4.0, typical) == replace(typical, row_s=typical.row_s * 4, code_s=typical.code_s / 4)


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_what_may_be_missed_does_not_depend_on_measured_costs(
    factor: float, source: ArraySource, ivf: FaissIvf
) -> None:
    """A machine that was busy while costs were measured answers as any other."""
    typical = Costs.typical(DIM)
    odd = Costs(*(factor * getattr(typical, field.name) for field in fields(Costs)))
    queries = random_rows(5, 8, DIM)
    for part in (0.1, 0.4, 1.0):
        pool = random_pool(1, source.count, part)
        limits = PlannerSettings(budget_s=-1.0, most_s=2e-4, first_rows=100)
        planners = [Planner(ExactSearch(source), ivf, costs, limits) for costs in (None, odd)]
        plans = [planner.search_union(queries, 20, pool)[1] for planner in planners]
        assert plans[0] == plans[1]
        assert plans[0].path is SearchPath.CELLS
