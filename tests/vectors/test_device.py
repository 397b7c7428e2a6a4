from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.device import DeviceFlat, DeviceVectors
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissIvf
from reverse_search.vectors.index import Pool
from reverse_search.vectors.planner import Planner, PlannerSettings, SearchPath
from tests.vectors.sources import ArraySource, HalfDevice, clustered_rows, random_pool, random_rows
from tests.vectors.test_contract import check_plan

DIM = 16


@pytest.fixture(scope="module")
def source() -> ArraySource:
    return ArraySource.of(clustered_rows(1, 6000, DIM))


@dataclass(frozen=True, eq=False)
class Case:
    source: ArraySource
    queries: FloatArray
    k: int
    pool: Pool
    deepest: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Similarities that the host computes without error, many alike and many apart by less than the device can tell.

    Components of vectors are multiples of 1/8, those of queries are 1/4 and some steps of 2^-14.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, dim = draw(st.integers(1, 300)), draw(st.integers(1, 6))
    rows = rng.integers(-4, 5, (count, dim)) / 8
    queries = 0.25 + rng.integers(-9, 10, (draw(st.integers(1, 5)), dim)) * 2.0**-14
    mask = rng.random(count) < draw(st.sampled_from([0.0, 0.02, 0.3, 0.8, 1.0]))
    if draw(st.booleans()):  # what is nearest is not in play
        mask &= rows @ queries[0] <= np.median(rows @ queries[0])
    return Case(
        ArraySource(rows.astype(np.float32)),
        queries.astype(np.float32),
        draw(st.sampled_from([1, 2, 7, 40, 400])),
        Pool(mask),
        draw(st.sampled_from([1, 30, 100, 2048])),
    )


@settings(max_examples=400, deadline=None)
@given(case=cases())
def test_it_answers_as_exact_search_does_to_the_last_tie(case: Case) -> None:
    device = DeviceFlat.build(case.source, HalfDevice(case.source.dim, case.deepest))
    exact = ExactSearch(case.source)
    for found, truth in [
        (device.search(case.queries, case.k, case.pool), exact.search(case.queries, case.k, case.pool)),
        (device.search_union(case.queries, case.k, case.pool), exact.search_union(case.queries, case.k, case.pool)),
    ]:
        assert found.complete
        assert np.array_equal(found.rows, truth.rows)
        assert np.array_equal(found.similarities, truth.similarities)


def test_what_rounding_hides_is_found() -> None:
    """The device takes the first row for the best, and the next forty for better than the last, which is the best."""
    step = 2.0**-14
    query = np.array([[0.25 + 2.1 * step, 0.25, 3 * step, -0.5 * step]], dtype=np.float32)
    rows = np.array([[1, 0, 0, 0], *[[1, 0, 0, 1]] * 40, [0, 1, 1, 0]], dtype=np.float32)
    device = HalfDevice(4)
    index = DeviceFlat.build(ArraySource(rows), device)
    assert device.top(query, 1)[0].tolist() == [[0]]
    assert index.probe(query, 1).rows.tolist() == [[41]]
    assert index.probe_union(query, 1).rows.tolist() == [[41]]


@pytest.mark.parametrize("count", [32, 33, 34, 35, 100])
def test_of_rows_that_are_alike_the_lowest_counts(count: int) -> None:
    index = DeviceFlat.build(ArraySource(np.ones((count, 2), dtype=np.float32)), HalfDevice(2))
    query = np.ones((1, 2), dtype=np.float32)
    assert index.search(query, 1).rows.tolist() == index.search_union(query, 1).rows.tolist() == [[0]]


def test_what_it_certainly_has_it_answers_from_a_few_rows(source: ArraySource) -> None:
    device = HalfDevice(DIM)
    index, queries, pool = DeviceFlat.build(source, device), clustered_rows(2, 5, DIM), random_pool(1, 6000, 0.5)
    for hits, truth in [
        (index.probe(queries, 20, pool), ExactSearch(source).search(queries, 20, pool)),
        (index.probe_union(queries, 20, pool), ExactSearch(source).search_union(queries, 20, pool)),
    ]:
        assert hits.complete
        np.testing.assert_allclose(hits.similarities, truth.similarities, atol=1e-6)
    assert max(device.asked) < 400


def test_it_asks_for_ever_more_and_then_gives_up(source: ArraySource) -> None:
    device = HalfDevice(DIM)
    index, queries = DeviceFlat.build(source, device), clustered_rows(2, 1, DIM)
    far = Pool.of_rows(np.argsort(source.vectors @ queries[0])[:3000], source.count)
    assert not index.probe(queries, 10, far).filled.any()
    assert device.asked == [57, 114, 228, 456, 912, 1824, 2048]
    assert not index.probe_union(queries, 10, far).complete
    assert np.array_equal(index.search(queries, 10, far).rows, ExactSearch(source).search(queries, 10, far).rows)


def test_only_what_is_uncertain_is_asked_again(source: ArraySource) -> None:
    device = HalfDevice(DIM)
    index, queries = DeviceFlat.build(source, device), clustered_rows(2, 40, DIM)
    far = Pool.of_rows(np.argsort(source.vectors @ queries[0])[:3000], source.count)
    hits, truth = index.probe(queries, 10, far), ExactSearch(source).search(queries, 10, far)
    answered = hits.filled > 0
    assert 0 < answered.sum() < len(queries)
    assert np.all(hits.filled[answered] == 10)
    np.testing.assert_allclose(hits.similarities[answered], truth.similarities[answered], atol=1e-6)


def test_a_sparse_pool_is_not_asked_of_the_device_at_all(source: ArraySource) -> None:
    device = HalfDevice(DIM)
    index, queries, pool = DeviceFlat.build(source, device), random_rows(2, 3, DIM), random_pool(1, 6000, 0.003)
    assert index.search(queries, 10, pool).complete
    assert not device.asked


def test_many_queries_go_in_batches(source: ArraySource) -> None:
    device = HalfDevice(DIM)
    queries, pool = clustered_rows(3, 600, DIM), random_pool(1, 6000, 0.5)
    hits = DeviceFlat.build(source, device).search(queries, 5, pool)
    np.testing.assert_allclose(hits.similarities, ExactSearch(source).search(queries, 5, pool).similarities, atol=1e-6)
    assert len(device.asked) >= 3


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e6])
def test_queries_beyond_half_precision_are_answered(scale: float, source: ArraySource) -> None:
    queries, pool = random_rows(2, 3, DIM) * np.float32(scale), random_pool(1, 6000, 0.5)
    hits = DeviceFlat.build(source, HalfDevice(DIM)).search(queries, 10, pool)
    truth = ExactSearch(source).search(queries, 10, pool)
    np.testing.assert_allclose(hits.similarities, truth.similarities, rtol=1e-5)


class Short(HalfDevice):
    """Leaves all places but the first empty, and says how similar those would be."""

    def top(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        rows, values = super().top(queries, depth)
        rows[:, 1:] = -1
        return rows, values


@pytest.mark.parametrize("k", [2, 10])
def test_a_device_that_falls_short_is_not_trusted(k: int, source: ArraySource) -> None:
    queries = random_rows(2, 3, DIM)
    index, exact = DeviceFlat.build(source, Short(DIM)), ExactSearch(source)
    assert np.array_equal(index.search(queries, k).rows, exact.search(queries, k).rows)
    assert np.array_equal(index.search_union(queries[:1], k).rows, exact.search_union(queries[:1], k).rows)


def on_device(source: ArraySource, device: DeviceVectors, index: FaissIvf | None = None) -> Planner:
    settings = PlannerSettings(budget_s=Costs.typical(DIM).exact_s(3, 1000))
    return Planner(ExactSearch(source), index, None, settings, device=DeviceFlat.build(source, device))


def test_the_planner_asks_the_device_before_the_index(source: ArraySource) -> None:
    planner, queries = on_device(source, HalfDevice(DIM), FaissIvf.build(source)), clustered_rows(2, 3, DIM)
    pool = random_pool(1, 6000, 0.5)
    hits, plan = planner.search_union(queries, 10, pool)
    assert plan.as_dict() == {"path": "gpu", "pool_size": pool.size, "nprobe": 0, "fill": 1.0, "exact": True}
    truth = ExactSearch(source).search_union(queries, 10, pool)
    np.testing.assert_allclose(hits.similarities, truth.similarities, atol=1e-6)
    check_plan(plan, hits)


def test_what_is_small_or_too_deep_goes_other_ways(source: ArraySource) -> None:
    device = HalfDevice(DIM, deepest=100)
    planner, queries = on_device(source, device, FaissIvf.build(source)), clustered_rows(2, 3, DIM)
    small = Pool(np.arange(6000) < 1000)
    assert planner.search_union(queries, 10, small)[1].path is SearchPath.EXACT
    assert planner.search_union(queries, 10, Pool(np.zeros(6000, dtype=np.bool_)))[1].path is SearchPath.EMPTY
    assert not device.asked
    nearest = np.argsort(-(source.vectors @ queries.T).max(axis=1))
    far = Pool.of_rows(nearest[3000:], source.count)
    hits, plan = planner.search_union(queries, 10, far)
    assert plan.path not in {SearchPath.GPU, SearchPath.EMPTY}
    check_plan(plan, hits)
    assert device.asked
