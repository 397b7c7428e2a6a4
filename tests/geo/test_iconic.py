from hypothesis import given

from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.geo.iconic import ICONIC_TAXA, iconic_ancestor
from tests.classify.worlds import strict_taxonomies

TREE = Taxonomy.from_rows(
    [
        TaxonRow(48460, (), "stateofmatter", 100, "Life"),
        TaxonRow(1, (48460,), "kingdom", 70, "Animalia"),
        TaxonRow(3, (48460, 1), "class", 50, "Aves"),
        TaxonRow(200, (48460, 1, 3), "genus", 20, "Corvus"),
        TaxonRow(201, (48460, 1), "class", 50, "Malacostraca"),
        TaxonRow(202, (48460,), "kingdom", 70, "Archaea"),
    ]
)


def name_of(taxon_id: int) -> str:
    return TREE.names[iconic_ancestor(TREE.node(taxon_id), TREE)]


def test_the_finest_iconic_taxon_above() -> None:
    assert [name_of(i) for i in (200, 3, 201, 1)] == ["Aves", "Aves", "Animalia", "Animalia"]


def test_without_one_the_root_stands_in() -> None:
    assert [name_of(i) for i in (202, 48460)] == ["Life", "Life"]


@given(strict_taxonomies())
def test_it_is_always_on_the_lineage(taxonomy: Taxonomy) -> None:
    for node in range(len(taxonomy)):
        found = iconic_ancestor(node, taxonomy)
        assert found in taxonomy.lineage(node)
        below = taxonomy.lineage(node)[taxonomy.lineage(node).index(found) + 1 :]
        assert not any(int(taxonomy.taxon_ids[n]) in ICONIC_TAXA for n in below)
