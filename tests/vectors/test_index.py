import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.vectors.index import Hits, Pool
from reverse_search.vectors.topk import TopK, best_first


@given(st.lists(st.booleans(), max_size=70))
def test_a_pool_says_the_same_in_all_its_forms(flags: list[bool]) -> None:
    pool = Pool(np.array(flags, dtype=np.bool_))
    rows = [i for i, flag in enumerate(flags) if flag]
    assert pool.rows.tolist() == rows
    assert pool.size == len(rows)
    assert pool.count == len(flags)
    assert [bool(pool.packed[i // 8] >> (i % 8) & 1) for i in range(len(flags))] == flags
    again = Pool.of_rows(np.array(rows[::-1], dtype=np.int64), len(flags))
    assert again.mask.tolist() == flags


def test_a_pool_never_changes() -> None:
    mask = np.array([True, False, True])
    pool = Pool(mask)
    mask[:] = False
    assert pool.rows.tolist() == [0, 2]
    for array in (pool.mask, pool.rows, pool.packed):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_pool_refuses_rows_that_are_not_there() -> None:
    with pytest.raises(IndexError):
        Pool.of_rows(np.array([3]), 3)
    with pytest.raises(IndexError):
        Pool.of_rows(np.array([-1]), 3)
    with pytest.raises(ValueError, match="mask"):
        Pool(np.ones((2, 2), dtype=np.bool_))


def test_selectivity_of_an_empty_index_is_zero() -> None:
    assert Pool.everything(0).selectivity == 0.0
    assert Pool(np.array([True, False])).selectivity == 0.5


def test_hits_leave_padding_out() -> None:
    hits = Hits(np.array([[4, 2], [1, -1]]), np.array([[0.5, 0.25], [0.75, -np.inf]], dtype=np.float32))
    assert hits.filled.tolist() == [2, 1]
    assert not hits.complete
    rows, values = hits.of(1)
    assert rows.tolist() == [1]
    assert values.tolist() == [0.75]
    assert Hits.none(3).complete
    assert not Hits.none(3, width=1).complete


@given(st.lists(st.integers(-3, 3), max_size=60), st.integers(1, 12), st.integers(1, 9))
def test_top_k_by_blocks_is_top_k_at_once(values: list[int], k: int, block: int) -> None:
    expected = sorted(range(len(values)), key=lambda row: (-values[row], row))[:k]
    rows, similarities = np.arange(len(values)), np.array(values, dtype=np.float32)
    assert best_first(similarities, rows, k).tolist() == expected
    best = TopK(1, k)
    for start in range(0, len(values), block):
        best.offer(similarities[None, start : start + block], rows[start : start + block])
    assert best.hits(len(expected)).rows[0].tolist() == expected
