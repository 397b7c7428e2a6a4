"""Random trees whose rank levels fall from parent to child, and scores on their leaves."""

import numpy as np
from hypothesis import strategies as st

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import LIFE_TAXON_ID, MAIN_RANKS, RANK_LEVELS

RANKS = (*MAIN_RANKS, "subspecies")


@st.composite
def strict_taxonomies(draw: st.DrawFn, max_taxa: int = 16, odd: bool = False) -> Taxonomy:
    """A tree below Life. With `odd`, some taxa are hybrids, and some inactive with all below them."""
    ids = draw(st.lists(st.integers(1, 900), min_size=1, max_size=max_taxa, unique=True))
    rows = [TaxonRow(LIFE_TAXON_ID, (), "stateofmatter", 100, "Life")]
    for taxon_id in ids:
        parent = draw(st.sampled_from([row for row in rows if row.rank_level > 5]))
        rank = draw(st.sampled_from([r for r in RANKS if RANK_LEVELS[r] < parent.rank_level][:3]))
        if odd and rank == "species" and draw(st.integers(0, 4)) == 0:
            rank = "hybrid"
        active = parent.active and not (odd and draw(st.integers(0, 6)) == 0)
        ancestry = (*parent.ancestry, parent.taxon_id)
        rows.append(TaxonRow(taxon_id, ancestry, rank, RANK_LEVELS[rank], f"Taxon {taxon_id}", active))
    return Taxonomy.from_rows(draw(st.permutations(rows)))


@st.composite
def scored_leaves(draw: st.DrawFn, max_observations: int = 4) -> tuple[Taxonomy, IntArray, FloatArray]:
    """A tree, some of its nodes as leaves, and probabilities of a few observations."""
    taxonomy = draw(strict_taxonomies())
    nodes = draw(st.sets(st.integers(1, len(taxonomy) - 1), min_size=1))
    leaves = np.array(sorted(nodes), dtype=np.int64)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, max_observations))
    return taxonomy, leaves, rng.dirichlet(np.full(len(leaves), 0.3), n).astype(np.float32)
