from dataclasses import fields

from indexer.demo.drawing.colours import rgb
from indexer.demo.fauna import FAUNA
from indexer.demo.flora import FLORA
from indexer.demo.taxa import FIRST_ID, look, taxonomy
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import MAIN_RANKS, RANK_LEVELS
from reverse_search.geo.iconic import iconic_ancestor

TAXA, SPECIES = taxonomy((*FAUNA, *FLORA))
TREE = Taxonomy.from_rows(TaxonRow(t.taxon_id, t.ancestry, t.rank, RANK_LEVELS[t.rank], t.name) for t in TAXA)


def test_every_taxon_lies_below_its_parent() -> None:
    by_id = {t.taxon_id: t for t in TAXA}
    assert len(by_id) == len(TAXA)
    for taxon in TAXA[1:]:
        parent = by_id[taxon.ancestry[-1]]
        assert taxon.ancestry == (*parent.ancestry, parent.taxon_id)
        assert RANK_LEVELS[taxon.rank] < RANK_LEVELS[parent.rank]


def test_the_tree_is_wide_enough() -> None:
    count = {rank: sum(t.rank == rank for t in TAXA) for rank in (*MAIN_RANKS, "hybrid")}
    assert count["family"] >= 10
    assert count["genus"] >= 16
    assert count["species"] >= 35
    assert count["hybrid"] == 1
    assert all(len(family.genera) > 1 for family in FAUNA[:4])


def test_names_are_invented_from_family_downwards() -> None:
    invented = [t for t in TAXA if t.taxon_id >= FIRST_ID]
    assert {t.rank for t in invented} == {"order", "family", "genus", "species", "hybrid"}
    assert all(t.taxon_id < FIRST_ID for t in TAXA if t.rank in {"kingdom", "phylum", "class"})
    assert len({t.name for t in TAXA}) == len(TAXA)
    for drawn in SPECIES:
        genus = next(t for t in TAXA if t.taxon_id == drawn.taxon.ancestry[-1])
        assert drawn.taxon.name.split()[0] == genus.name


def test_groups_are_those_that_the_platform_counts_records_in() -> None:
    groups = {TREE.names[iconic_ancestor(TREE.node(s.taxon.taxon_id), TREE)] for s in SPECIES}
    assert groups == {"Insecta", "Arachnida", "Mollusca", "Actinopterygii", "Animalia", "Plantae", "Fungi"}


def test_some_are_rare_some_far_and_a_family_is_unnamed() -> None:
    assert sum(s.common < 0.5 for s in SPECIES) >= 10
    assert len({s.taxon.ancestry[-1] for s in SPECIES if s.far}) >= 2
    unnamed = {s.taxon.ancestry[-2] for s in SPECIES if not s.known}
    assert len(unnamed) == 1
    assert unnamed.isdisjoint(s.taxon.ancestry[-2] for s in SPECIES if s.known)


def test_genomes_inherit() -> None:
    moths = next(family for family in FAUNA if family.name == "Pulverinidae")
    first, *_, last = (s for s in SPECIES if s.taxon.name.startswith(("Pulverina", "Selenaphora")))
    assert first.genome == moths.genome, "its genus and itself change nothing"
    shared = {f.name for f in fields(last.genome) if getattr(last.genome, f.name) == getattr(moths.genome, f.name)}
    assert {"stout", "feathered"} <= shared
    assert {"tail", "sweep", "base"}.isdisjoint(shared)


def test_colours_are_read_and_numbers_kept() -> None:
    assert look(base="ff8000", rim=0.1, pearls=3) == {"base": rgb("ff8000"), "rim": 0.1, "pearls": 3}
    assert rgb("ff8000") == (1.0, 128 / 255, 0.0)
