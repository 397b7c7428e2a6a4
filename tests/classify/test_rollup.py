import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.classify.rollup import RankGroups, logit, subtree_leaves
from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import MAIN_RANKS
from tests.classify.worlds import scored_leaves

Scored = tuple[Taxonomy, IntArray, FloatArray]


@given(scored_leaves(), st.sampled_from(MAIN_RANKS))
def test_sums_equal_brute_force_by_lineage(world: Scored, rank: str) -> None:
    taxonomy, leaves, probabilities = world
    groups = RankGroups.at(rank, leaves, taxonomy)
    above = [{n for n in taxonomy.lineage(int(leaf)) if taxonomy.ranks[n] == rank} for leaf in leaves]
    assert groups.nodes.tolist() == sorted({n for nodes in above for n in nodes})
    sums = groups.sums(probabilities)
    assert sums.shape == (len(probabilities), len(groups.nodes))
    for column, node in enumerate(groups.nodes):
        inside = [i for i, nodes in enumerate(above) if int(node) in nodes]
        np.testing.assert_allclose(sums[:, column], probabilities[:, inside].sum(axis=1), rtol=1e-5, atol=1e-7)
    for leaf, group in enumerate(groups.group_of_leaf):
        assert ({int(groups.nodes[group])} if group >= 0 else set()) == above[leaf]


@given(scored_leaves())
def test_subtree_leaves_are_those_with_the_taxon_in_their_lineage(world: Scored) -> None:
    taxonomy, leaves, _ = world
    for taxon in range(len(taxonomy)):
        expected = [int(leaf) for leaf in leaves if taxon in taxonomy.lineage(int(leaf))]
        assert leaves[subtree_leaves(taxon, leaves, taxonomy)].tolist() == expected


@given(st.floats(0, 1))
def test_logit_is_finite_and_the_inverse_of_the_sigmoid(probability: float) -> None:
    value = float(logit(probability))
    assert np.isfinite(value)
    assert 1 / (1 + np.exp(-value)) == pytest.approx(probability, abs=2e-7)


def test_logit_of_certainty_is_symmetric() -> None:
    low, high = logit(np.array([0.0, 1.0]))
    assert low == pytest.approx(-high, rel=1e-6)
