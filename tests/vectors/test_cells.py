import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.arrays import FloatArray
from reverse_search.vectors.cells import CellLayout, CellSearch
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.deviations import Deviations
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissIvf
from reverse_search.vectors.index import Hits, Pool
from tests.vectors.sources import ArraySource, clustered_rows, random_pool, random_rows, similarities

DIM = 32
LONG = 1e9
COSTS = Costs.typical(DIM)


@pytest.fixture(scope="module")
def source() -> ArraySource:
    return ArraySource.of(clustered_rows(1, 20_000, DIM))


@pytest.fixture(scope="module")
def ivf(source: ArraySource) -> FaissIvf:
    return FaissIvf.build(source)


@pytest.fixture(scope="module")
def layout(ivf: FaissIvf) -> CellLayout:
    return CellLayout(ivf)


def finish(search: CellSearch, most_s: float = LONG) -> Hits:
    return search.finish(most_s, COSTS, 100)


def test_every_row_lies_in_one_cell(layout: CellLayout, source: ArraySource) -> None:
    assert np.array_equal(np.sort(layout.rows), np.arange(source.count))
    assert layout.starts[-1] == source.count
    for cell in (0, 7):
        assert set(np.flatnonzero(layout.cell_of == cell)) == set(
            layout.rows[layout.starts[cell] : layout.starts[cell + 1]]
        )


@pytest.mark.parametrize("part", [0.0, 0.1, 0.9, 1.0])
def test_rows_of_a_pool_by_cell(part: float, layout: CellLayout, source: ArraySource) -> None:
    pool = random_pool(3, source.count, part)
    counts = layout.pool_counts(pool)
    assert counts.tolist() == np.bincount(layout.cell_of[pool.rows], minlength=len(layout.sizes)).tolist()
    rows, place = layout.members(np.array([5, 2]), pool)
    assert (np.diff(rows) > 0).all()
    assert pool.mask[rows].all()
    assert np.bincount(place, minlength=2).tolist() == counts[[5, 2]].tolist()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_queries=st.integers(1, 5),
    k=st.integers(1, 90),
    size=st.integers(1, 300),
    most_s=st.sampled_from([0.0, 1e-6, LONG]),
)
def test_always_full_and_within_the_pool(seed: int, n_queries: int, k: int, size: int, most_s: float) -> None:
    source = ArraySource.of(random_rows(seed, 300, 6))
    index = FaissIvf.build(source, n_cells=4)
    pool = Pool.of_rows(np.random.default_rng(seed).permutation(300)[:size], 300)
    queries = random_rows(seed + 1, n_queries, 6)
    search = CellSearch(source, CellLayout(index), queries, k, pool, first_rows=1)
    assert search.compared >= min(2 * k, size)
    rows, values = search.finish(most_s, COSTS, 2 * k).of(0)
    assert len(rows) == len(set(rows.tolist())) == min(k, size)
    assert pool.mask[rows].all()
    np.testing.assert_allclose(values, similarities(source, queries).max(axis=0)[rows], atol=1e-5)
    assert (np.diff(values) <= 0).all()


@pytest.mark.parametrize("part", [1.0, 0.3, 0.1])
@pytest.mark.parametrize("far", [False, True])
def test_hardly_anything_is_missed_wherever_the_pool_lies(
    part: float, far: bool, source: ArraySource, ivf: FaissIvf, layout: CellLayout
) -> None:
    shares, visited = [], []
    for seed in range(12):
        queries = clustered_rows(100 + seed, 4, DIM)
        count = int(source.count * part)
        away = np.argsort((source.vectors @ queries.T).max(axis=1))[:count]
        pool = Pool.of_rows(away, source.count) if far else random_pool(seed, source.count, part)
        truth = ExactSearch(source).search_union(queries, 50, pool).similarities[0, -1]
        search = CellSearch(source, layout, queries, 50, pool, first_rows=200)
        shares.append(np.mean(finish(search).similarities >= truth - 1e-6))
        visited.append(search.visits / (4 * ivf.n_cells))
    # A pool cut off by its very similarity is the worst there can be.
    assert np.mean(shares) >= (0.95 if far else 0.985)
    if not far:
        assert np.mean(visited) < 0.3


def test_allowed_to_miss_nothing_it_visits_everything(source: ArraySource, ivf: FaissIvf, layout: CellLayout) -> None:
    queries, pool = random_rows(5, 3, DIM), random_pool(1, source.count, 0.2)
    search = CellSearch(source, layout, queries, 50, pool, first_rows=100, missed=0.0)
    found = search.finish(LONG, COSTS, 500).rows[0]
    assert search.visits == 3 * np.count_nonzero(layout.pool_counts(pool))
    assert set(found) == set(ExactSearch(source).search_union(queries, 50, pool).rows[0])


def test_a_limit_cuts_the_visits_short(source: ArraySource, ivf: FaissIvf, layout: CellLayout) -> None:
    queries, pool = random_rows(5, 8, DIM), Pool.everything(source.count)
    some, whole = (CellSearch(source, layout, queries, 50, pool, first_rows=100) for _ in range(2))
    wanted_s = some.predicted_s(COSTS)
    assert finish(some, wanted_s / 20).complete
    assert finish(whole).complete
    assert 0 < some.visits < whole.visits
    # What the first visits found makes fewer of the others worth while.
    assert whole.predicted_s(COSTS) < wanted_s


def test_it_repeats_itself(source: ArraySource, ivf: FaissIvf, layout: CellLayout) -> None:
    queries, pool = clustered_rows(9, 3, DIM), random_pool(4, source.count, 0.3)
    first, second = (CellSearch(source, layout, queries, 40, pool, first_rows=100) for _ in range(2))
    assert np.array_equal(finish(first).rows, finish(second).rows)
    assert first.visits == second.visits > 0


def drawn(n: int, slope: float, variance: float, growth: float) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    nearness = rng.uniform(-0.5, 0.9, (n, 1))
    spread = np.sqrt(variance + growth * nearness**2)
    values = nearness * (1 + slope) + 0.01 + spread * rng.standard_normal((n, 1))
    return nearness.astype(np.float32), values.astype(np.float32)


@pytest.mark.parametrize(("slope", "variance", "growth"), [(-0.4, 0.002, 0.01), (0.0, 0.01, 0.0), (-0.2, 0.0004, 0.04)])
def test_deviations_are_learnt(slope: float, variance: float, growth: float) -> None:
    learnt = Deviations.of(*drawn(8000, slope, variance, growth))
    assert learnt.intercept == pytest.approx(0.01, abs=0.01)
    assert learnt.slope == pytest.approx(slope, abs=0.02)
    at = np.array([0.0, 0.4, 0.8])
    np.testing.assert_allclose(
        learnt.variance + learnt.growth * at**2, variance + growth * at**2, rtol=0.25, atol=0.0005
    )


def test_the_chance_covers_what_happens() -> None:
    """Never less than the part that really is above, by more than chance; and little more than it."""
    nearness, values = drawn(200_000, -0.4, 0.002, 0.01)
    learnt = Deviations.of(nearness, values)
    for floor in (0.0, 0.2, 0.4, 0.6):
        happened = float((values > floor).sum())
        expected = float(learnt.chance(nearness, floor).sum())
        assert 0.9 * happened - 30 < expected < 3 * happened + 30


@pytest.mark.parametrize("n", [1, 2, 5])
def test_deviations_of_hardly_anything(n: int) -> None:
    same = np.full((n, 1), 0.5, dtype=np.float32)
    learnt = Deviations.of(same, same + np.float32(0.1))
    chances = learnt.chance(np.array([0.5]), 0.55), learnt.chance(np.array([0.5]), 0.65)
    assert chances[0] > 0.99 > 0.01 > chances[1]
