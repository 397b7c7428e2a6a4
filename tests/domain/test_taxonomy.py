import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.taxonomy import Taxonomy, TaxonRow, parse_ancestry
from reverse_search.errors import AmbiguousTaxon, UnknownTaxon
from tests.domain.trees import taxonomies


@given(taxonomies())
def test_a_subtree_is_one_interval(taxonomy: Taxonomy) -> None:
    for node in range(len(taxonomy)):
        by_parents = {n for n in range(len(taxonomy)) if node in taxonomy.lineage(n)}
        assert by_parents == set(range(node, int(taxonomy.leave[node])))
        assert all(taxonomy.contains(node, n) == (n in by_parents) for n in range(len(taxonomy)))


@given(taxonomies(), st.data())
def test_the_common_ancestor_is_the_lowest_that_holds_all(taxonomy: Taxonomy, data: st.DataObject) -> None:
    nodes = data.draw(st.lists(st.integers(0, len(taxonomy) - 1), min_size=1, max_size=4))
    shared = set.intersection(*(set(taxonomy.lineage(n)) for n in nodes))
    assert taxonomy.common_ancestor(nodes) == max(shared, key=lambda n: len(taxonomy.lineage(n)), default=-1)


@given(taxonomies())
def test_the_order_of_rows_does_not_matter(taxonomy: Taxonomy) -> None:
    rows = [
        TaxonRow(
            int(taxonomy.taxon_ids[n]),
            tuple(int(taxonomy.taxon_ids[a]) for a in taxonomy.lineage(n)[:-1]),
            taxonomy.ranks[n],
            float(taxonomy.rank_levels[n]),
            taxonomy.names[n],
        )
        for n in range(len(taxonomy))
    ]
    again = Taxonomy.from_rows(reversed(rows))
    assert again.taxon_ids.tolist() == taxonomy.taxon_ids.tolist()
    assert again.leave.tolist() == taxonomy.leave.tolist()


def test_both_separators_of_ancestry_are_read() -> None:
    assert parse_ancestry("48460/1/2") == parse_ancestry("48460\\1\\2") == (48460, 1, 2)
    assert parse_ancestry("") == ()
    with pytest.raises(ValueError, match="invalid literal"):
        parse_ancestry("48460/x")


SMALL = [
    TaxonRow(48460, (), "stateofmatter", 100, "Life"),
    TaxonRow(1, (48460,), "kingdom", 70, "Animalia"),
    TaxonRow(47126, (48460,), "kingdom", 70, "Plantae"),
    TaxonRow(10, (48460, 1), "genus", 20, "Morus"),
    TaxonRow(11, (48460, 47126), "genus", 20, "Morus"),
    TaxonRow(12, (48460, 47126, 11), "species", 10, "Morus alba"),
    TaxonRow(13, (48460, 47126, 11), "hybrid", 10, "Morus × nigra"),
    TaxonRow(14, (48460, 47126, 777, 11), "species", 10, "Morus rubra"),
    TaxonRow(20, (48460, 47126, 11), "species", 10, "Morus vetus", active=False, successors=(12, 14)),
    TaxonRow(21, (48460, 47126), "species", 10, "Morus antiqua", active=False, successors=(20,)),
]


def test_find_by_id_and_by_name() -> None:
    taxonomy = Taxonomy.from_rows(SMALL)
    assert taxonomy.names[taxonomy.find("12")] == "Morus alba"
    assert taxonomy.find("  morus   ALBA ") == taxonomy.find("12")


def test_an_ambiguous_name_lists_its_matches() -> None:
    with pytest.raises(AmbiguousTaxon, match=r"10  genus Morus \(in Animalia\)") as caught:
        Taxonomy.from_rows(SMALL).find("Morus")
    assert [match[0] for match in caught.value.matches] == [10, 11]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("asked", ["Nothing at all", "4040404", ""])
def test_an_unknown_taxon_is_refused(asked: str) -> None:
    with pytest.raises(UnknownTaxon, match="check the spelling"):
        Taxonomy.from_rows(SMALL).find(asked)


def test_hybrids_are_known_by_rank_or_sign() -> None:
    taxonomy = Taxonomy.from_rows(SMALL)
    assert taxonomy.is_hybrid(taxonomy.node(13))
    assert not taxonomy.is_hybrid(taxonomy.node(12))


def test_inactive_taxa_are_followed_and_splits_meet_at_their_common_ancestor() -> None:
    taxonomy = Taxonomy.from_rows(SMALL)
    assert taxonomy.resolve(20) == taxonomy.node(11)
    assert taxonomy.resolve(21) == taxonomy.node(11)
    assert taxonomy.resolve(12) == taxonomy.node(12)
    assert taxonomy.resolve(31337) == -1


def test_an_ancestor_without_a_row_is_passed_over() -> None:
    taxonomy = Taxonomy.from_rows(SMALL)
    assert taxonomy.contains(taxonomy.node(11), taxonomy.node(14))


def test_swaps_in_a_circle_end() -> None:
    rows = [TaxonRow(1, (), "species", 10, "A", False, (2,)), TaxonRow(2, (), "species", 10, "B", False, (1,))]
    taxonomy = Taxonomy.from_rows(rows)
    assert taxonomy.resolve(1) in (0, 1)
