import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from reverse_search.classify.bounds import clopper_pearson_upper, design_effect


@given(st.integers(1, 400), st.floats(0, 1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_upper_bound_is_scipys(trials: int, share: float, confidence: float) -> None:
    errors = round(share * trials)
    interval = binomtest(errors, trials, alternative="less").proportion_ci(confidence, "exact")
    assert clopper_pearson_upper(errors, trials, confidence) == pytest.approx(interval.high, abs=1e-9)


@given(st.floats(0, 50), st.floats(50.5, 500), st.floats(0.01, 20))
def test_more_errors_raise_the_bound_and_more_trials_lower_it(errors: float, trials: float, more: float) -> None:
    bound = clopper_pearson_upper(errors, trials)
    assert errors / trials <= bound <= 1
    assert clopper_pearson_upper(errors + more, trials) >= bound
    assert clopper_pearson_upper(errors, trials + more) <= bound


def test_without_trials_nothing_is_promised() -> None:
    assert clopper_pearson_upper(0, 0) == 1
    assert clopper_pearson_upper(3, 3) == 1
    assert clopper_pearson_upper(0, 149) < 0.02 < clopper_pearson_upper(0, 148), "the rule of three"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.floats(0.1, 5)), min_size=1, max_size=40))
def test_design_effect_never_makes_the_sample_larger(items: list[tuple[bool, int, float]]) -> None:
    errors, clusters, weights = (np.array(column) for column in zip(*items, strict=True))
    effect = design_effect(errors, clusters, weights)
    assert effect >= 1
    assert np.isfinite(effect)
    assert design_effect(errors, clusters, weights * 7) == pytest.approx(effect), "only relative weights matter"


@given(st.integers(2, 12), st.integers(4, 20))
def test_errors_that_cluster_count_as_fewer(size: int, n_clusters: int) -> None:
    clusters = np.repeat(np.arange(n_clusters), size)
    clustered = (clusters < n_clusters // 2).astype(np.float64)
    spread = np.tile(np.arange(size) < size // 2, n_clusters).astype(np.float64)
    ones = np.ones(len(clusters))
    assume(0 < spread.mean() < 1)
    assert design_effect(clustered, clusters, ones) >= 0.99 * size
    assert design_effect(spread, clusters, ones) == 1


def test_independent_rows_have_a_design_effect_near_one() -> None:
    rng = np.random.default_rng(0)
    errors = rng.uniform(size=4000) < 0.1
    assert design_effect(errors, np.arange(4000), np.ones(4000)) == pytest.approx(1, abs=0.01)


def test_unequal_weights_cost_something_even_without_errors() -> None:
    weights = np.array([1.0] * 50 + [10.0] * 50)
    kish = 100 * (weights**2).sum() / weights.sum() ** 2
    assert design_effect(np.zeros(100), np.arange(100), weights) == pytest.approx(kish)
    assert design_effect(np.zeros(3), np.arange(3), np.zeros(3)) == 1
