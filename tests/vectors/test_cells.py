import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.vectors import cells
from reverse_search.vectors.cells import CellLayout, CellSearch
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissIvf
from reverse_search.vectors.index import Pool
from tests.vectors.sources import ArraySource, clustered_rows, random_pool, random_rows, similarities

DIM = 32
EVERYTHING = 10**9


@pytest.fixture(scope="module")
def source() -> ArraySource:
    return ArraySource.of(clustered_rows(1, 20_000, DIM))


@pytest.fixture(scope="module")
def layout(source: ArraySource) -> CellLayout:
    return CellLayout(*FaissIvf.build(source).layout())


def test_every_row_lies_in_one_cell(layout: CellLayout, source: ArraySource) -> None:
    assert np.array_equal(np.sort(layout.rows), np.arange(source.count))
    assert layout.starts[-1] == source.count
    pool = random_pool(3, source.count, 0.1)
    counts = layout.pool_counts(pool)
    assert counts.sum() == pool.size
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
    most=st.sampled_from([0, 50, EVERYTHING]),
)
def test_always_full_and_within_the_pool(seed: int, n_queries: int, k: int, size: int, most: int) -> None:
    source = ArraySource.of(random_rows(seed, 300, 6))
    layout = CellLayout(*FaissIvf.build(source, n_cells=4).layout())
    pool = Pool.of_rows(np.random.default_rng(seed).permutation(300)[:size], 300)
    queries = random_rows(seed + 1, n_queries, 6)
    found = CellSearch(source, layout, queries, k, pool)
    rows, values = found.finish(most).of(0)
    assert len(rows) == len(set(rows.tolist())) == min(k, size)
    assert pool.mask[rows].all()
    np.testing.assert_allclose(values, similarities(source, queries).max(axis=0)[rows], atol=1e-5)
    assert (np.diff(values) <= 0).all()
    assert found.compared >= len(rows)


@pytest.mark.parametrize("part", [1.0, 0.3, 0.1])
@pytest.mark.parametrize("far", [False, True])
def test_hardly_anything_is_missed_wherever_the_pool_lies(
    part: float, far: bool, source: ArraySource, layout: CellLayout
) -> None:
    shares, compared = [], []
    for seed in range(12):
        queries = clustered_rows(100 + seed, 4, DIM)
        count = int(source.count * part)
        away = np.argsort((source.vectors @ queries.T).max(axis=1))[:count]
        pool = Pool.of_rows(away, source.count) if far else random_pool(seed, source.count, part)
        truth = ExactSearch(source).search_union(queries, 50, pool).similarities[0, -1]
        found = CellSearch(source, layout, queries, 50, pool)
        needed = found.rows_needed
        shares.append(np.mean(found.finish(EVERYTHING).similarities >= truth - 1e-6))
        assert found.compared == needed
        compared.append(found.compared / pool.size)
    # A pool cut off by its very similarity is the worst there can be.
    assert np.mean(shares) >= (0.95 if far else 0.985)
    if part == 1.0:
        assert np.mean(compared) < 0.5


def test_a_limit_cuts_the_search_short(
    source: ArraySource, layout: CellLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "FIRST_ROWS", 100)
    queries = random_rows(5, 8, DIM)
    some, whole = (CellSearch(source, layout, queries, 50, Pool.everything(source.count)) for _ in range(2))
    assert some.finish(200).complete
    assert whole.finish(EVERYTHING).complete
    assert some.compared < some.rows_needed == whole.compared


def test_it_repeats_itself(source: ArraySource, layout: CellLayout) -> None:
    queries, pool = clustered_rows(9, 3, DIM), random_pool(4, source.count, 0.3)
    first, second = (CellSearch(source, layout, queries, 40, pool) for _ in range(2))
    assert np.array_equal(first.finish(EVERYTHING).rows, second.finish(EVERYTHING).rows)
    assert first.compared == second.compared
