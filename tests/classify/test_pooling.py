import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.classify.head import Head
from reverse_search.classify.pooling import LEAST_CONFIDENCE, photo_confidence, pool_photos
from reverse_search.domain.arrays import FloatArray, IntArray
from tests.classify.test_head import head_of, photos_of

COUNTS = st.lists(st.integers(1, 5), min_size=1, max_size=6)


def starts_of(counts: list[int]) -> IntArray:
    return (np.cumsum(counts) - counts).astype(np.int64)


def scored(seed: int, n_photos: int, n_leaves: int = 7) -> tuple[Head, FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    head, vectors = head_of(rng, n_leaves), photos_of(rng, n_photos)
    return head, vectors, *head.log_probabilities(vectors)


@given(st.integers(0, 2**32 - 1), COUNTS, st.sets(st.integers(0, 6), min_size=1))
def test_stored_columns_give_the_same_scores_as_full_pooling(seed: int, counts: list[int], some: set[int]) -> None:
    head, vectors, log_p, partition = scored(seed, sum(counts))
    starts, leaves = starts_of(counts), np.array(sorted(some), dtype=np.int64)
    pooled = pool_photos(log_p, starts)
    few = head.leaf_log_probabilities(vectors, partition, leaves) * pooled.photo_weights[:, None]
    exact = np.add.reduceat(few, starts, axis=0) - pooled.log_partition[:, None]
    np.testing.assert_allclose(np.exp(exact), np.exp(pooled.log_probabilities[:, leaves]), atol=1e-5, rtol=1e-3)


@given(st.integers(0, 2**32 - 1), COUNTS)
def test_pooled_scores_are_probabilities(seed: int, counts: list[int]) -> None:
    pooled = pool_photos(scored(seed, sum(counts))[2], starts_of(counts))
    np.testing.assert_allclose(np.exp(pooled.log_probabilities).sum(axis=1), 1, rtol=1e-4)
    assert pooled.log_probabilities.shape == (len(counts), 7)
    assert len(pooled.photo_weights) == sum(counts)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_a_single_photo_is_left_as_it_is(seed: int, n: int) -> None:
    log_p = scored(seed, n)[2]
    pooled = pool_photos(log_p, np.arange(n, dtype=np.int64))
    np.testing.assert_allclose(pooled.log_probabilities, log_p, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(pooled.photo_weights, 1, rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.permutations(range(5)))
def test_the_order_of_photos_is_irrelevant(seed: int, order: list[int]) -> None:
    log_p = scored(seed, 5)[2]
    start = np.zeros(1, dtype=np.int64)
    one, other = pool_photos(log_p, start), pool_photos(log_p[order], start)
    np.testing.assert_allclose(np.exp(one.log_probabilities), np.exp(other.log_probabilities), atol=1e-5)
    np.testing.assert_allclose(one.photo_weights[order], other.photo_weights, rtol=1e-5)


@given(st.integers(0, 2**32 - 1), COUNTS)
def test_observations_do_not_touch_each_other(seed: int, counts: list[int]) -> None:
    log_p, starts = scored(seed, sum(counts))[2], starts_of(counts)
    together = pool_photos(log_p, starts)
    for i, (start, count) in enumerate(zip(starts, counts, strict=True)):
        alone = pool_photos(log_p[start : start + count], np.zeros(1, dtype=np.int64))
        np.testing.assert_allclose(together.log_probabilities[i], alone.log_probabilities[0], atol=1e-4, rtol=1e-4)


def test_a_photo_that_says_nothing_weighs_little() -> None:
    sure = np.log(np.array([[0.97, 0.01, 0.01, 0.01]], dtype=np.float32))
    blank = np.full((1, 4), -np.log(4), dtype=np.float32)
    pooled = pool_photos(np.concatenate([sure, blank]), np.zeros(1, dtype=np.int64))
    assert pooled.photo_weights[1] < 0.05 * pooled.photo_weights[0]
    assert np.exp(pooled.log_probabilities[0, 0]) > 0.97, "the blank photo doesn't drag the sure one down"


def test_confidence_runs_from_the_floor_to_one() -> None:
    blank, sure = (
        np.full((1, 5), -np.log(5), dtype=np.float32),
        np.array([[0, -200, -200, -200, -200]], dtype=np.float32),
    )
    assert photo_confidence(blank).tolist() == [np.float32(LEAST_CONFIDENCE)]
    np.testing.assert_allclose(photo_confidence(sure), 1, rtol=1e-5)
    assert photo_confidence(np.zeros((2, 1), dtype=np.float32)).tolist() == [1, 1]


def test_repeating_a_photo_adds_less_than_independent_evidence_would() -> None:
    photo = np.log(np.array([[0.6, 0.4]], dtype=np.float32))
    start = np.zeros(1, dtype=np.int64)
    four = np.exp(pool_photos(np.repeat(photo, 4, axis=0), start).log_probabilities[0, 0])
    odds = (0.6 / 0.4) ** 2
    np.testing.assert_allclose(four, odds / (1 + odds), rtol=1e-4)


def test_no_photos_at_all() -> None:
    pooled = pool_photos(np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=np.int64))
    assert pooled.log_probabilities.shape == (0, 3)
    assert len(pooled.photo_weights) == len(pooled.log_partition) == 0
