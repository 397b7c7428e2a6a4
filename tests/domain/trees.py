"""Random small taxonomies and identification histories for property tests."""

from hypothesis import strategies as st

from reverse_search.domain.evidence import Identification
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import LIFE_TAXON_ID

RANKS = (("kingdom", 70.0), ("phylum", 60.0), ("order", 40.0), ("family", 30.0), ("genus", 20.0), ("species", 10.0))


@st.composite
def taxonomies(draw: st.DrawFn, max_taxa: int = 14, more_ids: tuple[int, ...] = ()) -> Taxonomy:
    """A tree below Life whose ids, which may be some of `more_ids`, are not in preorder."""
    count = draw(st.integers(1, max_taxa))
    any_id = st.integers(1, 900) | st.sampled_from(more_ids) if more_ids else st.integers(1, 900)
    ids = draw(st.lists(any_id, min_size=count, max_size=count, unique=True))
    rows = [TaxonRow(LIFE_TAXON_ID, (), "stateofmatter", 100, "Life")]
    for index, taxon_id in enumerate(ids):
        parent = rows[draw(st.integers(0, index))]
        depth = min(len(parent.ancestry), len(RANKS) - 1)
        rank, level = RANKS[depth]
        rows.append(TaxonRow(taxon_id, (*parent.ancestry, parent.taxon_id), rank, level, f"Taxon {taxon_id}"))
    return Taxonomy.from_rows(draw(st.permutations(rows)))


@st.composite
def identifications(draw: st.DrawFn, taxonomy: Taxonomy, max_size: int = 5) -> list[Identification]:
    """A history: current and withdrawn, visible and hidden, agreeing and denying, and taxa that nobody knows."""
    taxon_ids = st.sampled_from([*map(int, taxonomy.taxon_ids), 999_999])
    return draw(
        st.lists(
            st.builds(
                Identification,
                taxon_id=taxon_ids,
                user_id=st.integers(1, 4),
                current=st.sampled_from([True, True, True, False]),
                hidden=st.sampled_from([False, False, False, True]),
                disagreement=st.sampled_from([None, False, True]),
                previous_taxon_id=st.none() | taxon_ids,
            ),
            max_size=max_size,
        )
    )
