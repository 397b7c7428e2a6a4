import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp

from reverse_search.classify.head import NEVER, Head, imprint, log_sum_exp
from reverse_search.domain.arrays import FloatArray
from reverse_search.domain.backbone import BackboneId

BACKBONE = BackboneId("test", "0" * 64, "none", "numpy", "float32", "none", 6)


def head_of(rng: np.random.Generator, n_leaves: int, temperature: float = 1.0) -> Head:
    return Head(
        BACKBONE,
        np.arange(1, n_leaves + 1, dtype=np.int64),
        rng.normal(0, 4, (n_leaves, BACKBONE.dim)).astype(np.float32),
        rng.normal(0, 1, n_leaves).astype(np.float32),
        np.zeros(n_leaves, dtype=np.bool_),
        temperature,
    )


def photos_of(rng: np.random.Generator, n: int) -> FloatArray:
    vectors = rng.normal(size=(n, BACKBONE.dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.floats(0.125, 8))
def test_log_probabilities_are_a_tempered_softmax(seed: int, n_leaves: int, temperature: float) -> None:
    rng = np.random.default_rng(seed)
    head, vectors = head_of(rng, n_leaves, temperature), photos_of(rng, 4)
    log_p, partition = head.log_probabilities(vectors)
    expected = (vectors.astype(np.float64) @ head.weights.T.astype(np.float64) + head.bias) / temperature
    assert len(head) == n_leaves
    np.testing.assert_allclose(log_p, log_softmax(expected, axis=1), atol=1e-3, rtol=1e-4)
    np.testing.assert_allclose(log_p + partition[:, None], head.logits(vectors), atol=1e-3, rtol=1e-4)


@given(st.integers(0, 2**32 - 1), st.floats(0.125, 8), st.lists(st.integers(0, 7), max_size=5))
def test_a_few_leaves_from_the_stored_partition_equal_all_leaves(
    seed: int, temperature: float, some: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    head, vectors = head_of(rng, 8, temperature), photos_of(rng, 5)
    log_p, partition = head.log_probabilities(vectors)
    leaves = np.array(some, dtype=np.int64)
    few = head.leaf_log_probabilities(vectors, partition, leaves)
    assert few.dtype == np.float32
    np.testing.assert_allclose(few, log_p[:, leaves], atol=1e-3, rtol=1e-4)


def test_a_leaf_that_can_never_be_given_gets_nothing_and_stays_finite() -> None:
    rng = np.random.default_rng(0)
    head = head_of(rng, 4)
    head.bias[2] = NEVER
    log_p, partition = head.log_probabilities(photos_of(rng, 3))
    assert np.isfinite(log_p).all()
    assert np.isfinite(partition).all()
    assert (np.exp(log_p[:, 2]) == 0).all()


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8))
def test_log_sum_exp_is_scipys(values: list[float]) -> None:
    array = np.array([values], dtype=np.float32)
    np.testing.assert_allclose(log_sum_exp(array), logsumexp(array.astype(np.float64), axis=1), rtol=1e-5, atol=1e-4)


def test_log_sum_exp_of_no_leaves() -> None:
    assert log_sum_exp(np.zeros((3, 0), dtype=np.float32)).tolist() == [0, 0, 0]


def test_imprinting_gives_unit_class_means_and_zeros_without_a_vector() -> None:
    rng = np.random.default_rng(1)
    vectors, labels = photos_of(rng, 10), np.array([0, 0, 0, 2, 2, 2, 2, 2, 2, 0], dtype=np.int64)
    weights = imprint(vectors, labels, 4)
    for leaf in (0, 2):
        mean = vectors[labels == leaf].mean(axis=0)
        np.testing.assert_allclose(weights[leaf], mean / np.linalg.norm(mean), rtol=1e-4, atol=1e-5)
    assert not weights[[1, 3]].any()


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="matmul"):
        head_of(np.random.default_rng(0), 3).logits(np.zeros((1, 5), dtype=np.float32))
