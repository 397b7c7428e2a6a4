from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.arrays import FloatArray
from reverse_search.vectors.kmeans import spherical_kmeans
from tests.vectors.sources import random_rows, unit


def total_similarity(points: FloatArray, centres: FloatArray) -> float:
    return float((points @ centres.T).max(axis=1).sum())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), dim=st.integers(1, 8), k=st.integers(1, 64))
def test_prototypes_are_unit_rows_no_more_than_asked_for(seed: int, count: int, dim: int, k: int) -> None:
    points = random_rows(seed, count, dim)
    centres = spherical_kmeans(points, k)
    assert centres.dtype == np.float32
    assert 1 <= len(centres) <= min(k, count)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(centres, spherical_kmeans(points.copy(), k))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(2, 60), k=st.integers(1, 20))
def test_rounds_only_improve(seed: int, count: int, k: int) -> None:
    points = random_rows(seed, count, 6)
    totals = [total_similarity(points, spherical_kmeans(points, k, rounds)) for rounds in (0, 1, 2, 25)]
    assert all(later >= earlier - 1e-4 for earlier, later in pairwise(totals))


def test_one_prototype_is_the_mean_direction() -> None:
    points = random_rows(0, 30, 5)
    np.testing.assert_allclose(spherical_kmeans(points, 1), unit(points.mean(axis=0, keepdims=True)), atol=1e-6)


def test_as_many_prototypes_as_points_are_the_points() -> None:
    points = random_rows(1, 12, 5)
    centres = spherical_kmeans(points, 64)
    np.testing.assert_allclose(np.sort(centres, axis=0), np.sort(points, axis=0), atol=1e-6)


def test_duplicates_count_once() -> None:
    points = np.repeat(random_rows(2, 3, 5), 7, axis=0)
    assert spherical_kmeans(points, 8).shape == (3, 5)


def test_separate_clusters_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    centres = np.eye(8, dtype=np.float32)[:5]
    points = unit(np.repeat(centres, 40, axis=0) + 0.05 * rng.standard_normal((200, 8)))
    found = spherical_kmeans(points[rng.permutation(200)], 5)
    assert np.all((found @ centres.T).max(axis=0) > 0.99)


def test_points_that_cancel_out_leave_a_point() -> None:
    points = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    np.testing.assert_allclose(np.abs(spherical_kmeans(points, 1)), [[1, 0]])


def test_nothing_in_nothing_out() -> None:
    assert spherical_kmeans(np.zeros((0, 4), dtype=np.float32), 3).shape == (0, 4)


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="k must be"):
        spherical_kmeans(random_rows(0, 3, 2), 0)
    with pytest.raises(ValueError, match="finite"):
        spherical_kmeans(np.full((2, 2), np.nan, dtype=np.float32), 1)
    with pytest.raises(ValueError, match="rows"):
        spherical_kmeans(np.ones(3, dtype=np.float32), 1)
