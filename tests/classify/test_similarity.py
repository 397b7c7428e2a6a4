import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.classify.similarity import UNLIKE, best_photo_similarity, top_mean
from tests.classify.test_head import photos_of


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 8), st.booleans())
def test_top_mean_is_the_mean_of_the_last_three_after_sorting(seed: int, n: int, m: int, masked: bool) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.uniform(-1, 1, (n, m)), 1).astype(np.float32)
    allowed = rng.uniform(size=(n, m)) < 0.5 if masked else None
    found = top_mean(values, allowed)
    assert found.shape == (n,)
    for row in range(n):
        kept = np.sort(values[row] if allowed is None else values[row][allowed[row]])[-3:]
        np.testing.assert_allclose(found[row], kept.mean() if len(kept) else UNLIKE, rtol=1e-5, atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 5))
def test_an_observation_is_as_alike_as_its_most_similar_photo(seed: int, counts: list[int], n_exemplars: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, exemplars = photos_of(rng, sum(counts)), photos_of(rng, n_exemplars)
    starts = (np.cumsum(counts) - counts).astype(np.int64)
    found = best_photo_similarity(vectors, starts, exemplars)
    assert found.shape == (len(counts), n_exemplars)
    for row, (start, count) in enumerate(zip(starts, counts, strict=True)):
        for column in range(n_exemplars):
            best = max(float(v @ exemplars[column]) for v in vectors[start : start + count])
            np.testing.assert_allclose(found[row, column], best, atol=1e-5)


def test_no_observations() -> None:
    rng = np.random.default_rng(0)
    assert best_photo_similarity(photos_of(rng, 0), np.zeros(0, dtype=np.int64), photos_of(rng, 2)).shape == (0, 2)
