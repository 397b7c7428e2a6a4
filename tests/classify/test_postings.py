import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.classify.postings import LEAST_PROBABILITY, TOP_LEAVES, PostingsBuilder
from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import MAIN_RANKS
from tests.classify.worlds import scored_leaves

Scored = tuple[Taxonomy, IntArray, FloatArray]


@given(scored_leaves(max_observations=6), st.integers(1, 3))
def test_best_equals_brute_force_at_every_main_rank(world: Scored, batch: int) -> None:
    taxonomy, leaves, probabilities = world
    rows = np.arange(len(probabilities), dtype=np.int64)
    builder = PostingsBuilder(leaves, taxonomy)
    for start in range(0, len(rows), batch):
        builder.add(rows[start : start + batch], probabilities[start : start + batch])
    postings = builder.finish()
    for taxon in (n for n in range(len(taxonomy)) if taxonomy.ranks[n] in MAIN_RANKS):
        inside = [i for i, leaf in enumerate(leaves) if taxon in taxonomy.lineage(int(leaf))]
        total = probabilities[:, inside].astype(np.float64).sum(axis=1)
        found, posted = postings.best(taxon, taxonomy)
        assert len(set(found.tolist())) == len(found)
        np.testing.assert_allclose(posted, total[found], rtol=1e-4, atol=1e-7)
        assert set(np.flatnonzero(total >= LEAST_PROBABILITY * 1.001)) <= set(found.tolist())
        assert (posted >= np.float32(LEAST_PROBABILITY)).all()
        assert (np.diff(posted) <= 0).all(), "the most probable come first"


def many_species(n: int) -> tuple[Taxonomy, IntArray]:
    rows = [
        TaxonRow(1, (), "kingdom", 70, "K"),
        TaxonRow(2, (1,), "family", 30, "F"),
        TaxonRow(3, (1, 2), "genus", 20, "G"),
    ]
    rows += [TaxonRow(100 + i, (1, 2, 3), "species", 10, f"G s{i}") for i in range(n)]
    taxonomy = Taxonomy.from_rows(rows)
    return taxonomy, np.arange(3, 3 + n, dtype=np.int64)


@pytest.mark.parametrize("n_leaves", [TOP_LEAVES, TOP_LEAVES + 1, 400])
def test_cutting_small_leaves_off_never_hides_a_family(n_leaves: int) -> None:
    taxonomy, leaves = many_species(n_leaves)
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(n_leaves, 50.0), 5).astype(np.float32)
    builder = PostingsBuilder(leaves, taxonomy)
    builder.add(np.arange(5, dtype=np.int64), probabilities)
    postings = builder.finish()
    for taxon in range(3):
        rows, posted = postings.best(taxon, taxonomy)
        assert sorted(rows.tolist()) == list(range(5))
        np.testing.assert_allclose(posted, 1, rtol=1e-4)
    finest = postings.levels == 0
    assert finest.sum() == 5 * TOP_LEAVES
    for row in range(5):
        kept = postings.probabilities[finest & (postings.observations == row)]
        np.testing.assert_allclose(np.sort(kept), np.sort(probabilities[row])[-TOP_LEAVES:])


def test_observations_keep_their_own_numbers() -> None:
    taxonomy, leaves = many_species(2)
    builder = PostingsBuilder(leaves, taxonomy)
    builder.add(np.array([70, 5], dtype=np.int64), np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32))
    rows, posted = builder.finish().best(3, taxonomy)
    assert rows.tolist() == [70, 5]
    np.testing.assert_allclose(posted, [0.9, 0.2])


def test_nothing_posted() -> None:
    taxonomy, leaves = many_species(2)
    rows, posted = PostingsBuilder(leaves, taxonomy).finish().best(1, taxonomy)
    assert len(rows) == len(posted) == 0


INTERMEDIATE = Taxonomy.from_rows(
    [
        TaxonRow(1, (), "family", 30, "F"),
        TaxonRow(2, (1,), "genus", 20, "G"),
        TaxonRow(3, (1, 2), "subgenus", 15, "Sub"),
        TaxonRow(4, (1, 2, 3), "species", 10, "G a"),
        TaxonRow(5, (1, 2, 3), "species", 10, "G b"),
        TaxonRow(6, (1, 2), "complex", 11, "G complex"),
        TaxonRow(7, (1, 2, 3, 4), "subspecies", 5, "G a a"),
    ]
)


def intermediate_best(taxon_id: int, leaf_ids: list[int], row: list[float]) -> set[int]:
    leaves = INTERMEDIATE.nodes_of(np.array(leaf_ids, dtype=np.int64)).astype(np.int64)
    builder = PostingsBuilder(leaves, INTERMEDIATE)
    builder.add(np.array([9], dtype=np.int64), np.array([row], dtype=np.float32))
    return set(builder.finish().best(INTERMEDIATE.node(taxon_id), INTERMEDIATE)[0].tolist())


def test_a_rank_between_main_ones_is_found_by_what_lies_below_it() -> None:
    assert intermediate_best(3, [4, 5], [0.5, 0.5]) == {9}
    assert intermediate_best(3, [4, 6], [0.0, 1.0]) == set()


def test_below_species_the_leaves_themselves_are_posted() -> None:
    assert intermediate_best(7, [4, 7], [0.5, 0.5]) == {9}


def test_a_leaf_between_main_ranks_is_found() -> None:
    assert intermediate_best(6, [4, 6], [0.1, 0.9]) == {9}
